import { Button } from '@mantine/core';
import { useWords } from '@/i18n';
import { Failure } from '../Failure';
import css from './SaveBar.module.css';
import type { SettingsDraft } from './useSettingsDraft';

/** There only while something is unsaved or wrong. */
export function SaveBar({ draft }: { draft: SettingsDraft }) {
  const { t } = useWords();
  return (
    <>
      {draft.saveError !== null && draft.saveError !== undefined && (
        <div className={css.error}>
          <Failure error={draft.saveError} />
        </div>
      )}
      {(draft.dirty || draft.saving) && (
        <div className={css.bar}>
          <span className={`${css.note} ${draft.mistakes > 0 ? css.bad : 'dim'} grow`} role="status">
            {draft.mistakes > 0 ? t('form.mistakes', { count: draft.mistakes }) : t('common.unsaved')}
          </span>
          <Button variant="default" onClick={draft.reset} disabled={draft.saving}>
            {t('common.discard')}
          </Button>
          <Button type="submit" loading={draft.saving}>
            {t('common.save')}
          </Button>
        </div>
      )}
    </>
  );
}
