import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { startSession } from '@/api/session';
import { login as logIn } from '@/api/session/login';
import { Failure } from '@/components/Failure';
import { useWords } from '@/i18n';

/** fixed: the user whose session ended; nobody else may take over the page. */
export function LoginForm({ fixed, onDone }: { fixed?: string; onDone?: () => void }) {
  const { t } = useWords();
  const [login, setLogin] = useState(fixed ?? '');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [second, setSecond] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const answer = await logIn(login.trim(), password, code.trim());
      if ('access_token' in answer) {
        startSession(answer);
        onDone?.();
      } else {
        setSecond(true);
      }
    } catch (e) {
      setError(e);
      if (second) setCode('');
      else setPassword('');
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={submit} style={{ display: 'grid', gap: 14 }}>
      <TextInput
        label={t('signIn.login')}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        value={login}
        onChange={(e) => setLogin(e.currentTarget.value)}
        disabled={fixed !== undefined || second}
        data-autofocus={fixed === undefined || undefined}
        autoFocus={fixed === undefined}
        required
        withAsterisk={false}
        size="md"
      />
      <PasswordInput
        label={t('signIn.password')}
        name="password"
        autoComplete="current-password"
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.show'), tabIndex: 0 }}
        data-autofocus={fixed !== undefined || undefined}
        disabled={second}
        required
        withAsterisk={false}
        size="md"
      />
      {second && (
        <TextInput
          label={t('signIn.code')}
          description={t('signIn.codeHelp')}
          name="code"
          autoComplete="one-time-code"
          spellCheck={false}
          value={code}
          onChange={(e) => setCode(e.currentTarget.value)}
          autoFocus
          required
          withAsterisk={false}
          size="md"
        />
      )}
      {error !== null &&
        (asApiError(error).status === 403 ? (
          <Failure error={error}>
            <span>{t('signIn.noPanel')}</span>
          </Failure>
        ) : (
          <Failure error={error} />
        ))}
      <Button type="submit" loading={busy} size="md" mt={4}>
        {t('signIn.submit')}
      </Button>
    </form>
  );
}
