import type { Step } from '@/api/probe/shapes';
import { useWords } from '@/i18n';
import { formatMilliseconds } from '@/lib/format';
import { CodeBlock } from '../CopyText';
import css from './Probe.module.css';

/** What happened one after another: who worked, what it asked of whom, and when. */
export function Steps({ steps, took }: { steps: Step[]; took: number }) {
  const { t, language } = useWords();
  const whole = Math.max(took, ...steps.map((s) => s.at_ms + s.took_ms), 0.001);
  const percent = (ms: number) => `${Math.min(100, (ms / whole) * 100).toFixed(2)}%`;
  return (
    <ol className={css.steps} aria-label={t('probe.steps')}>
      {[...steps].sort((a, b) => a.at_ms - b.at_ms).map((s, i) => (
        <li key={i} className={css.step}>
          <div className={css.line}>
            <span className={s.kind === 'call' ? css.call : undefined}>
              <span className="dim">{s.instance}</span> <span className="mono">{s.name}</span>
              {s.target && <> → <span className="mono">{s.target}</span></>}
              {s.status !== undefined && s.status > 0 && <span className="mono"> {s.status}</span>}
            </span>
            <span className={css.bar} aria-hidden>
              <span style={{ insetInlineStart: percent(s.at_ms), width: percent(s.took_ms) }} />
            </span>
            <span className={css.took}>{formatMilliseconds(s.took_ms, language)}</span>
          </div>
          {s.error && <div className={css.error}>{s.error}</div>}
          {(s.request || s.answer) && (
            <div className={css.wires}>
              {s.request && <div><div className={css.wireTitle}>{t('probe.request')}</div><CodeBlock text={s.request} label={t('probe.request')} /></div>}
              {s.answer && <div><div className={css.wireTitle}>{t('probe.answer')}</div><CodeBlock text={s.answer} label={t('probe.answer')} /></div>}
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}
