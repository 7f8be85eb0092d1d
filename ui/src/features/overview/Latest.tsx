import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconCircleCheck } from '@tabler/icons-react';
import { latestQuery } from '@/api/journal/page';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import { Ago } from '@/components/Time';
import { useWords } from '@/i18n';
import { sayChange } from '@/i18n/change';
import css from './Overview.module.css';

export function LatestRefusals() {
  const { t } = useWords();
  const { data, error, refetch } = useQuery(latestQuery('requests', { bad: true }, 8, 10_000));
  return (
    <Panel title={t('overview.bad')} flush tools={<Link className={css.more} to="/journal" search={{ kind: 'bad' }}>{t('overview.all')}</Link>}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div style={{ padding: 16 }}><Loading /></div>
      ) : data.rows.length === 0 ? (
        <Empty title={t('overview.noBad')} text={t('overview.noBadText')} icon={<IconCircleCheck size={30} stroke={1.4} aria-hidden />} />
      ) : (
        <ul className={css.lines}>
          {data.rows.map((r) => (
            <li key={r.id}>
              <Link className={css.line} to="/journal" search={{ kind: 'bad', row: r.id }}>
                <span className={`${css.status} ${r.status >= 500 ? css.s5 : css.s4}`}>{r.status}</span>
                <span className="clip">
                  <span className="mono">/{r.module}/{r.action}</span> {r.error}
                </span>
                <span className={css.time}>
                  {r.user || t('journal.nobody')}, <Ago at={r.time} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function LatestChanges() {
  const { t } = useWords();
  const { data, error, refetch } = useQuery(latestQuery('audit', {}, 8, 15_000));
  return (
    <Panel title={t('overview.changes')} flush tools={<Link className={css.more} to="/changes">{t('overview.all')}</Link>}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div style={{ padding: 16 }}><Loading /></div>
      ) : data.rows.length === 0 ? (
        <Empty title={t('changes.empty')} text={t('changes.emptyText')} />
      ) : (
        <ul className={css.lines}>
          {data.rows.map((r) => (
            <li key={r.id}>
              <Link className={css.line} to="/changes" search={{ row: r.id }}>
                <span className="clip">
                  {sayChange(r.action, t)} {r.object && r.object !== r.user && <span className="mono">{r.object}</span>}
                </span>
                <span className={css.time}>
                  {r.user}, <Ago at={r.time} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
