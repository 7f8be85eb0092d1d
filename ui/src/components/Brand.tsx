/** The mark: two jacks of a patch bay and the cord between them. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <circle cx="8" cy="9" r="5" fill="none" stroke="#7fd6c6" strokeWidth="2.4" />
      <circle cx="24" cy="23" r="5" fill="none" stroke="#7fd6c6" strokeWidth="2.4" />
      <path d="M8 9C8 27 24 5 24 23" fill="none" stroke="#f3b23e" strokeWidth="2.8" strokeLinecap="round" />
    </svg>
  );
}
