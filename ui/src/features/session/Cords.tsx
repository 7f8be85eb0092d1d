import { useId } from 'react';

const jacks = Array.from({ length: 5 }, (_, row) => Array.from({ length: 6 }, (_, column) => [30 + column * 58, 30 + row * 56] as const)).flat();
const cords: [number, number, string][] = [
  [1, 16, '#f3b23e'],
  [4, 18, '#7fd6c6'],
  [8, 28, '#e98a6b'],
];

/** A patch bay with three cords: what the product does, as a picture. */
export function Cords({ className }: { className?: string }) {
  const id = useId();
  return (
    <svg className={className} viewBox="0 0 350 284" preserveAspectRatio="xMinYMid meet" aria-hidden focusable="false">
      <defs>
        <radialGradient id={id}>
          <stop offset="0" stopColor="#07181a" />
          <stop offset="1" stopColor="#0c2426" />
        </radialGradient>
      </defs>
      {jacks.map(([x, y], i) => (
        <circle key={i} cx={x} cy={y} r="9.5" fill={`url(#${id})`} stroke="#2f6063" strokeWidth="2" />
      ))}
      {cords.map(([from, to, colour]) => {
        const [x1, y1] = jacks[from]!;
        const [x2, y2] = jacks[to]!;
        return (
          <g key={from} stroke={colour} fill="none" strokeLinecap="round">
            <path d={`M${x1} ${y1}C${x1} ${y1 + 130} ${x2} ${y2 + 40} ${x2} ${y2}`} strokeWidth="4" />
            <circle cx={x1} cy={y1} r="4.5" fill={colour} />
            <circle cx={x2} cy={y2} r="4.5" fill={colour} />
          </g>
        );
      })}
    </svg>
  );
}
