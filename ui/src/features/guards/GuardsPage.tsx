import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { guardsQuery, type Guard, type GuardKind } from '@/api/guards/figures';
import { setGuardSettings } from '@/api/guards/set-settings';
import { guardSettingsQuery } from '@/api/guards/settings';
import { Failure } from '@/components/Failure';
import { Lamp, type Tone } from '@/components/Lamp';
import { Leave } from '@/components/Leave';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { PageTabs } from '@/components/PageTabs';
import { Panel } from '@/components/Panel';
import { SettingsForm } from '@/components/settings/SettingsForm';
import { useSettingsDraft } from '@/components/settings/useSettingsDraft';
import { useWords } from '@/i18n';
import { Alarms } from './Alarms';
import { Refusals, Usage } from './Usage';

const tones: Record<Guard['mode'], Tone> = { enforce: 'good', watch: 'warn', off: 'idle' };

/** What calls and messages may cost, who has used how much of it, and what went wrong. */
export function GuardsPage() {
  const { t } = useWords();
  const { tab } = useSearch({ from: '/guards' });
  const figures = useQuery(guardsQuery);
  const call = useGuardDraft('call');
  const message = useGuardDraft('message');
  const drafts = { call, message };
  const section = (kind: GuardKind) => ({
    id: kind,
    label: (
      <span>
        {t(`guards.kind.${kind}`)}
        {drafts[kind].dirty && (
          <span title={t('common.unsaved')} style={{ color: 'var(--pb-warn)' }}>
            {' '}
            ●<span className="vh">{t('common.unsaved')}</span>
          </span>
        )}
      </span>
    ),
    content: () => (
      <>
        <Figures guard={figures.data?.guards.find((g) => g.kind === kind)} error={figures.data ? null : figures.error} retry={() => void figures.refetch()} />
        <SettingsForm draft={drafts[kind]} least="administrator" />
      </>
    ),
  });
  const alarms = { id: 'alarms', label: t('guards.alarms'), content: () => <Alarms alarms={figures.data?.alarms} error={figures.data ? null : figures.error} retry={() => void figures.refetch()} /> };
  return (
    <Page name={t('nav.guards')} about={t('guards.about')}>
      <PageTabs tabs={[section('call'), section('message'), alarms]} now={tab} label={t('nav.guards')} />
      <Leave unsaved={call.dirty || message.dirty} />
    </Page>
  );
}

function useGuardDraft(kind: GuardKind) {
  return useSettingsDraft(guardSettingsQuery(kind), (values, version) => setGuardSettings(kind, values, version), true);
}

function Figures({ guard, error, retry }: { guard: Guard | undefined; error: unknown; retry: () => void }) {
  const { t } = useWords();
  if (!guard) return error ? <Failure error={error} retry={retry} /> : <Panel><Loading lines={4} /></Panel>;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 14, marginBottom: 14 }}>
      <Panel
        flush
        title={t('guards.used')}
        note={guard.kind === 'call' ? t('guards.live', { count: guard.live }) : undefined}
        tools={<Lamp tone={tones[guard.mode]}>{t(`guards.mode.${guard.mode}`)}</Lamp>}
      >
        <Usage guard={guard} />
      </Panel>
      {guard.refusals.length > 0 && (
        <Panel flush title={t('guards.refused')} note={t('guards.sinceStart')}>
          <Refusals guard={guard} />
        </Panel>
      )}
    </div>
  );
}
