import { Loader, Switch, Tooltip } from '@mantine/core';
import { useMay } from '@/api/session';
import type { Provider } from '@/api/types';
import { Locked } from '@/components/Locked';
import { useWords } from '@/i18n';
import { useProviderToggle } from './useProviderToggle';

export function ProviderSwitch({ provider: p }: { provider: Provider }) {
  const { t } = useWords();
  const may = useMay('manager');
  const { toggle, target } = useProviderToggle();
  const going = target(p.name);
  const locked = p.locked.includes('enabled');
  const control = (
    <Switch
      aria-label={t('providers.switch', { name: p.name })}
      checked={going ?? p.on}
      disabled={!may || locked}
      aria-busy={going !== undefined}
      withThumbIndicator={false}
      thumbIcon={going !== undefined ? <Loader size={12} color="petrol" /> : undefined}
      onChange={(e) => going === undefined && toggle({ name: p.name, on: e.currentTarget.checked })}
    />
  );
  return (
    <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center', verticalAlign: 'middle' }}>
      {locked && <Locked lock={p} field="enabled" />}
      {may ? control : <Tooltip label={t('common.needsManager')}><span>{control}</span></Tooltip>}
    </span>
  );
}
