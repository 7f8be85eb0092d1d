import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { latestQuery } from '@/api/journal/page';
import { modulesQuery } from '@/api/modules/list';
import { nodesQuery } from '@/api/nodes/list';
import { providersQuery } from '@/api/providers/list';
import { Failure } from '@/components/Failure';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { Sparkline } from '@/components/Sparkline';
import { Stat, Stats } from '@/components/Stat';
import { useWords } from '@/i18n';
import { formatCount, formatMilliseconds, formatRate } from '@/lib/format';
import { createStore, useStore } from '@/lib/store';
import { Attention } from './Attention';
import { addSample, quantile, rates, recent, type Sample } from './history';
import { Connections, Modules } from './Tables';
import { LatestChanges, LatestRefusals } from './Latest';
import css from './Overview.module.css';

/** How often the figures are looked at, in milliseconds. */
const every = 5_000;
/** How many of the newest records shares and times are taken from. */
const sample = 200;

const history = createStore<Sample[]>([]);

export function OverviewPage() {
  const { t, language } = useWords();
  // The second look comes soon, so that a rate can be shown.
  const modules = useQuery({ ...modulesQuery, refetchInterval: () => (history.get().length < 2 ? 1_500 : every) });
  const nodes = useQuery(nodesQuery);
  const providers = useQuery(providersQuery);
  const requests = useQuery(latestQuery('requests', {}, sample, every));
  const sms = useQuery(latestQuery('sms', {}, sample, 3 * every));
  const samples = useStore(history);

  useEffect(() => {
    if (modules.data) history.set((h) => addSample(h, modules.data, modules.dataUpdatedAt));
  }, [modules.data, modules.dataUpdatedAt]);

  const perSecond = rates(samples, 'tasks');
  const rows = requests.data?.rows ?? [];
  const refused = rows.filter((r) => r.status >= 400 && r.status < 500).length;
  const broken = rows.filter((r) => r.status >= 500).length;
  const times = rows.map((r) => r.duration_ms);
  const sent = sms.data?.rows ?? [];
  const accepted = sent.filter((r) => r.result === 'OK').length;
  const share = (n: number, of: number) => (of === 0 ? '—' : new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(n / of));
  const ms = (n: number | undefined) => (n === undefined ? '—' : formatMilliseconds(n, language));

  return (
    <Page name={t('overview.title')} about={t('overview.about')}>
      {modules.error && !modules.data && <Failure error={modules.error} retry={() => void modules.refetch()} />}
      <Attention modules={modules.data ?? []} providers={providers.data ?? []} nodes={nodes.data ?? []} />
      <Panel>
        <Stats>
          <Stat name={t('overview.rate')} value={samples.length < 2 ? '…' : t('common.perSecond', { rate: formatRate(recent(perSecond), language) })} chart={<Sparkline values={perSecond.slice(-60)} label={t('overview.rateCourse')} />} />
          <Stat name={t('overview.broken')} value={share(broken, rows.length)} tone={broken > 0 ? 'bad' : undefined} note={t('overview.ofRequests', { count: rows.length })} />
          <Stat name={t('overview.refused')} value={share(refused, rows.length)} note={t('overview.ofRequests', { count: rows.length })} />
          <Stat name={t('overview.time')} value={ms(quantile(times, 0.5))} note={t('overview.slow', { time: ms(quantile(times, 0.95)) })} />
          <Stat
            name={t('overview.sms')}
            value={sent.length === 0 ? '—' : formatCount(accepted, language)}
            note={sent.length === 0 ? t('overview.noSms') : t('overview.smsFailed', { count: sent.length, failed: sent.length - accepted })}
            tone={sent.length > accepted ? 'warn' : undefined}
          />
        </Stats>
      </Panel>
      <div className={css.columns}>
        <Panel title={t('nav.modules')} flush tools={<Link className={css.more} to="/modules">{t('overview.open')}</Link>}>
          <Modules modules={modules.data} history={samples} />
        </Panel>
        <Panel title={t('nav.providers')} flush tools={<Link className={css.more} to="/providers">{t('overview.open')}</Link>}>
          <Connections nodes={nodes.data} providers={providers.data} />
        </Panel>
      </div>
      <div className={css.columns}>
        <LatestRefusals />
        <LatestChanges />
      </div>
    </Page>
  );
}
