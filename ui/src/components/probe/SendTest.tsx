import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconSend } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import type { TestReport } from '@/api/probe/shapes';
import { sendTest } from '@/api/probe/test';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { sayMessage } from '@/i18n/problem';
import { Failure } from '../Failure';
import { Panel } from '../Panel';
import css from './Probe.module.css';
import { Report } from './Report';

/** Sends one real SMS through a connection and shows what was sent and answered. */
export function SendTest({ provider }: { provider: string }) {
  const { t } = useWords();
  const may = useMay('manager');
  const client = useQueryClient();
  const [phone, setPhone] = useState('');
  const [message, setMessage] = useState(() => t('probe.sampleText'));
  const [originator, setOriginator] = useState('');
  const [busy, setBusy] = useState(false);
  const [report, setReport] = useState<TestReport | null>(null);
  const [error, setError] = useState<unknown>(null);
  const at = (field: string) => {
    const v = error === null ? undefined : asApiError(error).violations.find((x) => x.pointer === `/${field}`);
    return v && sayMessage(v.message, t);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setReport(null);
    try {
      setReport(await sendTest(provider, { phone, message, ...(originator ? { originator } : {}) }));
      void client.invalidateQueries({ queryKey: ['journal'] });
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Panel title={t('probe.sendTitle')} note={t('probe.sendNote')}>
      <form onSubmit={(e) => void submit(e)}>
        <div className={css.form}>
          <TextInput label={t('journal.phone')} value={phone} onChange={(e) => setPhone(e.currentTarget.value)} placeholder="+7 919 000-00-00" inputMode="tel" error={at('phone')} required withAsterisk={false} disabled={!may} />
          <TextInput label={t('journal.message')} value={message} onChange={(e) => setMessage(e.currentTarget.value)} error={at('message')} required withAsterisk={false} disabled={!may} />
          <TextInput label={t('journal.originator')} value={originator} onChange={(e) => setOriginator(e.currentTarget.value)} placeholder={t('probe.asSet')} error={at('originator')} disabled={!may} />
        </div>
        <Button type="submit" loading={busy} disabled={!may} leftSection={<IconSend size={16} />} title={may ? undefined : t('common.needsManager')}>
          {t('probe.send')}
        </Button>
      </form>
      {error !== null && asApiError(error).violations.length === 0 && <div style={{ marginTop: 14 }}><Failure error={error} /></div>}
      {report && <div style={{ marginTop: 16 }}><Report report={report} /></div>}
    </Panel>
  );
}
