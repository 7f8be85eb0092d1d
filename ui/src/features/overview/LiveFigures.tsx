import { useQuery } from '@tanstack/react-query';
import { historyQuery } from '@/api/live/overview';
import type { Overview, Pulse } from '@/api/live/shapes';
import { Failure } from '@/components/Failure';
import { Lamp } from '@/components/Lamp';
import { Panel } from '@/components/Panel';
import { Sparkline } from '@/components/Sparkline';
import { Stat, Stats } from '@/components/Stat';
import { useWords } from '@/i18n';
import { formatCount, formatMilliseconds, formatRate } from '@/lib/format';
import { course, total, worst } from './course';

/** The figures of the whole gateway: now, and their last hour. */
export function LiveFigures({ overview, pulse, live, error }: { overview: Overview | undefined; pulse: Pulse | null; live: boolean; error: unknown }) {
  const { t, language } = useWords();
  const { data: history, dataUpdatedAt } = useQuery(historyQuery(''));
  if (error && !overview) return <Failure error={error} />;
  const now = pulse ?? overview?.now;
  // In a second without requests there are no times: then those of the last minute.
  const times = pulse && pulse.p99_ms > 0 ? pulse : overview?.now;
  const ms = (n: number | undefined) => (n ? formatMilliseconds(n, language) : '—');
  const points = history?.points ?? [];
  const requests = course(points, dataUpdatedAt, total((p) => p.requests));
  const failed = course(points, dataUpdatedAt, total((p) => p.failed));
  const refused = course(points, dataUpdatedAt, total((p) => p.refused));
  const slow = course(points, dataUpdatedAt, worst((p) => p.p99_ms));
  const accepted = course(points, dataUpdatedAt, total((p) => p.sms_accepted));
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  const share = (n: number) => (sum(requests) === 0 ? '—' : new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(n / sum(requests)));
  const rate = (n: number | undefined) => (n === undefined ? '…' : t('common.perSecond', { rate: formatRate(n, language) }));
  const hour = t('overview.hour');
  return (
    <Panel title={t('overview.now')} note={t('overview.lines')} tools={<Lamp tone={live ? 'good' : 'idle'}>{t(live ? 'overview.live' : 'overview.polled')}</Lamp>}>
      <Stats>
        <Stat name={t('overview.rate')} value={rate(now?.requests_per_second)} note={t('overview.inHour', { n: formatCount(sum(requests), language) })} chart={<Sparkline values={requests} label={`${t('overview.rate')}, ${hour}`} />} />
        <Stat name={t('overview.broken')} value={rate(now?.failed_per_second)} tone={now && now.failed_per_second > 0 ? 'bad' : undefined} note={sum(requests) > 0 && t('overview.ofHour', { share: share(sum(failed)) })} chart={<Sparkline values={failed} label={`${t('overview.broken')}, ${hour}`} />} />
        <Stat name={t('overview.refused')} value={rate(now?.refused_per_second)} note={sum(requests) > 0 && t('overview.ofHour', { share: share(sum(refused)) })} chart={<Sparkline values={refused} label={`${t('overview.refused')}, ${hour}`} />} />
        <Stat
          name={t('overview.time')}
          value={ms(times?.p50_ms)}
          note={t('overview.slow', { time: ms(times?.p99_ms) })}
          chart={<Sparkline values={slow} label={`${t('overview.time')}, ${hour}`} />}
        />
        <Stat
          name={t('overview.sms')}
          value={overview ? formatCount(overview.sms.accepted_hour, language) : '…'}
          note={overview && (overview.sms.failed_hour > 0 ? t('overview.smsFailed', { n: formatCount(overview.sms.failed_hour, language) }) : t('overview.smsDay', { n: formatCount(overview.sms.accepted_day, language) }))}
          tone={overview && overview.sms.failed_hour > 0 ? 'warn' : undefined}
          chart={<Sparkline values={accepted} label={`${t('overview.sms')}, ${hour}`} />}
        />
      </Stats>
    </Panel>
  );
}
