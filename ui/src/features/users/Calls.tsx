import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { modulesQuery } from '@/api/modules/list';
import { userStatus, type User } from '@/api/types';
import { abilitiesQuery, type Ability } from '@/api/users/actions';
import { CodeBlock } from '@/components/CopyText';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Lamp, Tag } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import { useWords } from '@/i18n';
import css from './Calls.module.css';

/** What a user can do right now, each with a command to try it. */
export function Calls({ user }: { user: User }) {
  const { t, pick } = useWords();
  const { data, error, refetch } = useQuery(abilitiesQuery(user.login));
  const { data: modules } = useQuery(modulesQuery);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Panel><Loading lines={5} /></Panel>;
  const allowed = data.filter((a) => a.allowed);
  if (user.status !== userStatus.active || allowed.length === 0) {
    return (
      <Panel>
        <Empty title={t('users.canNothing')} text={t(user.status !== userStatus.active ? 'users.canNothingBlocked' : 'users.canNothingText')} />
      </Panel>
    );
  }
  const title = (id: string) => {
    const m = modules?.find((x) => x.id === id);
    return (m && pick(m.title)) || id;
  };
  return (
    <>
      <p className="dim" style={{ marginTop: 0, fontSize: 13.5 }}>
        {t('users.callsAbout')}
      </p>
      {[...new Set(allowed.map((a) => a.module))].map((id) => {
        const list = allowed.filter((a) => a.module === id);
        return (
          <Panel key={id} title={title(id)} note={t('users.worksOf', { works: list.filter((a) => a.works).length, count: list.length })}>
            {list.map((a) => <Call key={a.right} login={user.login} ability={a} />)}
          </Panel>
        );
      })}
    </>
  );
}

function Call({ login, ability: a }: { login: string; ability: Ability }) {
  const { t, pick } = useWords();
  const route = `/${a.module}/${a.action}`;
  return (
    <details className={css.call} data-call={a.right}>
      <summary>
        <span className="grow">
          {pick(a.title) || a.action} <span className="mono dim">{route}</span> {a.safe && <Tag tone="idle">{t('users.reads')}</Tag>}
        </span>
        {a.works ? <Lamp tone="good">{t('users.allowed')}</Lamp> : <Lamp tone="idle">{t('users.switchedOff')}</Lamp>}
      </summary>
      {a.curl.map((command) => <CodeBlock key={command} text={command} label="curl" />)}
      <p style={{ margin: '6px 0 0', fontSize: 13 }}>
        <Link to="/console" search={{ action: route, user: login }} style={{ color: 'var(--pb-accent)' }}>
          {t('users.tryIt')}
        </Link>
      </p>
    </details>
  );
}
