import { Select } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useWords } from '@/i18n';
import { browserZone, offsetName, zones } from '@/lib/zone';

/** The time zone in which a table shows times. */
export function Zone({ zone, onChange }: { zone: string; onChange: (zone: string) => void }) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  // Four hundred offsets are worth computing only when somebody looks.
  const data = useMemo(() => (opened ? zones() : [...new Set([zone, browserZone(), 'UTC'])]).map((z) => ({ value: z, label: `${z} ${offsetName(z)}` })), [opened, zone]);
  return <Select aria-label={t('journal.zone')} data={data} value={zone} onChange={(z) => z && onChange(z)} onDropdownOpen={() => setOpened(true)} searchable allowDeselect={false} limit={80} w={204} />;
}
