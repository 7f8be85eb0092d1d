import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { useWords } from '@/i18n';
import { Failure } from '../Failure';

interface Props {
  help: string;
  verb: string;
  danger?: boolean;
  /** Throws when the code is refused; then another one may be tried. */
  send: (code: string) => Promise<void>;
}

/** Asks for one code and sends it. */
export function CodeForm({ help, verb, danger, send }: Props) {
  const { t } = useWords();
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong = error !== null && asApiError(error).violations.some((v) => v.pointer === '/code');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // the dialog may stand inside another form
    setBusy(true);
    setError(null);
    try {
      await send(code.replace(/\s/g, ''));
    } catch (e) {
      setError(e);
      setCode('');
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)} style={{ display: 'grid', gap: 12 }}>
      <TextInput label={t('signIn.code')} description={help} name="code" autoComplete="one-time-code" spellCheck={false} value={code} onChange={(e) => setCode(e.currentTarget.value)} error={wrong ? t('security.wrongCode') : undefined} data-autofocus autoFocus required withAsterisk={false} />
      {error !== null && !wrong && <Failure error={error} />}
      <div>
        <Button type="submit" loading={busy} color={danger ? 'red' : undefined}>
          {verb}
        </Button>
      </div>
    </form>
  );
}
