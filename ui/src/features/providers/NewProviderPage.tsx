import { Button, Checkbox, Switch, TagsInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState, type FormEvent } from 'react';
import type { ErrorSchema } from '@rjsf/utils';
import { asApiError } from '@/api/error';
import { keys } from '@/api/keys';
import { pluginsQuery } from '@/api/plugins/list';
import { createProvider } from '@/api/providers/create';
import { useMay } from '@/api/session';
import type { Plugin } from '@/api/types';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Leave } from '@/components/Leave';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { SendTest } from '@/components/probe/SendTest';
import { TestConnection } from '@/components/probe/TestConnection';
import { mistakesToErrors, violationsToErrors } from '@/components/schema-form/mistakes';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { tidy, type Values } from '@/lib/dialect';
import { validate } from '@/lib/validate';
import css from './NewProvider.module.css';
import { byPoint, isPoint } from './points';
import { hostsIn, nameError } from './new';

const SchemaForm = lazy(() => import('@/components/schema-form/SchemaForm').then((m) => ({ default: m.SchemaForm })));

export function NewProviderPage() {
  const { t } = useWords();
  const { plugin: chosen } = useSearch({ from: '/providers/-new' });
  const may = useMay('manager');
  const { data, error, refetch } = useQuery(pluginsQuery);
  const parent = { to: '/providers', label: t('providers.title') };
  const all = data?.plugins.filter((p) => p.kind === 'provider') ?? [];
  const plugin = all.find((p) => p.id === chosen);
  if (plugin && may) return <Fill key={plugin.id} plugin={plugin} />;
  return (
    <Page name={t('providers.newTitle')} about={t('providers.newAbout')} parent={parent}>
      {!may ? (
        <Panel><Empty title={t('common.needsManager')} /></Panel>
      ) : error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Panel><Loading /></Panel>
      ) : all.length === 0 ? (
        <Panel><Empty title={t('providers.noPlugins')} text={t('providers.noPluginsText')} /></Panel>
      ) : (
        <Choose plugins={all} />
      )}
    </Page>
  );
}

function Choose({ plugins }: { plugins: Plugin[] }) {
  const { t, pick } = useWords();
  const navigate = useNavigate();
  return byPoint(plugins, (p) => (p.extends ?? []).map((e) => e.point)).map(([point, list]) => (
    <section key={point} className={css.section}>
      <h2 className={css.point}>{isPoint(point) ? t(`points.${point.replace('.', '_') as 'sms_provider'}`) : point || t('providers.other')}</h2>
      <div className={css.choices}>
        {list.map((p) => (
          <button key={p.id} type="button" className={css.choice} onClick={() => void navigate({ to: '/providers/-new', search: { plugin: p.id } })}>
            <span className={css.choiceTitle}>{pick(p.title)}</span>
            <span className="dim">{pick(p.description)}</span>
            <span className={`${css.choiceFoot} mono`}>
              {p.id} {p.version} · {p.vendor}
            </span>
          </button>
        ))}
      </div>
    </section>
  ));
}

