import { useQuery } from '@tanstack/react-query';
import { traceQuery } from '@/api/probe/trace';
import { Facts } from '../Facts';
import { Failure } from '../Failure';
import { Loading } from '../Loading';
import { Steps } from './Steps';
import { useWords } from '@/i18n';
import { formatMilliseconds } from '@/lib/format';
import css from './Probe.module.css';

/** The way of one request: its stages, the host calls of the plugin, and how long each took. */
export function RequestTrace({ requestId }: { requestId: string }) {
  const { t, language } = useWords();
  const { data, error, refetch } = useQuery(traceQuery(requestId));
  const ms = (n: number) => formatMilliseconds(n, language);
  return (
    <section className={css.section}>
      <h3 className={css.title}>{t('probe.trace')}</h3>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading lines={3} />
      ) : data === null ? (
        <p className="dim">{t('probe.noTrace')}</p>
      ) : (
        <>
          <Facts
            rows={[
              [t('probe.before'), ms(data.checked_ms)],
              [t('probe.ran'), ms(data.ran_ms)],
              [t('probe.whole'), ms(data.took_ms)],
            ]}
          />
          <Steps steps={data.steps} took={data.took_ms} />
          {data.omitted ? <p className="dim">{t('probe.omitted', { count: data.omitted })}</p> : null}
        </>
      )}
    </section>
  );
}
