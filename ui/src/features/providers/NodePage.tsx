import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { keys } from '@/api/keys';
import { nodesQuery } from '@/api/nodes/list';
import { removeNode } from '@/api/nodes/remove';
import { setNodeSettings } from '@/api/nodes/set-settings';
import { nodeSettingsQuery } from '@/api/nodes/settings';
import { useMay } from '@/api/session';
import type { Node } from '@/api/types';
import { Confirm } from '@/components/Confirm';
import { Empty } from '@/components/Empty';
import { Facts } from '@/components/Facts';
import { Failure } from '@/components/Failure';
import { Tag } from '@/components/Lamp';
import { Leave } from '@/components/Leave';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { NodeTest } from '@/components/probe/NodeTest';
import { SettingsForm } from '@/components/settings/SettingsForm';
import { useSettingsDraft } from '@/components/settings/useSettingsDraft';
import { Ago } from '@/components/Time';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { sayNodeFault } from '@/i18n/node';
import { formatCount } from '@/lib/format';
import { testOf } from './node';
import { NodeLamp } from './NodeLamp';

/** One FreeSWITCH: its settings, a test of them, how it is. */
export function NodePage() {
  const { t } = useWords();
  const { name } = useParams({ from: '/providers/-node/$name' });
  const { data, error, refetch } = useQuery(nodesQuery);
  const node = data?.find((n) => n.name === name);
  if (node) return <Found key={name} node={node} />;
  return (
    <Page name={name} parent={{ to: '/providers', label: t('providers.title') }}>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : <Panel>{data ? <Empty title={t('nodes.none')} text={t('problem.notFoundText')} /> : <Loading lines={6} />}</Panel>}
    </Page>
  );
}

function Found({ node: n }: { node: Node }) {
  const { t, language } = useWords();
  const may = useMay('manager');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const draft = useSettingsDraft(nodeSettingsQuery(n.name), (values, version) => setNodeSettings(n.name, values, version), !removing);
  const fault = sayNodeFault(n.code, n.reason, t);
  const remove = async () => {
    await removeNode(n.name);
    toast({ tone: 'good', text: t('nodes.removed', { name: n.name }) });
    await navigate({ to: '/providers', ignoreBlocker: true });
    client.removeQueries({ queryKey: keys.nodeSettings(n.name) });
    await client.invalidateQueries({ queryKey: keys.nodes, exact: true });
  };
  return (
    <Page
      name={n.name}
      parent={{ to: '/providers', label: t('providers.title') }}
      title={
        <>
          FreeSWITCH {n.name} <NodeLamp node={n} /> {n.in_file && <Tag tone="idle" title={t('nodes.inFileText')}>gateway.hcl</Tag>}
        </>
      }
      about={n.in_file ? t('nodes.inFileText') : t('nodes.about')}
      tools={
        may && !n.in_file && (
          <Button variant="default" color="red" onClick={() => setRemoving(true)}>
            {t('common.delete')}
          </Button>
        )
      }
    >
      <Panel title={t('health.state')}>
        <Facts
          rows={[
            [t('providers.address'), <span key="a" className="mono">{n.address}</span>],
            ...(n.reason ? [[t('nodes.reason'), <span key="r">{fault.what} {fault.fix}</span>] as [string, ReactNode]] : []),
            [t('health.since'), <Ago key="s" at={n.since} />],
            [t('providers.calls'), formatCount(n.sessions, language)],
            [t('providers.waiting'), formatCount(n.waiting, language)],
            [t('providers.heartbeat'), <Ago key="h" at={n.last_heartbeat} never={t('common.never')} />],
          ]}
        />
      </Panel>
      <div style={{ marginTop: 14 }}>
        <SettingsForm draft={draft} />
      </div>
      {may && draft.settings && (
        <div style={{ marginTop: 14 }}>
          <NodeTest disabled={draft.saving} test={() => testOf(draft.values, n.name)} />
        </div>
      )}
      <Leave unsaved={draft.dirty && !removing} />
      <Confirm opened={removing} onClose={() => setRemoving(false)} title={t('nodes.removeTitle', { name: n.name })} verb={t('common.delete')} danger run={remove}>
        {t('nodes.removeText')}
      </Confirm>
    </Page>
  );
}
