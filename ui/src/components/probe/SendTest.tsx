import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconSend } from '@tabler/icons-react';
import { useState, type KeyboardEvent } from 'react';
import { asApiError } from '@/api/error';
import { sendTest, sendUnsaved, type ProviderTest } from '@/api/probe/test';
import { useMay } from '@/api/session';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { Failure } from '../Failure';
import { Panel } from '../Panel';
import css from './Probe.module.css';
import { Report } from './Report';
import { useProbe } from './useProbe';

interface Props {
  title?: string;
  /** A connection that is saved, or settings that are not: false while they have mistakes. */
  through: string | (() => ProviderTest | false);
}

/** Sends one real SMS and shows what was sent and answered. It may stand inside of a form. */
export function SendTest({ title, through }: Props) {
  const { t } = useWords();
  const may = useMay('manager');
  const client = useQueryClient();
  const { busy, report, error, run } = useProbe();
  const [phone, setPhone] = useState('');
  const [message, setMessage] = useState(() => t('probe.sampleText'));
  const [originator, setOriginator] = useState('');
  const saved = typeof through === 'string';
  const violations = error === null ? [] : asApiError(error).violations;
  const own = /^\/(phone|message|originator)$/;
  const at = (field: string) => {
    const v = violations.find((x) => x.pointer === `/${field}`);
    return v && sayFault(v, t);
  };
  const send = async () => {
    const wish = { phone, message, ...(originator ? { originator } : {}) };
    const test = saved ? null : through();
    if (test === false) return;
    await run(() => (test === null ? sendTest(through as string, wish) : sendUnsaved(test, wish)));
    void client.invalidateQueries({ queryKey: ['journal'] });
  };
  const enter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault(); // the form around it is not sent
    if (phone && message && may && !busy) void send();
  };
  return (
    <Panel title={title ?? t('probe.sendTitle')} note={t(saved ? 'probe.sendNote' : 'probe.sendUnsavedNote')}>
      <div role="group" aria-label={t('probe.sendTitle')} onKeyDown={enter}>
        <div className={css.form}>
          <TextInput label={t('journal.phone')} value={phone} onChange={(e) => setPhone(e.currentTarget.value)} placeholder="+7 919 000-00-00" inputMode="tel" error={at('phone')} disabled={!may} autoComplete="off" />
          <TextInput label={t('journal.message')} value={message} onChange={(e) => setMessage(e.currentTarget.value)} error={at('message')} disabled={!may} />
          <TextInput label={t('journal.originator')} value={originator} onChange={(e) => setOriginator(e.currentTarget.value)} placeholder={t('probe.asSet')} error={at('originator')} disabled={!may} />
        </div>
        <Button variant={saved ? 'filled' : 'default'} onClick={() => void send()} loading={busy} disabled={!may || phone.trim() === '' || message.trim() === ''} leftSection={<IconSend size={16} />} title={may ? undefined : t('common.needsManager')}>
          {t('probe.send')}
        </Button>
      </div>
      {error !== null && violations.every((v) => !own.test(v.pointer)) && <div style={{ marginTop: 14 }}><Failure error={error} /></div>}
      {report && <div style={{ marginTop: 16 }}><Report report={report} /></div>}
    </Panel>
  );
}
