import { Alert, Button, PasswordInput, SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { IconPlayerPlay } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import { sendAsIntegrator, type Exchange } from '@/api/console/send';
import { asApiError } from '@/api/error';
import { modulesQuery } from '@/api/modules/list';
import { openAPIQuery } from '@/api/openapi/get';
import { useMay, useSession } from '@/api/session';
import { userStatus } from '@/api/types';
import { usersQuery } from '@/api/users/list';
import { CodeBlock } from '@/components/CopyText';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { useOwnToken } from '@/components/probe/useOwnToken';
import { mistakesToErrors } from '@/components/schema-form/mistakes';
import { useWords } from '@/i18n';
import { gatewayUrl } from '@/lib/base';
import { curl } from '@/lib/curl';
import { isObject, tidy, type Values } from '@/lib/dialect';
import { allows } from '@/lib/rights';
import { validate } from '@/lib/validate';
import css from './Console.module.css';
import { Result } from './Result';
import { useToken } from './useToken';

const SchemaForm = lazy(() => import('@/components/schema-form/SchemaForm').then((m) => ({ default: m.SchemaForm })));

/** Sends a real request as a chosen user and shows everything that comes back. */
export function ConsolePage() {
  const { t, pick, language } = useWords();
  const navigate = useNavigate({ from: '/console' });
  const { action: path, user } = useSearch({ from: '/console' });
  const administrator = useMay('administrator');
  const modules = useQuery(modulesQuery);
  const users = useQuery(usersQuery);
  const api = useQuery(openAPIQuery(language));
  const token = useToken(t('console.tokenLabel'));
  const me = useSession().login;
  const ownToken = useOwnToken(t('console.tokenLabel'));
  // Only administrators may issue tokens of others; everybody may try with the own rights.
  const [by, setBy] = useState<'user' | 'me' | 'token'>(administrator ? 'user' : 'me');
  const [own, setOwn] = useState('');
  const [values, setValues] = useState<Values>({});
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Exchange | null>(null);
  const [error, setError] = useState<unknown>(null);

  const operation = path ? api.data?.paths[path]?.post : undefined;
  const content = operation?.requestBody?.content?.['application/json'];
  const schema = content?.schema;
  const examples = Object.entries(content?.examples ?? {}).filter(([, e]) => isObject(e.value));
  useEffect(() => {
    setValues({});
    setChecked(false);
    setResult(null);
    setError(null);
  }, [path]);

  if (api.error && !api.data) return <Page name={t('console.title')}><Failure error={api.error} retry={() => void api.refetch()} /></Page>;
  if (!api.data || !modules.data) return <Page name={t('console.title')}><Panel><Loading lines={6} /></Panel></Page>;

  const actions = modules.data.map((m) => ({ group: pick(m.title) || m.id, items: m.actions.filter((a) => api.data.paths[`/${m.id}/${a.name}`]?.post).map((a) => ({ value: `/${m.id}/${a.name}`, label: `${pick(a.title) || a.name} — /${m.id}/${a.name}` })) })).filter((g) => g.items.length > 0);
  const right = path?.slice(1).replace('/', '.') ?? '';
  const people = (users.data ?? []).filter((u) => u.status === userStatus.active);
  const chosen = people.find((u) => u.login === user);
  const clean = schema ? tidy(schema, values) : values;
  const mistakes = schema ? validate(schema, clean) : [];
  const ready = path !== undefined && (by === 'me' || (by === 'token' ? own.trim() !== '' : chosen !== undefined));
  const rights = people.find((u) => u.login === me)?.rights ?? [];

  const send = async () => {
    if (!path) return;
    setChecked(true);
    setError(null);
    setResult(null);
    setBusy(true);
    try {
      setResult(await sendAsIntegrator(path, by === 'token' ? own.trim() : by === 'me' ? await ownToken() : await token(chosen!.login), clean));
    } catch (e) {
      setError(asApiError(e));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page name={t('console.title')} about={t('console.about')}>
      <Panel title={t('console.what')}>
        <div className={css.choice}>
          <Select
            label={t('journal.action')}
            placeholder={t('console.chooseAction')}
            data={actions}
            value={path ?? null}
            onChange={(action) => void navigate({ search: (before) => ({ ...before, action: action ?? undefined }), replace: true })}
            searchable
            nothingFoundMessage={t('console.nothing')}
          />
          <div>
            <div className={css.label} id="console-by">{t('console.as')}</div>
            <div className={css.by}>
              <SegmentedControl
                aria-labelledby="console-by"
                value={by}
                onChange={(v) => setBy(v as 'user' | 'me' | 'token')}
                data={[administrator ? { value: 'user', label: t('console.byUser') } : { value: 'me', label: t('console.byMe') }, { value: 'token', label: t('console.byToken') }]}
              />
              {by === 'me' ? (
                <span className="grow" style={{ alignSelf: 'center' }}>
                  {path && !allows(rights, right) ? t('console.noRight', { login: me }) : me}
                </span>
              ) : by === 'user' ? (
                <Select
                  className="grow"
                  aria-label={t('journal.user')}
                  placeholder={t('console.chooseUser')}
                  data={people.map((u) => ({ value: u.login, label: path && !allows(u.rights, right) ? t('console.noRight', { login: u.login }) : u.login }))}
                  value={user ?? null}
                  onChange={(login) => void navigate({ search: (before) => ({ ...before, user: login ?? undefined }), replace: true })}
                  searchable
                  nothingFoundMessage={t('console.nothing')}
                />
              ) : (
                <PasswordInput className="grow" aria-label={t('console.byToken')} placeholder={t('console.paste')} value={own} onChange={(e) => setOwn(e.currentTarget.value)} autoComplete="off" visibilityToggleButtonProps={{ 'aria-label': t('console.showToken'), tabIndex: 0 }} />
              )}
            </div>
            <div className={css.help}>{t(by === 'user' ? 'console.byUserHelp' : by === 'me' ? 'console.byMeHelp' : 'console.byTokenHelp')}</div>
          </div>
        </div>
        <Alert variant="light" color="amber" mt="md" p="xs">{t('console.real')}</Alert>
      </Panel>
      {path && !operation && <Panel>{t('console.unknown')}</Panel>}
      {operation && (
        <Panel
          title={t('journal.body')}
          note={operation.summary}
          tools={examples.map(([name, e]) => (
            <Button key={name} size="compact-sm" variant="default" onClick={() => setValues({ ...(e.value as Values) })}>
              {e.summary ?? name}
            </Button>
          ))}
        >
          {operation.description && <p className="dim" style={{ margin: '0 0 12px', fontSize: 13.5 }}>{operation.description}</p>}
          {schema && Object.keys(schema.properties ?? {}).length > 0 ? (
            <Suspense fallback={<Loading lines={4} height={30} />}>
              <SchemaForm key={path} idPrefix="console" schema={schema} values={values} onChange={setValues} errors={checked && mistakes.length > 0 ? mistakesToErrors(mistakes, t) : undefined} disabled={busy} />
            </Suspense>
          ) : (
            <p style={{ margin: 0, fontSize: 13.5 }}>{t('console.noParameters')}</p>
          )}
          <details className={css.curl}>
            <summary>{t('console.curl')}</summary>
            <CodeBlock text={curl(gatewayUrl(path ?? ''), '<TOKEN>', clean)} label="curl" />
          </details>
          <div className={css.send}>
            <Button leftSection={<IconPlayerPlay size={16} />} loading={busy} disabled={!ready} onClick={() => void send()}>
              {t('console.send')}
            </Button>
            {!ready && <span className="dim">{t(by === 'user' ? 'console.chooseUser' : 'console.paste')}</span>}
            {checked && mistakes.length > 0 && <span className="dim">{t('console.wrongAnyway')}</span>}
          </div>
        </Panel>
      )}
      <div aria-live="polite" style={{ marginTop: 14 }}>
        {error !== null && <Failure error={error} what={t('console.notSent')} />}
        {result && <Result key={result.requestId || result.took} result={result} name={right} />}
      </div>
    </Page>
  );
}
