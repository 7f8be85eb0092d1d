import { Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useWords } from '@/i18n';
import { formatRelative } from '@/lib/format';
import { browserZone, offsetName, wall } from '@/lib/zone';

/** How long ago, with the exact time on hover. */
export function Ago({ at, never }: { at: string | null | undefined; never?: string }) {
  const { language } = useWords();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!at || at.startsWith('0001-')) return <span className="dim">{never ?? '—'}</span>;
  const zone = browserZone();
  return (
    <Tooltip label={`${wall(at, zone)} ${offsetName(zone, new Date(at))}`}>
      <time dateTime={at} className="nowrap">
        {formatRelative(at, language, Math.max(now, Date.now()))}
      </time>
    </Tooltip>
  );
}
