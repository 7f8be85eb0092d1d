import { Button, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { keys } from '@/api/keys';
import { providersQuery } from '@/api/providers/list';
import { removeProvider } from '@/api/providers/remove';
import { setProviderSettings } from '@/api/providers/set-settings';
import { providerSettingsQuery } from '@/api/providers/settings';
import { useMay } from '@/api/session';
import type { Provider } from '@/api/types';
import { Confirm } from '@/components/Confirm';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Health } from '@/components/Health';
import { Tag } from '@/components/Lamp';
import { Leave } from '@/components/Leave';
import { LiveLog } from '@/components/LiveLog';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { PageTabs } from '@/components/PageTabs';
import { Panel } from '@/components/Panel';
import { Permissions } from '@/components/Permissions';
import { Versions } from '@/components/plugin/Versions';
import { SendTest } from '@/components/probe/SendTest';
import { TestConnection } from '@/components/probe/TestConnection';
import { Webhook } from '@/components/probe/Webhook';
import { RawTab } from '@/components/document/RawTab';
import { RawSettings } from '@/components/settings/RawSettings';
import { SettingsForm } from '@/components/settings/SettingsForm';
import { useSettingsDraft } from '@/components/settings/useSettingsDraft';
import { StateLamp, StateReason } from '@/components/StateLine';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { isPoint } from './points';
import { ProviderSwitch } from './ProviderSwitch';

export function ProviderPage() {
  const { t } = useWords();
  const { name } = useParams({ from: '/providers/$name' });
  const { data, error, refetch } = useQuery(providersQuery);
  const provider = data?.find((p) => p.name === name);
  if (provider) return <Found key={name} provider={provider} />;
  return (
    <Page name={name} parent={{ to: '/providers', label: t('providers.title') }}>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : <Panel>{data ? <Empty title={t('problem.noProvider')} text={t('problem.notFoundText')} /> : <Loading lines={6} />}</Panel>}
    </Page>
  );
}

function Found({ provider: p }: { provider: Provider }) {
  const { t, pick } = useWords();
  const { tab } = useSearch({ from: '/providers/$name' });
  const may = useMay('manager');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const draft = useSettingsDraft(providerSettingsQuery(p.name), (values, version) => setProviderSettings(p.name, values, version), !removing);

  const remove = async () => {
    await removeProvider(p.name);
    toast({ tone: 'good', text: t('providers.removed', { name: p.name }) });
    await navigate({ to: '/providers', ignoreBlocker: true });
    client.setQueryData(keys.providers, (old: { providers: Provider[] } | undefined) => old && { ...old, providers: old.providers.filter((x) => x.name !== p.name) });
    client.removeQueries({ queryKey: keys.providerSettings(p.name) });
    await client.invalidateQueries({ queryKey: keys.providers, exact: true });
    void client.invalidateQueries({ queryKey: keys.modules, exact: true });
  };

  const unsaved = () => ({ name: p.name, plugin: p.plugin, settings: draft.values, hosts: p.hosts, private: p.private });
  const tabs = [
    {
      id: 'settings',
      label: t('modules.tabSettings') + (draft.dirty ? ' ●' : ''),
      content: () => (
        <>
          <SettingsForm draft={draft} />
          {may && draft.settings && (
            <div style={{ marginTop: 14, display: 'grid', gap: 14 }}>
              <TestConnection disabled={draft.saving} test={unsaved} />
              {draft.dirty && p.points.includes('sms.provider') && <SendTest title={t('probe.sendUnsavedTitle')} through={unsaved} />}
            </div>
          )}
        </>
      ),
    },
    {
      id: 'permissions',
      label: t('modules.tabPermissions'),
      content: () => <Permissions plugin={p.plugin} granted={p.granted} hosts={p.hosts} private={p.private} />,
    },
    { id: 'health', label: t('modules.tabHealth'), content: () => <Health instance={p} /> },
    ...(p.points.includes('sms.provider')
      ? [
          {
            id: 'test',
            label: t('probe.tab'),
            content: () => (
              <>
                <SendTest through={p.name} />
                <Webhook provider={p.name} />
              </>
            ),
          },
        ]
      : []),
    { id: 'log', label: t('log.title'), content: () => <LiveLog instance={p.name} /> },
    { id: 'versions', label: t('plugins.versions'), content: () => <Versions plugin={p.plugin} linked /> },
    {
      id: 'raw',
      label: t('raw.title'),
      content: () => <RawTab target={{ kind: 'provider', name: p.name }} settings={<RawSettings draft={draft} kind="provider" name={p.name} more={{ plugin: p.plugin }} />} />,
    },
  ];
  return (
    <Page
      name={p.name}
      parent={{ to: '/providers', label: t('providers.title') }}
      title={
        <>
          {p.name} <StateLamp instance={p} /> {p.in_file && <Tag tone="idle" title={t('providers.inFileText')}>gateway.hcl</Tag>}
        </>
      }
      about={pick(p.description)}
      meta={[
        ...p.points.map((x) => (isPoint(x) ? t(`points.${x.replace('.', '_') as 'sms_provider'}`) : x)),
        `${t('providers.plugin')}: ${p.plugin} ${p.version}`,
        ...(p.hosts.length > 0 ? [<span key="h" className="mono">{p.hosts.join(', ')}</span>] : []),
      ]}
      tools={
        <>
          {may && !p.in_file && (
            <Button variant="light" color="red" onClick={() => setRemoving(true)}>
              {t('common.delete')}
            </Button>
          )}
          <ProviderSwitch provider={p} />
        </>
      }
    >
      <StateReason instance={p} />
      <PageTabs tabs={tabs} now={tab} label={p.name} />
      <Leave unsaved={draft.dirty} />
      <Confirm opened={removing} onClose={() => setRemoving(false)} title={t('providers.removeTitle', { name: p.name })} verb={t('common.delete')} danger run={remove}>
        <Text size="sm">{t('providers.removeText')}</Text>
      </Confirm>
    </Page>
  );
}
