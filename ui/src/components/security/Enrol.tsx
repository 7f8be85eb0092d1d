import { Button, Modal, PasswordInput, Text } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { beginSecondFactor, type Enrolment } from '@/api/second/begin';
import { confirmSecondFactor } from '@/api/second/change';
import { useWords } from '@/i18n';
import { CopyButton } from '../CopyText';
import { Failure } from '../Failure';
import { CodeForm } from './CodeForm';
import css from './Security.module.css';

/** Password first, then the picture for the application, then its first code. */
export function Enrol({ onClose, onDone }: { onClose: () => void; onDone: (codes: string[]) => void }) {
  const { t } = useWords();
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  return (
    <Modal opened onClose={onClose} size="lg" closeOnClickOutside={enrolment === null} title={<Text fw={600}>{t('security.enrolTitle')}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {enrolment ? <Confirm enrolment={enrolment} onDone={onDone} /> : <Password onNext={setEnrolment} />}
    </Modal>
  );
}

function Password({ onNext }: { onNext: (e: Enrolment) => void }) {
  const { t } = useWords();
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong = error !== null && asApiError(error).violations.some((v) => v.pointer === '/password');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      onNext(await beginSecondFactor(password));
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)} style={{ display: 'grid', gap: 12 }}>
      <p className={css.text} style={{ margin: 0 }}>{t('security.enrolText')}</p>
      <PasswordInput
        label={t('account.old')}
        autoComplete="current-password"
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        error={wrong ? t('mistake.notPresentPassword') : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.show'), tabIndex: 0 }}
        data-autofocus
        required
        withAsterisk={false}
        maw={360}
      />
      {error !== null && !wrong && <Failure error={error} />}
      <div>
        <Button type="submit" loading={busy}>
          {t('security.next')}
        </Button>
      </div>
    </form>
  );
}

function Confirm({ enrolment, onDone }: { enrolment: Enrolment; onDone: (codes: string[]) => void }) {
  const { t } = useWords();
  return (
    <div className={css.steps}>
      <img className={css.qr} src={enrolment.qr} alt={t('security.qr')} />
      <div>
        <p className={css.text}>{t('security.scan')}</p>
        <p className={css.text} style={{ marginBottom: 4 }}>{t('security.orType')}</p>
        <div className={css.secret}>
          <span className="mono grow" data-testid="secret">{enrolment.secret.replace(/(.{4})(?=.)/g, '$1 ')}</span>
          <CopyButton text={enrolment.secret} label={t('security.copySecret')} />
        </div>
        <div style={{ marginTop: 16 }}>
          <CodeForm help={t('security.firstCode')} verb={t('security.enable')} send={async (code) => onDone((await confirmSecondFactor(code)).recovery_codes)} />
        </div>
      </div>
    </div>
  );
}
