import { Loader, Switch, Tooltip } from '@mantine/core';
import type { Lock } from '@/api/types';
import { useMay } from '@/api/session';
import { Locked } from '@/components/Locked';
import { useWords } from '@/i18n';

interface Props {
  label: string;
  on: boolean;
  /** Where it is going. */
  target: boolean | undefined;
  lock: Lock;
  size?: 'sm' | 'md';
  onChange: (on: boolean) => void;
}

/** A switch that says why it cannot be moved. */
export function Toggle({ label, on, target, lock, size = 'md', onChange }: Props) {
  const { t } = useWords();
  const may = useMay('manager');
  const locked = lock.locked.includes('enabled');
  const control = (
    <Switch
      size={size}
      aria-label={label}
      checked={target ?? on}
      disabled={!may || locked}
      aria-busy={target !== undefined}
      withThumbIndicator={false}
      thumbIcon={target !== undefined ? <Loader size={size === 'md' ? 12 : 9} color="petrol" /> : undefined}
      onChange={(e) => target === undefined && onChange(e.currentTarget.checked)}
    />
  );
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6, verticalAlign: 'middle' }}>
      {locked && <Locked lock={lock} field="enabled" />}
      {may ? control : <Tooltip label={t('common.needsManager')}><span>{control}</span></Tooltip>}
    </span>
  );
}
