import { Button, Checkbox, Group, Modal, Switch, TagsInput, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { setModuleGrant } from '@/api/modules/set-grant';
import { pluginsQuery } from '@/api/plugins/list';
import type { Module, Plugin } from '@/api/types';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { useWords } from '@/i18n';

interface Props {
  module: Module;
  onClose: () => void;
  /** Consent is given: the module may be switched on. */
  onGo: () => void;
}

/** Before a module runs for the first time: what it may touch, and a yes to it. */
export function Consent({ module: m, onClose, onGo }: Props) {
  const { t, pick } = useWords();
  const { data, error, refetch } = useQuery(pluginsQuery);
  const plugin = data?.plugins.find((p) => p.id === m.plugin);
  return (
    <Modal opened onClose={onClose} size={640} title={<Text fw={600}>{t('modules.consentTitle', { title: pick(m.title) || m.id })}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : data && plugin ? <Decide module={m} plugin={plugin} onClose={onClose} onGo={onGo} /> : <Loading lines={4} />}
    </Modal>
  );
}

function Decide({ module: m, plugin, onClose, onGo }: Props & { plugin: Plugin }) {
  const { t, pick } = useWords();
  const client = useQueryClient();
  const [granted, setGranted] = useState<string[]>([]);
  const [hosts, setHosts] = useState(() => plugin.capabilities.flatMap((c) => c.hosts ?? []));
  const [local, setLocal] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const needed = plugin.capabilities.filter((c) => c.operations.some((o) => plugin.imports.includes(o))).map((c) => c.name);
  const missing = needed.filter((name) => !granted.includes(name));
  const agree = async () => {
    setBusy(true);
    setError(null);
    try {
      // The version of the list in which the module was seen.
      const version = client.getQueryData<{ state_version: number }>(keys.modules)?.state_version ?? 0;
      await setModuleGrant(m.id, { granted, ...(granted.includes('http') ? { hosts, private: local } : {}) }, version);
      void client.invalidateQueries({ queryKey: keys.modules, exact: true });
      onGo();
    } catch (e) {
      void client.invalidateQueries({ queryKey: keys.modules, exact: true });
      setError(e);
      setBusy(false);
    }
  };
  return (
    <div>
      <Text size="sm" mb="sm">
        {t('modules.consentText', { vendor: plugin.vendor, version: plugin.version })}
      </Text>
      <div style={{ display: 'grid', gap: 12 }}>
        {plugin.capabilities.length === 0 && <Text size="sm" fw={520}>{t('permissions.noneText')}</Text>}
        {plugin.capabilities.map((c) => (
          <Checkbox
            key={c.name}
            label={t(`capability.${c.name}` as 'capability.http', { defaultValue: c.name })}
            description={pick(c.reason)}
            checked={granted.includes(c.name)}
            onChange={(e) => setGranted(e.currentTarget.checked ? [...granted, c.name] : granted.filter((g) => g !== c.name))}
          />
        ))}
        {granted.includes('http') && (
          <>
            <TagsInput label={t('providers.hosts')} description={t('plugins.hostsHelp')} value={hosts} onChange={setHosts} splitChars={[',', ' ', ';']} clearable clearButtonProps={{ 'aria-label': t('common.clear') }} />
            <Switch label={t('providers.private')} description={t('providers.privateHelp')} checked={local} onChange={(e) => setLocal(e.currentTarget.checked)} />
          </>
        )}
      </div>
      {error !== null && <div style={{ marginTop: 14 }}><Failure error={error} /></div>}
      <Group justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={onClose} disabled={busy}>
          {t('common.cancel')}
        </Button>
        <Button loading={busy} disabled={missing.length > 0} title={missing.length > 0 ? t('providers.consentNeeded') : undefined} onClick={() => void agree()}>
          {t('modules.consentGo')}
        </Button>
      </Group>
    </div>
  );
}
