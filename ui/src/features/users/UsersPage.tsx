import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useDeferredValue } from 'react';
import { useMay } from '@/api/session';
import { userStatus, type User } from '@/api/types';
import { usersQuery } from '@/api/users/list';
import { rightsQuery } from '@/api/users/rights';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Tag } from '@/components/Lamp';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { useWords } from '@/i18n';
import { RightsSummary } from './RightsSummary';
import { Status } from './Status';

const shows = ['present', 'active', 'blocked', 'deleted'] as const;
type Show = (typeof shows)[number];

function matches(u: User, show: Show, text: string): boolean {
  if (show === 'present' ? u.status === userStatus.deleted : u.status !== userStatus[show]) return false;
  const wanted = text.trim().toLowerCase();
  return wanted === '' || [u.login, u.note, u.role, ...u.allowed_ips].some((x) => x.toLowerCase().includes(wanted));
}

export function UsersPage() {
  const { t } = useWords();
  const may = useMay('administrator');
  const navigate = useNavigate({ from: '/users' });
  const search = useSearch({ from: '/users' });
  const { data, error, refetch } = useQuery(usersQuery);
  const rights = useQuery(rightsQuery);
  const show = shows.find((s) => s === search.show) ?? 'present';
  const text = useDeferredValue(search.text ?? '');
  const list = (data ?? []).filter((u) => matches(u, show, text));
  const set = (change: { text?: string; show?: string }) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <Page
      name={t('users.title')}
      about={t('users.about')}
      tools={
        may && (
          <Button component={Link} to="/users/-new" leftSection={<IconPlus size={16} />}>
            {t('users.add')}
          </Button>
        )
      }
    >
      <div style={{ display: 'flex', gap: 12, marginBottom: 12, flexWrap: 'wrap' }}>
        <TextInput
          aria-label={t('common.search')}
          placeholder={t('users.searchHint')}
          leftSection={<IconSearch size={15} />}
          value={search.text ?? ''}
          onChange={(e) => set({ text: e.currentTarget.value || undefined })}
          w={280}
          type="search"
        />
        <SegmentedControl
          aria-label={t('users.status')}
          value={show}
          onChange={(value) => set({ show: value === 'present' ? undefined : value })}
          data={shows.map((s) => ({ value: s, label: t(`users.show.${s}`) }))}
        />
      </div>
      <Panel flush>
        {error && !data ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : !data ? (
          <div style={{ padding: 16 }}><Loading lines={6} /></div>
        ) : list.length === 0 ? (
          <Empty title={t('users.none')} text={t(text || show !== 'present' ? 'users.noneFound' : 'users.noneText')} />
        ) : (
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">{t('users.login')}</th>
                <th scope="col">{t('users.status')}</th>
                <th scope="col">{t('account.role')}</th>
                <th scope="col">{t('users.rights')}</th>
                <th scope="col" className={table.spare}>{t('users.addresses')}</th>
                <th scope="col">{t('users.lastLogin')}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((u) => (
                <tr key={u.login} data-user={u.login}>
                  <td>
                    <Link className={table.row ?? ''} to="/users/$login" params={{ login: u.login }} search={{ tab: undefined }}>
                      {u.login}
                    </Link>
                    {u.note && <div className="dim clip" style={{ maxWidth: 240 }}>{u.note}</div>}
                  </td>
                  <td>
                    <Status status={u.status} /> {u.must_change && <Tag tone="warn">{t('users.mustChange')}</Tag>}
                  </td>
                  <td>{t(`roles.${u.role}`)}</td>
                  <td><RightsSummary rights={u.rights} modules={rights.data} /></td>
                  <td className={table.spare}>{u.allowed_ips.length === 0 ? <span className="dim">{t('users.anywhere')}</span> : <span className="mono">{u.allowed_ips.length > 2 ? `${u.allowed_ips[0]} +${u.allowed_ips.length - 1}` : u.allowed_ips.join(', ')}</span>}</td>
                  <td><Ago at={u.last_login} never={t('common.never')} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
    </Page>
  );
}