function Fill({ plugin }: { plugin: Plugin }) {
  const { t, pick } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const needed = plugin.capabilities.filter((c) => c.operations.some((o) => plugin.imports.includes(o))).map((c) => c.name);
  const [name, setName] = useState('');
  const [values, setValues] = useState<Values>({});
  const [granted, setGranted] = useState<string[]>([]);
  const [hosts, setHosts] = useState<string[] | null>(null);
  const [local, setLocal] = useState(false);
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const http = plugin.capabilities.find((c) => c.name === 'http');
  // Until somebody writes a list, it follows the addresses in the settings.
  const wanted = hosts ?? [...new Set([...(http?.hosts ?? []), ...hostsIn(values)])];
  const clean = tidy(plugin.settings, values);
  const mistakes = plugin.settings ? validate(plugin.settings, clean) : [];
  const violations = error === null ? [] : asApiError(error).violations;
  const server = violationsToErrors(violations, '/settings', t);
  const at = (pointer: string) => {
    const v = violations.find((x) => x.pointer === pointer || x.pointer.startsWith(`${pointer}/`));
    return v && sayFault(v, t);
  };
  const wrongName = nameError(name);
  const missing = needed.filter((c) => !granted.includes(c));
  const fieldErrors: ErrorSchema | undefined = checked && mistakes.length > 0 ? mistakesToErrors(mistakes, t) : server.errors;
  const dirty = !busy && (name !== '' || Object.keys(values).length > 0);
  const rest = server.rest.filter((v) => !/^\/(name|granted|hosts)/.test(v.pointer));

  const unsaved = () => ({ plugin: plugin.id, settings: clean, hosts: wanted, private: local });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    setError(null);
    if (mistakes.length > 0 || wrongName || missing.length > 0) return;
    setBusy(true);
    try {
      const made = await createProvider({ name, plugin: plugin.id, settings: clean, private: local, granted, hosts: wanted });
      toast({ tone: 'good', text: t('providers.created', { name: made.name }) });
      void client.invalidateQueries({ queryKey: keys.providers });
      void client.invalidateQueries({ queryKey: keys.modules, exact: true });
      await navigate({ to: '/providers/$name', params: { name: made.name }, search: { tab: 'health' }, ignoreBlocker: true });
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };

  return (
    <Page name={t('providers.newOf', { title: pick(plugin.title) })} about={pick(plugin.description)} parent={{ to: '/providers', label: t('providers.title') }}>
      <form onSubmit={(e) => void submit(e)} noValidate>
        <Panel title={t('providers.stepName')}>
          <TextInput
            label={t('providers.name')}
            description={t(plugin.extends?.some((e) => e.point === 'report.source') ? 'providers.nameHelpReport' : 'providers.nameHelp')}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            error={(checked && wrongName ? t('mistake.providerName') : undefined) ?? at('/name')}
            maw={420}
            spellCheck={false}
            autoComplete="off"
            autoFocus
            required
          />
        </Panel>
        {plugin.settings && (
          <Panel title={t('modules.tabSettings')}>
            <Suspense fallback={<Loading lines={6} height={30} />}>
              <SchemaForm idPrefix="new" schema={plugin.settings} values={values} onChange={setValues} errors={fieldErrors} disabled={busy} />
            </Suspense>
          </Panel>
        )}
        {plugin.capabilities.length > 0 && (
          <Panel title={t('providers.stepConsent')} note={t('providers.consentNote')}>
            <div style={{ display: 'grid', gap: 12 }}>
              {plugin.capabilities.map((c) => (
                <Checkbox
                  key={c.name}
                  label={t(`capability.${c.name}` as 'capability.http', { defaultValue: c.name })}
                  description={pick(c.reason)}
                  checked={granted.includes(c.name)}
                  error={checked && missing.includes(c.name) ? t('providers.consentNeeded') : undefined}
                  onChange={(e) => setGranted(e.currentTarget.checked ? [...granted, c.name] : granted.filter((g) => g !== c.name))}
                />
              ))}
              {http && granted.includes('http') && (
                <>
                  <TagsInput
                    label={t('providers.hosts')}
                    description={t('providers.hostsHelp')}
                    value={wanted}
                    onChange={setHosts}
                    error={at('/hosts')}
                    splitChars={[',', ' ', ';']}
                    maw={560}
                    clearable
                    clearButtonProps={{ 'aria-label': t('common.clear') }}
                  />
                  <Switch label={t('providers.private')} description={t('providers.privateHelp')} checked={local} onChange={(e) => setLocal(e.currentTarget.checked)} />
                </>
              )}
              {at('/granted') && <p style={{ color: 'var(--pb-bad)', margin: 0, fontSize: 13 }}>{at('/granted')}</p>}
            </div>
          </Panel>
        )}
        <div style={{ marginTop: 16, display: 'grid', gap: 12 }}>
          {checked && mistakes.length > 0 && <p role="status" style={{ color: 'var(--pb-bad)', margin: 0 }}>{t('form.mistakes', { count: mistakes.length })}</p>}
          {error !== null && (violations.length === 0 || rest.length > 0) && <Failure error={error} />}
          <TestConnection disabled={busy} test={unsaved} />
          {plugin.extends?.some((e) => e.point === 'sms.provider') && (
            <SendTest
              title={t('probe.sendUnsavedTitle')}
              through={() => {
                setChecked(true);
                return mistakes.length === 0 && unsaved();
              }}
            />
          )}
          <div style={{ display: 'flex', flexWrap: 'wrap', gap: 10 }}>
            <Button type="submit" loading={busy}>
              {t('providers.create')}
            </Button>
            <Button variant="default" onClick={() => void navigate({ to: '/providers/-new', search: { plugin: undefined } })} disabled={busy}>
              {t('common.back')}
            </Button>
          </div>
        </div>
      </form>
      <Leave unsaved={dirty} />
    </Page>
  );
}
