import { lazy, Suspense, useId } from 'react';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { Empty } from '../Empty';
import { Failure } from '../Failure';
import { Loading } from '../Loading';
import { Panel } from '../Panel';
import { ConflictDialog } from './ConflictDialog';
import { SaveBar } from './SaveBar';
import type { SettingsDraft } from './useSettingsDraft';

const SchemaForm = lazy(() => import('../schema-form/SchemaForm').then((m) => ({ default: m.SchemaForm })));

/** The settings of an instance as a form. */
export function SettingsForm({ draft, least = 'manager' }: { draft: SettingsDraft; least?: 'manager' | 'administrator' }) {
  const { t } = useWords();
  const id = useId().replaceAll(':', '');
  const may = useMay(least);
  const { settings } = draft;
  if (draft.loadError) return <Failure error={draft.loadError} retry={draft.reload} />;
  if (!settings) return <Panel><Loading lines={6} height={30} /></Panel>;
  if (!settings.schema) return <Panel><Empty title={t('form.noSettings')} text={t('form.noSettingsText')} /></Panel>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        void draft.save().then(() => requestAnimationFrame(() => showMistake(form)));
      }}
    >
      {!may && <p className="dim" style={{ margin: '0 0 10px' }}>{t(least === 'administrator' ? 'guards.readOnly' : 'form.readOnly')}</p>}
      <Panel>
        <Suspense fallback={<Loading lines={6} height={30} />}>
          <SchemaForm idPrefix={`s${id}`} schema={settings.schema} values={draft.values} onChange={draft.setValues} errors={draft.fieldErrors} lockedAt={settings.locked_at} disabled={!may || draft.saving} />
        </Suspense>
      </Panel>
      {may && <SaveBar draft={draft} />}
      <ConflictDialog draft={draft} />
    </form>
  );
}

/** Brings the first field that is wrong into sight, out of a folded group too. */
function showMistake(form: HTMLFormElement) {
  const first = form.querySelector('[role=alert], [data-error]');
  first?.closest('details')?.setAttribute('open', '');
  first?.scrollIntoView({ block: 'center' });
}
