import { Button, Checkbox, Switch, TagsInput, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ErrorSchema } from '@rjsf/utils';
import { lazy, Suspense, useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { keys } from '@/api/keys';
import type { CurlTemplate } from '@/api/probe/curl';
import type { TestReport } from '@/api/probe/shapes';
import { testProvider } from '@/api/probe/test';
import { createProvider } from '@/api/providers/create';
import { Failure } from '@/components/Failure';
import { Leave } from '@/components/Leave';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import { Report } from '@/components/probe/Report';
import { SendTest } from '@/components/probe/SendTest';
import { mistakesToErrors, violationsToErrors } from '@/components/schema-form/mistakes';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { tidy, type Schema, type Values } from '@/lib/dialect';
import { validate } from '@/lib/validate';
import { Curl } from './Curl';
import { hostOf } from './host';

const SchemaForm = lazy(() => import('@/components/schema-form/SchemaForm').then((m) => ({ default: m.SchemaForm })));

export function Connect({ schema, onDone }: { schema: Schema; onDone: (name: string) => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [values, setValues] = useState<Values>({});
  const [hosts, setHosts] = useState<string[] | null>(null);
  const [local, setLocal] = useState(false);
  const [agreed, setAgreed] = useState(false);
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState<'test' | 'save' | null>(null);
  const [report, setReport] = useState<TestReport | null>(null);
  const [error, setError] = useState<unknown>(null);

  const clean = tidy(schema, values);
  const reach = hosts ?? hostOf(values);
  const mistakes = validate(schema, clean);
  const violations = error === null ? [] : asApiError(error).violations;
  const server = violationsToErrors(violations, '/settings', t);
  const wrongName = !/^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/.test(name);
  const fieldErrors: ErrorSchema | undefined = checked && mistakes.length > 0 ? mistakesToErrors(mistakes, t) : server.errors;
  const nameAt = violations.find((v) => v.pointer === '/name');

  const take = (template: CurlTemplate) => {
    setValues(template.settings);
    setHosts(template.hosts);
    setReport(null);
    setError(null);
  };
  const test = async () => {
    setChecked(true);
    setReport(null);
    setError(null);
    if (mistakes.length > 0) return;
    setBusy('test');
    try {
      setReport(await testProvider({ plugin: 'sms-http', settings: clean, hosts: reach, private: local }));
    } catch (e) {
      setError(e);
    } finally {
      setBusy(null);
    }
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    setError(null);
    if (mistakes.length > 0 || wrongName || !agreed) return;
    setBusy('save');
    try {
      const made = await createProvider({ name, plugin: 'sms-http', settings: clean, private: local, granted: ['http'], hosts: reach });
      toast({ tone: 'good', text: t('providers.created', { name: made.name }) });
      for (const queryKey of [keys.providers, keys.modules]) void client.invalidateQueries({ queryKey });
      onDone(made.name);
    } catch (e) {
      setError(e);
      setBusy(null);
    }
  };
  return (
    <>
      <Curl onTemplate={take} />
      <form onSubmit={(e) => void save(e)} noValidate style={{ marginTop: 14 }}>
        <Panel title={t('wizard.stepSettings')} note={t('wizard.stepSettingsNote')}>
          <TextInput
            label={t('providers.name')}
            description={t('providers.nameHelp')}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={checked && wrongName ? t('mistake.providerName') : nameAt && sayFault(nameAt, t)}
            maw={420}
            mb="md"
            spellCheck={false}
            autoComplete="off"
            required
          />
          <Suspense fallback={<Loading lines={6} height={30} />}>
            <SchemaForm idPrefix="wizard" schema={schema} values={values} onChange={setValues} errors={fieldErrors} disabled={busy !== null} />
          </Suspense>
        </Panel>
        <Panel title={t('providers.stepConsent')} note={t('providers.consentNote')}>
          <div style={{ display: 'grid', gap: 12 }}>
            <TagsInput label={t('providers.hosts')} description={t('providers.hostsHelp')} value={reach} onChange={setHosts} splitChars={[',', ' ', ';']} maw={560} clearable clearButtonProps={{ 'aria-label': t('common.clear') }} />
            <Switch label={t('providers.private')} description={t('providers.privateHelp')} checked={local} onChange={(e) => setLocal(e.currentTarget.checked)} />
            <Checkbox label={t('wizard.agree')} checked={agreed} onChange={(e) => setAgreed(e.currentTarget.checked)} error={checked && !agreed ? t('providers.consentNeeded') : undefined} />
          </div>
        </Panel>
        <SendTest
          title={t('wizard.stepSend')}
          through={() => {
            setChecked(true);
            return mistakes.length === 0 && { plugin: 'sms-http', settings: clean, hosts: reach, private: local };
          }}
        />
        <div style={{ marginTop: 16, display: 'grid', gap: 14 }}>
          {checked && mistakes.length > 0 && <p role="status" style={{ color: 'var(--pb-bad)', margin: 0 }}>{t('form.mistakes', { count: mistakes.length })}</p>}
          {error !== null && <Failure error={error} />}
          {report && <Report report={report} />}
          <div style={{ display: 'flex', flexWrap: 'wrap', gap: 10 }}>
            <Button type="submit" loading={busy === 'save'} disabled={busy === 'test'}>
              {t('wizard.save')}
            </Button>
            <Button variant="default" loading={busy === 'test'} disabled={busy === 'save'} onClick={() => void test()}>
              {t('probe.test')}
            </Button>
          </div>
          <p className="dim" style={{ margin: 0, fontSize: 12.5 }}>{t('wizard.saveNote')}</p>
        </div>
        <Leave unsaved={busy === null && Object.keys(values).length > 0} />
      </form>
    </>
  );
}
