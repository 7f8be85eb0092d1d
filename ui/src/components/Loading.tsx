import { Skeleton } from '@mantine/core';

/** Stands in for content on its way; screen readers hear it from the live region of the page. */
export function Loading({ lines = 4, height = 18 }: { lines?: number; height?: number }) {
  return (
    <div aria-busy="true" style={{ display: 'grid', gap: 10 }}>
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} height={height} width={`${92 - ((i * 17) % 40)}%`} radius="sm" />
      ))}
    </div>
  );
}
