import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { historyQuery } from '@/api/live/overview';
import type { Overview, Pulse, Rates } from '@/api/live/shapes';
import type { Module } from '@/api/types';
import { Loading } from '@/components/Loading';
import { Sparkline } from '@/components/Sparkline';
import { StateLamp } from '@/components/StateLine';
import table from '@/components/table.module.css';
import { useWords } from '@/i18n';
import { formatCount, formatMilliseconds, formatRate } from '@/lib/format';
import { course, total } from './course';
import css from './Overview.module.css';

/** Each module: its state, its figures now, and its last hour. */
export function LiveModules({ modules, overview, pulse }: { modules: Module[] | undefined; overview: Overview | undefined; pulse: Pulse | null }) {
  const { t } = useWords();
  if (!modules || !overview) return <div style={{ padding: 16 }}><Loading lines={4} /></div>;
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">{t('overview.module')}</th>
          <th scope="col">{t('overview.state')}</th>
          <th scope="col">{t('overview.hour')}</th>
          <th scope="col" className={table.end}>{t('overview.perSecond')}</th>
          <th scope="col" className={`${table.end} ${css.roomy}`}>{t('overview.p99')}</th>
          <th scope="col" className={table.end}>{t('overview.failed')}</th>
        </tr>
      </thead>
      <tbody>
        {modules.map((m) => {
          const seen = overview.modules.find((x) => x.id === m.id);
          return <Row key={m.id} module={m} rates={pulse?.modules[m.id] ?? (pulse ? undefined : seen?.now)} failed={seen?.last_hour.failed ?? 0} />;
        })}
      </tbody>
    </table>
  );
}

function Row({ module: m, rates, failed }: { module: Module; rates: Rates | undefined; failed: number }) {
  const { t, pick, language } = useWords();
  const { data, dataUpdatedAt } = useQuery(historyQuery(m.id));
  const title = pick(m.title) || m.id;
  return (
    <tr>
      <td>
        <Link className={table.row ?? ''} to="/modules/$id" params={{ id: m.id }} search={{ tab: undefined }}>
          {title}
        </Link>
      </td>
      <td><StateLamp instance={m} /></td>
      <td style={{ width: 96, paddingTop: 2 }}><Sparkline values={course(data?.points ?? [], dataUpdatedAt, total((p) => p.requests))} height={24} label={`${title}: ${t('overview.rate')}, ${t('overview.hour')}`} /></td>
      <td className={`${table.end} num`}>{formatRate(rates?.requests_per_second ?? 0, language)}</td>
      <td className={`${table.end} ${css.roomy} num`}>{rates && rates.p99_ms > 0 ? formatMilliseconds(rates.p99_ms, language) : '—'}</td>
      <td className={`${table.end} num`}>{formatCount(failed, language)}</td>
    </tr>
  );
}
