import { Button } from '@mantine/core';
import { useMay } from '@/api/session';
import type { PluginDetail, Version } from '@/api/plugins/shapes';
import { useWords } from '@/i18n';
import { Ago } from '../Time';
import css from './Plugin.module.css';
import type { Direction } from './SwitchVersion';

/** What is going on with the versions: a trial, an upgrade that waits, one that was taken back. */
export function Notices({ detail: d, onSwitch }: { detail: PluginDetail; onSwitch: (to: Version, direction: Direction) => void }) {
  const { t } = useWords();
  const manager = useMay('manager');
  const file = (sha256: string) => d.files.find((f) => f.sha256 === sha256);
  const before = d.trial && file(d.trial.previous);
  const next = d.waiting && file(d.waiting.sha256);
  return (
    <>
      {d.refused && <div className={`${css.note} ${css.bad}`} role="status">{d.refused}</div>}
      {d.waiting && (
        <div className={`${css.note} ${css.warn}`} role="status">
          <div className="grow">
            {t('plugins.waitsFor', { version: d.waiting.version, who: d.waiting.by || t('plugins.gateway') })} <Ago at={d.waiting.since} />.
            {d.waiting.lacks.length > 0 && <ul className={css.words}>{d.waiting.lacks.map((l) => <li key={l} className="mono">{l}</li>)}</ul>}
          </div>
          {next && manager && (
            <Button size="xs" onClick={() => onSwitch(next, 'forward')}>
              {t('plugins.review')}
            </Button>
          )}
        </div>
      )}
      {d.trial && (
        <div className={`${css.note} ${css.busy}`} role="status">
          <div className="grow">
            {t('plugins.trialText', { version: file(d.trial.sha256)?.version ?? '', previous: before?.version ?? '' })} <Ago at={d.trial.until} />.{' '}
            {t('plugins.trialCrashes', { count: d.trial.crashes, limit: d.trial.limit })}
          </div>
          {before && manager && (
            <Button size="xs" variant="default" onClick={() => onSwitch(before, 'back')}>
              {t('plugins.rollbackTo', { version: before.version })}
            </Button>
          )}
        </div>
      )}
    </>
  );
}
