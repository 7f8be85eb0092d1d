import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { asApiError } from '@/api/error';
import { pluginQuery } from '@/api/plugins/get';
import type { Crash, PluginDetail } from '@/api/plugins/shapes';
import type { Text } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Lamp } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { PageTabs } from '@/components/PageTabs';
import { Panel } from '@/components/Panel';
import { Asks } from '@/components/plugin/Asks';
import css from '@/components/plugin/Plugin.module.css';
import { UsedBy } from '@/components/plugin/UsedBy';
import { Versions } from '@/components/plugin/Versions';
import { sayTrust } from '@/components/plugin/words';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { useWords } from '@/i18n';
import { formatCount } from '@/lib/format';
import { IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';

export function PluginPage() {
  const { t } = useWords();
  const { id } = useParams({ from: '/plugins/$id' });
  const { data, error, refetch } = useQuery(pluginQuery(id));
  if (data) return <Found key={id} detail={data} />;
  const missing = error && asApiError(error).status === 404;
  return (
    <Page name={id} parent={{ to: '/plugins', label: t('plugins.title') }}>
      <Panel>{missing ? <Empty title={t('plugins.noPlugin')} text={t('problem.notFoundText')} /> : error ? <Failure error={error} retry={() => void refetch()} /> : <Loading lines={6} />}</Panel>
    </Page>
  );
}

function Found({ detail: d }: { detail: PluginDetail }) {
  const { t, pick } = useWords();
  const { tab } = useSearch({ from: '/plugins/$id' });
  const trust = sayTrust(d.trust, t);
  const asks = d.files.find((f) => f.sha256 === d.sha256)?.asks ?? [];
  const tabs = [
    { id: 'versions', label: t('plugins.versions'), content: () => <Versions plugin={d.id} /> },
    {
      id: 'permissions',
      label: t('modules.tabPermissions'),
      content: () => (
        <Panel title={t('plugins.asksOf', { version: d.version })} note={t('permissions.note')}>
          <Asks asks={asks} />
        </Panel>
      ),
    },
    { id: 'crashes', label: d.crashes.length > 0 ? `${t('plugins.crashes')} (${d.crashes.length})` : t('plugins.crashes'), content: () => <Crashes kind={d.kind} crashes={d.crashes} /> },
  ];
  return (
    <Page
      name={pick(d.title) || d.id}
      parent={{ to: '/plugins', label: t('plugins.title') }}
      title={
        <>
          {pick(d.title) || d.id} <span title={trust.help} style={{ display: 'inline-flex' }}><Lamp tone={trust.tone}>{trust.name}</Lamp></span>
        </>
      }
      about={pick(d.description)}
      meta={[
        <span key="id" className="mono">{d.id} {d.version}</span>,
        t(`plugins.one.${d.kind}`),
        d.vendor,
        ...(d.license ? [d.license] : []),
        ...(d.homepage ? [<span key="home" className="mono">{d.homepage}</span>] : []),
        <span key="used" className={css.links}>{t('plugins.usedBy')}: <UsedBy kind={d.kind} names={d.used_by} /></span>,
        ...(d.kind === 'provider' && d.used_by.length === 0 ? [<Link key="new" to="/providers/-new" search={{ plugin: d.id }} style={{ color: 'var(--pb-accent)' }}>{t('providers.add')}</Link>] : []),
      ]}
    >
      <Notes notes={d.notes ?? []} />
      <PageTabs tabs={tabs} now={tab} label={d.id} />
    </Page>
  );
}

/** What the vendor wants an operator to know. */
function Notes({ notes }: { notes: Text[] }) {
  const { t, pick } = useWords();
  if (notes.length === 0) return null;
  return (
    <section className={css.notes} aria-label={t('plugins.notes')}>
      <IconInfoCircle size={18} stroke={1.6} aria-hidden />
      <ul>
        {notes.map((n) => (
          <li key={n.en}>{pick(n)}</li>
        ))}
      </ul>
    </section>
  );
}

function Crashes({ kind, crashes }: { kind: 'module' | 'provider'; crashes: Crash[] }) {
  const { t, language } = useWords();
  if (crashes.length === 0) {
    return (
      <Panel>
        <Empty title={t('plugins.noCrashes')} text={t('plugins.noCrashesText')} icon={<IconCircleCheck size={30} stroke={1.4} aria-hidden />} />
      </Panel>
    );
  }
  return (
    <Panel flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">{t('plugins.when')}</th>
            <th scope="col">{t('plugins.runs')}</th>
            <th scope="col">{t('plugins.version')}</th>
            <th scope="col" className={table.end}>{t('plugins.times')}</th>
            <th scope="col" style={{ width: '50%' }}>{t('journal.reason')}</th>
          </tr>
        </thead>
        <tbody>
          {crashes.map((c) => (
            <tr key={`${c.at}${c.instance}`}>
              <td><Ago at={c.at} /></td>
              <td className={css.links}><UsedBy kind={kind} names={[c.instance]} /></td>
              <td className="num" title={c.sha256}>{c.version}</td>
              <td className={`${table.end} num`}>{formatCount(c.count, language)}</td>
              <td className="mono" style={{ overflowWrap: 'anywhere' }}>{c.reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
