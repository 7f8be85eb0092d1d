import type { Instance } from '@/api/types';
import { useWords } from '@/i18n';
import { sayState } from '@/i18n/state';
import { Lamp } from './Lamp';
import css from './StateLine.module.css';
import { Ago } from './Time';

/** The stations of a change that is under way. */
const steps: Record<string, 'state.turningOn' | 'state.compiling' | 'state.compiled' | 'state.warm'> = {
  enabling: 'state.turningOn',
  compiling: 'state.compiling',
  starting: 'state.compiled',
  warm: 'state.warm',
};

/** The true state; target: what a click has asked for and the gateway has not confirmed yet. */
export function StateLamp({ instance, target }: { instance: Pick<Instance, 'on' | 'state' | 'progress'>; target?: boolean }) {
  const { t } = useWords();
  const step = instance.progress && steps[instance.progress.step];
  if (step && target !== false) return <Lamp tone="busy">{t(step)}</Lamp>;
  if (target !== undefined) return <Lamp tone="busy">{t(target ? 'state.turningOn' : 'state.turningOff')}</Lamp>;
  const { tone, name } = sayState(instance, t);
  return <Lamp tone={tone}>{name}</Lamp>;
}

/** Why an instance does not serve, and what to do about it. */
export function StateReason({ instance }: { instance: Pick<Instance, 'on' | 'state'> }) {
  const { t } = useWords();
  const { on, state } = instance;
  const failed = state.name === 'failed';
  if (on && state.name === 'waiting for consent') {
    return (
      <div className={`${css.reason} ${css.warn}`} role="status">
        <div className={css.text}>{state.reason}</div>
        <div className="dim">{t('state.fixWaiting')}</div>
      </div>
    );
  }
  if (!on || (!failed && state.name !== 'backing off') || !state.reason) return null;
  return (
    <div className={`${css.reason} ${failed ? css.bad : css.warn}`} role="status">
      <div className={css.text}>{state.reason}</div>
      <div className="dim">
        {t(failed ? 'state.fixFailed' : 'state.fixBackingOff')}
        {state.until && (
          <>
            {' '}
            (<Ago at={state.until} />)
          </>
        )}
      </div>
    </div>
  );
}
