import type { Instance } from '@/api/types';
import { useWords } from '@/i18n';
import { formatBytes, formatCount, formatMilliseconds } from '@/lib/format';
import { CopyText } from './CopyText';
import { Facts } from './Facts';
import { Panel } from './Panel';
import { StateLamp, StateReason } from './StateLine';
import { Stat, Stats } from './Stat';
import { Ago } from './Time';

/** How an instance is: its state and its figures since it started. */
export function Health({ instance }: { instance: Instance }) {
  const { t, language } = useWords();
  const s = instance.stats;
  const count = (n: number) => formatCount(n, language);
  return (
    <>
      <Panel title={t('health.state')} tools={<StateLamp instance={instance} />}>
        <StateReason instance={instance} />
        <Facts
          rows={[
            [t('health.since'), instance.state.since && <Ago key="s" at={instance.state.since} />],
            [t('health.plugin'), `${instance.plugin || '—'} ${instance.version}`],
            [t('health.vendor'), instance.vendor],
            ['SHA-256', instance.sha256 && <CopyText key="h" text={instance.sha256} />],
          ]}
        />
      </Panel>
      <Panel title={t('health.figures')} note={t('health.sinceStart')}>
        <Stats>
          <Stat name={t('health.tasks')} value={count(s.tasks)} />
          <Stat name={t('health.failures')} value={count(s.failures)} tone={s.failures > 0 ? 'warn' : undefined} note={s.tasks > 0 ? new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(s.failures / s.tasks) : undefined} />
          <Stat name={t('health.crashes')} value={count(s.crashes)} tone={s.crashes > 0 ? 'bad' : undefined} />
          <Stat name={t('health.inFlight')} value={count(s.in_flight)} />
          <Stat name={t('health.guests')} value={count(s.guests)} note={formatBytes(s.memory_bytes, language)} />
          <Stat name={t('health.busy')} value={formatMilliseconds(s.busy_ms, language)} note={s.tasks > 0 ? t('health.perTask', { time: formatMilliseconds(s.busy_ms / s.tasks, language) }) : undefined} />
        </Stats>
      </Panel>
    </>
  );
}
