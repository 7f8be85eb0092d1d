import { Button, Modal, Text, VisuallyHidden } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconPlus, IconTable } from '@tabler/icons-react';
import { modulesQuery } from '@/api/modules/list';
import { pluginsQuery } from '@/api/plugins/list';
import { testProvider } from '@/api/probe/test';
import { providersQuery } from '@/api/providers/list';
import { providerSettingsQuery } from '@/api/providers/settings';
import { useMay } from '@/api/session';
import type { Provider } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Tag } from '@/components/Lamp';
import { LinkButton } from '@/components/LinkButton';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { Report } from '@/components/probe/Report';
import { StateLamp } from '@/components/StateLine';
import table from '@/components/table.module.css';
import { useWords } from '@/i18n';
import css from './Reports.module.css';

const point = 'report.source';

/** The reports of external systems and the gateway's own: each one is a table, a file, and an action of the API. */
export function ReportsPage() {
  const { t } = useWords();
  const may = useMay('manager');
  const { data, error, refetch } = useQuery(providersQuery);
  const plugins = useQuery(pluginsQuery);
  const makers = (plugins.data?.plugins ?? []).filter((p) => p.extends?.some((e) => e.point === point));
  const sources = data?.filter((p) => p.points.includes(point)) ?? [];
  const add = may && makers.length > 0 && (
    // With one kind of source there is nothing to choose.
    <LinkButton to="/providers/-new" search={{ plugin: makers.length === 1 ? makers[0]!.id : undefined }} leftSection={<IconPlus size={16} />}>
      {t('reports.add')}
    </LinkButton>
  );
  return (
    <Page name={t('reports.title')} about={t('reports.about')} tools={add}>
      <Panel title={t('reports.external')} note={t('reports.externalNote')} flush>
        {error && !data ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : !data ? (
          <div style={{ padding: 16 }}><Loading lines={3} /></div>
        ) : sources.length === 0 ? (
          <Empty title={t('reports.none')} text={t('reports.noneText')} icon={<IconTable size={30} stroke={1.4} aria-hidden />}>
            {add}
          </Empty>
        ) : (
          <Sources sources={sources} />
        )}
      </Panel>
      <Own sources={sources} />
    </Page>
  );
}

function Sources({ sources }: { sources: Provider[] }) {
  const { t, pick } = useWords();
  const may = useMay('manager');
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('reports.report')}</th>
          <th scope="col">{t('reports.route')}</th>
          <th scope="col" className={table.spare}>{t('providers.plugin')}</th>
          <th scope="col">{t('overview.state')}</th>
          <th scope="col" className={table.spare}>{t('providers.hosts')}</th>
          <th scope="col"><VisuallyHidden>{t('reports.do')}</VisuallyHidden></th>
        </tr>
      </thead>
      <tbody>
        {sources.map((p) => (
          <tr key={p.name} data-report={p.name}>
            <td>
              <Link className={table.row ?? ''} to="/reports/$name" params={{ name: p.name }} search={{}}>
                {p.name}
              </Link>{' '}
              {p.in_file && <Tag tone="idle" title={t('providers.inFileText')}>gateway.hcl</Tag>}
            </td>
            <td className="mono">/report/{p.name}</td>
            <td className={table.spare}>{pick(p.title) || p.plugin}</td>
            <td>
              <StateLamp instance={p} />
              {p.on && p.state.name === 'failed' && <div className="dim clip" style={{ maxWidth: 260 }} title={p.state.reason}>{p.state.reason}</div>}
            </td>
            <td className={`mono ${table.spare}`}>{p.hosts.join(', ') || '—'}</td>
            <td>
              <div className={css.buttons}>
                <LinkButton size="xs" variant="light" to="/reports/$name" params={{ name: p.name }}>
                  {t('reports.open')}
                </LinkButton>
                {may && <Test provider={p} />}
                <LinkButton size="xs" variant="default" to="/providers/$name" params={{ name: p.name }} search={{ tab: undefined }}>
                  {t(may ? 'reports.edit' : 'reports.look')}
                </LinkButton>
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Tries a source out with what is saved of it. */
function Test({ provider: p }: { provider: Provider }) {
  const { t } = useWords();
  const settings = useQuery({ ...providerSettingsQuery(p.name), enabled: false });
  const test = useMutation({
    mutationFn: async () => {
      const { data } = await settings.refetch({ throwOnError: true });
      return testProvider({ name: p.name, plugin: p.plugin, settings: data?.values ?? {}, hosts: p.hosts, private: p.private });
    },
  });
  return (
    <>
      <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()} aria-label={t('reports.testOf', { name: p.name })}>
        {t('reports.test')}
      </Button>
      <Modal opened={test.data !== undefined || test.error !== null} onClose={() => test.reset()} size="lg" title={<Text fw={600}>{t('reports.testOf', { name: p.name })}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
        {test.error !== null && <Failure error={test.error} />}
        {test.data && <Report report={test.data} />}
      </Modal>
    </>
  );
}

/** The reports that need no external system. */
function Own({ sources }: { sources: Provider[] }) {
  const { t, pick } = useWords();
  const modules = useQuery(modulesQuery);
  const names = new Set(sources.map((s) => s.name));
  const actions = modules.data?.find((m) => m.id === 'report')?.actions.filter((a) => !a.provider && !names.has(a.name)) ?? [];
  if (actions.length === 0) return null;
  return (
    <Panel title={t('reports.own')} note={t('reports.ownNote')} flush>
      <table className={table.table}>
        <tbody>
          {actions.map((a) => (
            <tr key={a.name}>
              <td style={{ width: '30%' }}>
                <Link className={table.row ?? ''} to="/reports/$name" params={{ name: a.name }} search={{}}>
                  {pick(a.title) || a.name}
                </Link>
              </td>
              <td className="mono">/report/{a.name}</td>
              <td className="dim">{pick(a.summary)}</td>
              <td>{!a.on && <Tag tone="idle">{t('state.off')}</Tag>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
