import { Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { keys } from '@/api/keys';
import { createNode } from '@/api/nodes/create';
import { nodeFormQuery } from '@/api/nodes/list';
import { useMay } from '@/api/session';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Leave } from '@/components/Leave';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { NodeTest } from '@/components/probe/NodeTest';
import { mistakesToErrors, violationsToErrors } from '@/components/schema-form/mistakes';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { tidy, type Schema, type Values } from '@/lib/dialect';
import { validate } from '@/lib/validate';
import { nameError } from './new';
import { testOf } from './node';

const SchemaForm = lazy(() => import('@/components/schema-form/SchemaForm').then((m) => ({ default: m.SchemaForm })));

export function NewNodePage() {
  const { t } = useWords();
  const may = useMay('manager');
  const { data: form, error, refetch } = useQuery(nodeFormQuery);
  return (
    <Page name={t('nodes.newTitle')} about={t('nodes.newAbout')} parent={{ to: '/providers', label: t('providers.title') }}>
      {!may ? (
        <Panel><Empty title={t('common.needsManager')} /></Panel>
      ) : error && !form ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !form ? (
        <Panel><Loading lines={6} /></Panel>
      ) : (
        <Fill form={form} />
      )}
    </Page>
  );
}

function Fill({ form }: { form: Schema }) {
  const { t } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [values, setValues] = useState<Values>({});
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const clean = tidy(form, values);
  const mistakes = validate(form, clean);
  const violations = error === null ? [] : asApiError(error).violations;
  const server = violationsToErrors(violations, '/settings', t);
  const nameAt = violations.find((v) => v.pointer === '/name');
  const wrongName = nameError(name);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    setError(null);
    if (mistakes.length > 0 || wrongName) return;
    setBusy(true);
    try {
      await createNode(name, clean);
      toast({ tone: 'good', text: t('nodes.created', { name }) });
      void client.invalidateQueries({ queryKey: keys.nodes });
      await navigate({ to: '/providers', ignoreBlocker: true });
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <Panel title={t('providers.stepName')}>
        <TextInput
          label={t('providers.name')}
          description={t('nodes.nameHelp')}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          error={checked && wrongName ? t('mistake.providerName') : nameAt && sayFault(nameAt, t)}
          maw={420}
          spellCheck={false}
          autoComplete="off"
          autoFocus
          required
        />
      </Panel>
      <Panel title={t('modules.tabSettings')}>
        <Suspense fallback={<Loading lines={6} height={30} />}>
          <SchemaForm idPrefix="node" schema={form} values={values} onChange={setValues} errors={checked && mistakes.length > 0 ? mistakesToErrors(mistakes, t) : server.errors} disabled={busy} />
        </Suspense>
      </Panel>
      <div style={{ marginTop: 16, display: 'grid', gap: 12 }}>
        {checked && mistakes.length > 0 && <p role="status" style={{ color: 'var(--pb-bad)', margin: 0 }}>{t('form.mistakes', { count: mistakes.length })}</p>}
        {error !== null && (violations.length === 0 || server.rest.some((v) => v !== nameAt)) && <Failure error={error} />}
        <NodeTest disabled={busy || !values.address || !values.password} test={() => testOf(clean)} />
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 10 }}>
          <Button type="submit" loading={busy}>
            {t('providers.create')}
          </Button>
          <Button variant="default" onClick={() => void navigate({ to: '/providers' })} disabled={busy}>
            {t('common.cancel')}
          </Button>
        </div>
      </div>
      <Leave unsaved={!busy && (name !== '' || Object.keys(values).length > 0)} />
    </form>
  );
}
