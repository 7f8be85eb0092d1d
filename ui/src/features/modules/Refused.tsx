import { asApiError } from '@/api/error';
import css from '@/components/StateLine.module.css';
import { useWords } from '@/i18n';
import { sayProblem, sayViolation } from '@/i18n/problem';

/** Why the last click did not take effect, for as long as nobody tries again. */
export function Refused({ failure }: { failure: { error: unknown; on: boolean; title: string } | undefined }) {
  const { t } = useWords();
  if (!failure) return null;
  const e = asApiError(failure.error);
  return (
    <div className={`${css.reason} ${css.bad}`} role="status" data-refused>
      <div className={css.text}>
        {t(failure.on ? 'modules.notOn' : 'modules.notOff', { title: failure.title })}: {sayProblem(e, t)}
        {e.violations.map((v, i) => <div key={i}>{sayViolation(v, t)}</div>)}
      </div>
      <div className="dim">{t(e.violations.length > 0 ? 'modules.fixRefused' : 'modules.fixAgain')}</div>
    </div>
  );
}
