/** The course of a figure: a line without axes; the words beside it say the rest. */
export function Sparkline({ values, width = 150, height = 34, label }: { values: number[]; width?: number; height?: number; label: string }) {
  const top = Math.max(...values, 0) || 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const y = (v: number) => height - 3 - (v / top) * (height - 6);
  const line = values.map((v, i) => `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${y(v).toFixed(1)}`).join('');
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${width} ${height}`} width="100%" height={height} preserveAspectRatio="none" style={{ display: 'block', marginTop: 6 }}>
      <line x1="0" x2={width} y1={height - 2.5} y2={height - 2.5} stroke="var(--pb-line)" vectorEffect="non-scaling-stroke" />
      {values.length > 1 && (
        <>
          <path d={`${line}L${width} ${height - 2.5}L0 ${height - 2.5}Z`} fill="var(--pb-accent)" opacity="0.1" />
          <path d={line} fill="none" stroke="var(--pb-accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
        </>
      )}
    </svg>
  );
}
