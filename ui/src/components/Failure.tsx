import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { asApiError } from '@/api/error';
import { useWords } from '@/i18n';
import { sayProblem, sayViolation } from '@/i18n/problem';
import css from './Failure.module.css';

interface Props {
  error: unknown;
  /** What could not be done, in the reader's language. */
  what?: string;
  retry?: () => void;
  children?: ReactNode;
}

/** Why something failed: what the gateway said, each mistake, and the id to look for in its log. */
export function Failure({ error, what, retry, children }: Props) {
  const { t } = useWords();
  const e = asApiError(error);
  return (
    <div className={css.box} role="alert">
      <IconAlertTriangle size={18} className={css.icon} aria-hidden />
      <div className="grow">
        <p className={css.title}>{what ? `${what}: ${sayProblem(e, t)}` : sayProblem(e, t)}</p>
        {e.violations.length > 0 && (
          <ul className={css.list}>
            {e.violations.map((v, i) => (
              <li key={i}>{sayViolation(v, t)}</li>
            ))}
          </ul>
        )}
        {(e.errorId || e.requestId) && (
          <p className={css.ids}>
            {e.errorId && (
              <>
                {t('problem.errorId')} <span className="mono">{e.errorId}</span>{' '}
              </>
            )}
            {e.requestId && (
              <>
                {t('problem.requestId')} <span className="mono">{e.requestId}</span>
              </>
            )}
          </p>
        )}
        {(retry || children) && (
          <div className={css.tools}>
            {retry && (
              <Button size="xs" variant="default" onClick={retry}>
                {t('common.retry')}
              </Button>
            )}
            {children}
          </div>
        )}
      </div>
    </div>
  );
}
