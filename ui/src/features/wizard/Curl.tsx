import { Button, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { asApiError } from '@/api/error';
import { readCurl, type CurlTemplate } from '@/api/probe/curl';
import { Failure } from '@/components/Failure';
import { Panel } from '@/components/Panel';
import probe from '@/components/probe/Probe.module.css';
import { useWords } from '@/i18n';

/** The example of the aggregator's manual becomes settings. */
export function Curl({ onTemplate }: { onTemplate: (template: CurlTemplate) => void }) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const [sample, setSample] = useState({ phone: '', message: '', originator: '' });
  const [notes, setNotes] = useState<string[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const read = async () => {
    setBusy(true);
    setError(null);
    setNotes(null);
    try {
      const template = await readCurl(text, sample);
      setNotes(template.notes);
      onTemplate(template);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  const wrong = error === null ? undefined : asApiError(error).violations.find((v) => v.pointer === '/text')?.message;
  const field = (name: keyof typeof sample, label: string) => <TextInput label={label} value={sample[name]} onChange={(e) => setSample({ ...sample, [name]: e.currentTarget.value })} autoComplete="off" />;
  return (
    <Panel title={t('wizard.stepCurl')} note={t('wizard.stepCurlNote')}>
      <Textarea
        label={t('wizard.command')}
        placeholder={`curl 'https://sms.example/send?to=79190000000&text=Hello' -u 'login:password'`}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        error={wrong}
        autosize
        minRows={3}
        maxRows={12}
        spellCheck={false}
        classNames={{ input: 'mono' }}
      />
      <p className="dim" style={{ fontSize: 13, margin: '12px 0 8px' }}>{t('wizard.sample')}</p>
      <div className={probe.form}>
        {field('phone', t('journal.phone'))}
        {field('message', t('journal.message'))}
        {field('originator', t('journal.originator'))}
      </div>
      <Button variant="light" onClick={() => void read()} loading={busy} disabled={text.trim() === ''}>
        {t('wizard.read')}
      </Button>
      {error !== null && wrong === undefined && <div style={{ marginTop: 12 }}><Failure error={error} /></div>}
      {notes && (
        <div className={`${probe.verdict} ${probe.good}`} role="status" style={{ marginTop: 14, marginBottom: 0 }}>
          {t('wizard.isRead')}
          {notes.length > 0 && <ul style={{ margin: '6px 0 0', paddingInlineStart: 18 }}>{notes.map((n) => <li key={n}>{n}</li>)}</ul>}
        </div>
      )}
    </Panel>
  );
}
