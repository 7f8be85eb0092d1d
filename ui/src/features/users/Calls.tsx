import { useQuery } from '@tanstack/react-query';
import { modulesQuery } from '@/api/modules/list';
import { openAPIQuery, type OpenAPI } from '@/api/openapi/get';
import { userStatus, type User } from '@/api/types';
import { CodeBlock } from '@/components/CopyText';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Lamp } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import { useWords } from '@/i18n';
import { gatewayUrl } from '@/lib/base';
import { curl } from '@/lib/curl';
import { allows } from '@/lib/rights';
import css from './Calls.module.css';

/** What a user can do right now, each with a command to try it. */
export function Calls({ user }: { user: User }) {
  const { t, pick, language } = useWords();
  const modules = useQuery(modulesQuery);
  const api = useQuery(openAPIQuery(language));
  if (modules.error && !modules.data) return <Failure error={modules.error} retry={() => void modules.refetch()} />;
  if (!modules.data || api.isPending) return <Panel><Loading lines={5} /></Panel>;
  const allowed = modules.data
    .map((m) => ({ m, actions: m.actions.filter((a) => allows(user.rights, `${m.id}.${a.name}`)) }))
    .filter(({ actions }) => actions.length > 0);
  if (user.status !== userStatus.active || allowed.length === 0) {
    return (
      <Panel>
        <Empty title={t('users.canNothing')} text={t(user.status !== userStatus.active ? 'users.canNothingBlocked' : 'users.canNothingText')} />
      </Panel>
    );
  }
  return (
    <>
      <p className="dim" style={{ marginTop: 0, fontSize: 13.5 }}>
        {t('users.callsAbout')}
      </p>
      {allowed.map(({ m, actions }) => (
        <Panel key={m.id} title={pick(m.title) || m.id} note={m.on ? undefined : t('users.moduleOff')}>
          {actions.map((a) => (
            <details key={a.name} className={css.call}>
              <summary>
                <span className="grow">
                  {pick(a.title) || a.name} <span className="mono dim">/{m.id}/{a.name}</span>
                </span>
                {m.on && a.on ? <Lamp tone="good">{t('users.allowed')}</Lamp> : <Lamp tone="idle">{t('users.switchedOff')}</Lamp>}
              </summary>
              <CodeBlock text={curl(address(`/${m.id}/${a.name}`), '<TOKEN>', example(api.data, `/${m.id}/${a.name}`))} label="curl" />
            </details>
          ))}
        </Panel>
      ))}
    </>
  );
}

/** The address as the reader's browser knows it. */
function address(path: string): string {
  return gatewayUrl(path);
}

function example(api: OpenAPI | undefined, path: string): unknown {
  const examples = api?.paths[path]?.post?.requestBody?.content?.['application/json']?.examples;
  return examples && Object.values(examples)[0]?.value;
}
