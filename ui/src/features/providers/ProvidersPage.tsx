import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconPlus } from '@tabler/icons-react';
import { nodesQuery } from '@/api/nodes/list';
import { providersQuery } from '@/api/providers/list';
import { useMay } from '@/api/session';
import type { Node, Provider } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Tag } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { StateLamp } from '@/components/StateLine';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { useWords } from '@/i18n';
import { sayNodeFault } from '@/i18n/node';
import { formatCount } from '@/lib/format';
import { NodeLamp } from './NodeLamp';
import { byPoint, isPoint } from './points';
import { ProviderSwitch } from './ProviderSwitch';

export function ProvidersPage() {
  const { t } = useWords();
  const may = useMay('manager');
  const nodes = useQuery(nodesQuery);
  const providers = useQuery(providersQuery);
  const groups = byPoint(providers.data ?? [], (p) => p.points);
  return (
    <Page
      name={t('providers.title')}
      about={t('providers.about')}
      tools={
        may && (
          <>
            <Button component={Link} to="/providers/-sms" variant="default">
              {t('wizard.open')}
            </Button>
            <Button component={Link} to="/providers/-new" leftSection={<IconPlus size={16} />}>
              {t('providers.add')}
            </Button>
          </>
        )
      }
    >
      <Panel title={t('providers.telephony')} flush tools={may && (
          <Button component={Link} to="/providers/-node" size="compact-sm" variant="default" leftSection={<IconPlus size={14} />}>
            {t('nodes.add')}
          </Button>
        )}>
        {nodes.error && !nodes.data ? (
          <Failure error={nodes.error} retry={() => void nodes.refetch()} />
        ) : !nodes.data ? (
          <div style={{ padding: 16 }}><Loading lines={2} /></div>
        ) : nodes.data.length === 0 ? (
          <Empty title={t('providers.noNodes')} text={t('providers.noNodesText')} />
        ) : (
          <Nodes nodes={nodes.data} />
        )}
      </Panel>
      {providers.error && !providers.data && <Failure error={providers.error} retry={() => void providers.refetch()} />}
      {!providers.data && !providers.error && <Panel><Loading lines={5} /></Panel>}
      {providers.data?.length === 0 && (
        <Panel>
          <Empty title={t('providers.empty')} text={t('providers.emptyText')}>
            {may && (
              <Button component={Link} to="/providers/-new" variant="light">
                {t('providers.add')}
              </Button>
            )}
          </Empty>
        </Panel>
      )}
      {groups.map(([point, list]) => (
        <Panel key={point} title={isPoint(point) ? t(`points.${point.replace('.', '_') as 'sms_provider'}`) : point || t('providers.other')} flush>
          <List providers={list} />
        </Panel>
      ))}
    </Page>
  );
}

function Nodes({ nodes }: { nodes: Node[] }) {
  const { t, language } = useWords();
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('providers.name')}</th>
          <th scope="col">{t('providers.address')}</th>
          <th scope="col">{t('overview.state')}</th>
          <th scope="col" className={table.end}>{t('providers.calls')}</th>
          <th scope="col" className={table.end}>{t('providers.waiting')}</th>
          <th scope="col">{t('providers.heartbeat')}</th>
        </tr>
      </thead>
      <tbody>
        {nodes.map((n) => (
          <tr key={n.name}>
            <td style={{ fontWeight: 560 }}>
              <Link className={table.row ?? ''} to="/providers/-node/$name" params={{ name: n.name }}>
                {n.name}
              </Link>{' '}
              {n.in_file && <Tag tone="idle" title={t('nodes.inFileText')}>gateway.hcl</Tag>}
            </td>
            <td className="mono">{n.address}</td>
            <td>
              <NodeLamp node={n} />
              {n.reason && <div className="dim" title={n.reason}>{sayNodeFault(n.code, n.reason, t).what}</div>}
            </td>
            <td className={`${table.end} num`}>{formatCount(n.sessions, language)}</td>
            <td className={`${table.end} num`}>{formatCount(n.waiting, language)}</td>
            <td><Ago at={n.last_heartbeat} never={t('common.never')} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function List({ providers }: { providers: Provider[] }) {
  const { t, pick, language } = useWords();
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('providers.name')}</th>
          <th scope="col">{t('providers.plugin')}</th>
          <th scope="col">{t('overview.state')}</th>
          <th scope="col">{t('providers.hosts')}</th>
          <th scope="col" className={table.end}>{t('overview.total')}</th>
          <th scope="col" className={table.end}>{t('overview.failed')}</th>
          <th scope="col" className={table.end}>{t('modules.on')}</th>
        </tr>
      </thead>
      <tbody>
        {providers.map((p) => (
          <tr key={p.name} data-provider={p.name}>
            <td>
              <Link className={table.row ?? ''} to="/providers/$name" params={{ name: p.name }} search={{ tab: undefined }}>
                {p.name}
              </Link>{' '}
              {p.in_file && <Tag tone="idle" title={t('providers.inFileText')}>gateway.hcl</Tag>}
            </td>
            <td>{pick(p.title) || p.plugin}</td>
            <td>
              <StateLamp instance={p} />
              {p.on && p.state.name === 'failed' && <div className="dim clip" style={{ maxWidth: 320 }} title={p.state.reason}>{p.state.reason}</div>}
            </td>
            <td className="mono">{p.hosts.length === 0 ? <span className="dim">—</span> : p.hosts.length > 2 ? `${p.hosts[0]} +${p.hosts.length - 1}` : p.hosts.join(', ')}</td>
            <td className={`${table.end} num`}>{formatCount(p.stats.tasks, language)}</td>
            <td className={`${table.end} num`}>{formatCount(p.stats.failures, language)}</td>
            <td className={table.end}><ProviderSwitch provider={p} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
