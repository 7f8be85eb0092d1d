import { Tooltip } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import type { Lock } from '@/api/types';
import { useWords } from '@/i18n';

/** Marks what the configuration file sets, with its place there. */
export function Locked({ lock, field, at }: { lock?: Lock; field?: string; at?: string }) {
  const { t } = useWords();
  if (lock && field && !lock.locked.includes(field)) return null;
  const place = at ?? (field ? lock?.locked_at[field] : undefined);
  const text = place ? t('common.lockedAt', { place }) : t('common.locked');
  return (
    <Tooltip label={text}>
      <IconLock size={14} role="img" aria-label={text} tabIndex={0} style={{ color: 'var(--pb-dim)', flex: 'none' }} />
    </Tooltip>
  );
}
