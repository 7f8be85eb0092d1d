import { Button, CloseButton } from '@mantine/core';
import { useEffect, useState } from 'react';
import { asApiError } from '@/api/error';
import { useWords } from '@/i18n';
import { sayProblem, sayViolation } from '@/i18n/problem';
import { useStore } from '@/lib/store';
import css from './Toasts.module.css';
import { dismiss, toastStore, type Toast } from './toasts';

/** Short messages at the edge; a screen reader reads them, a pointer or the focus keeps them. */
export function Toasts() {
  const list = useStore(toastStore);
  return (
    <div className={css.stack} role="region" aria-live="polite" aria-atomic="false">
      {list.map((t) => (
        <One key={t.id} toast={t} />
      ))}
    </div>
  );
}

function One({ toast }: { toast: Toast }) {
  const { t } = useWords();
  const [held, hold] = useState(false);
  useEffect(() => {
    if (toast.life === 0 || held) return;
    const timer = setTimeout(() => dismiss(toast.id), toast.life);
    return () => clearTimeout(timer);
  }, [toast, held]);
  const e = toast.error === undefined ? null : asApiError(toast.error);
  return (
    <div
      className={`${css.toast} ${css[toast.tone]}`}
      role={toast.tone === 'bad' ? 'alert' : 'status'}
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <div className="grow">
        <div>{toast.text}</div>
        {e && (
          <div className="dim">
            {sayProblem(e, t)}
            {e.violations.map((v, i) => (
              <div key={i}>{sayViolation(v, t)}</div>
            ))}
            {(e.errorId || e.requestId) && <div className="mono">{e.errorId || e.requestId}</div>}
          </div>
        )}
      </div>
      {toast.action && (
        <Button
          size="compact-sm"
          variant="light"
          onClick={() => {
            dismiss(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <CloseButton size="sm" aria-label={t('common.close')} onClick={() => dismiss(toast.id)} />
    </div>
  );
}
