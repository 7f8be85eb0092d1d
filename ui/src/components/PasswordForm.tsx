import { Button, PasswordInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { startSession } from '@/api/session';
import { changePassword } from '@/api/session/change-password';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { Failure } from './Failure';
import { toast } from './toasts';

/** Changes the user's own password; the session goes on with a new token. */
export function PasswordForm() {
  const { t } = useWords();
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const violation = (field: string) => {
    const v = error === null ? undefined : asApiError(error).violations.find((x) => x.pointer === `/${field}`);
    return v && sayFault(v, t);
  };
  const differ = again !== '' && next !== again;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (next !== again) return;
    setBusy(true);
    setError(null);
    try {
      startSession(await changePassword(old, next));
      setOld('');
      setNext('');
      setAgain('');
      toast({ tone: 'good', text: t('account.changed') });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };

  const eye = { 'aria-label': t('signIn.show'), tabIndex: 0 };
  const oldError = violation('old');
  const newError = violation('new') ?? violation('password');
  return (
    <form onSubmit={submit} style={{ display: 'grid', gap: 14, maxWidth: 360 }}>
      <PasswordInput label={t('account.old')} autoComplete="current-password" value={old} onChange={(e) => setOld(e.currentTarget.value)} error={oldError} visibilityToggleButtonProps={eye} required withAsterisk={false} />
      <PasswordInput label={t('account.new')} autoComplete="new-password" value={next} onChange={(e) => setNext(e.currentTarget.value)} error={newError} visibilityToggleButtonProps={eye} required withAsterisk={false} />
      <PasswordInput label={t('account.repeat')} autoComplete="new-password" value={again} onChange={(e) => setAgain(e.currentTarget.value)} error={differ ? t('account.differ') : undefined} visibilityToggleButtonProps={eye} required withAsterisk={false} />
      {error !== null && !oldError && !newError && <Failure error={error} />}
      <div>
        <Button type="submit" loading={busy} disabled={differ}>
          {t('account.change')}
        </Button>
        <div className="dim" style={{ fontSize: 12.5, marginTop: 6 }}>
          {t('account.changeNote')}
        </div>
      </div>
    </form>
  );
}
