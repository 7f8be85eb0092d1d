import { Button, Group, Menu, Modal, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { IconBan, IconDeviceMobileOff, IconDots, IconKey, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { asApiError } from '@/api/error';
import { keys } from '@/api/keys';
import { resetSecondFactor } from '@/api/second/change';
import { useMay, useSession } from '@/api/session';
import { userStatus, type User } from '@/api/types';
import { userQuery } from '@/api/users/get';
import { removeUser } from '@/api/users/remove';
import { setPassword } from '@/api/users/set-password';
import { Confirm } from '@/components/Confirm';
import { Empty } from '@/components/Empty';
import { Facts } from '@/components/Facts';
import { Failure } from '@/components/Failure';
import { Leave } from '@/components/Leave';
import { Loading } from '@/components/Loading';
import { Page } from '@/components/Page';
import { PageTabs } from '@/components/PageTabs';
import { Panel } from '@/components/Panel';
import saveBar from '@/components/settings/SaveBar.module.css';
import { Ago } from '@/components/Time';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { AccessForm } from './AccessForm';
import { Calls } from './Calls';
import { Once } from './Once';
import { RightsMatrix } from './RightsMatrix';
import { Status } from './Status';
import { Tokens } from './Tokens';
import { useUserDraft, type Field, type UserDraft } from './useUserDraft';

export function UserPage() {
  const { t } = useWords();
  const { login } = useParams({ from: '/users/$login' });
  const { data, error, refetch } = useQuery(userQuery(login));
  if (data) return <Found key={login} user={data} />;
  const missing = error && asApiError(error).status === 404;
  return (
    <Page name={login} parent={{ to: '/users', label: t('users.title') }}>
      <Panel>{missing ? <Empty title={t('problem.noUser')} text={t('problem.notFoundText')} /> : error ? <Failure error={error} retry={() => void refetch()} /> : <Loading lines={6} />}</Panel>
    </Page>
  );
}

function Found({ user }: { user: User }) {
  const { t } = useWords();
  const { tab } = useSearch({ from: '/users/$login' });
  const may = useMay('administrator');
  const draft = useUserDraft(user);
  const deleted = user.status === userStatus.deleted;
  const editable = may && !deleted;
  const tabs = [
    {
      id: 'rights',
      label: t('users.rights'),
      content: () => (
        <Panel title={t('users.mayCall')} note={t('users.rightsNote')}>
          <RightsMatrix rights={draft.values.rights} onChange={(rights) => draft.set({ rights })} disabled={!editable} />
        </Panel>
      ),
    },
    {
      id: 'access',
      label: t('users.access'),
      content: () => (
        <Panel>
          <AccessForm values={draft.values} set={draft.set} error={draft.error} />
        </Panel>
      ),
    },
    { id: 'tokens', label: t('users.tokens'), content: () => <Tokens user={user} /> },
    { id: 'calls', label: t('users.calls'), content: () => <Calls user={user} /> },
  ];
  return (
    <Page
      name={user.login}
      parent={{ to: '/users', label: t('users.title') }}
      title={
        <>
          {user.login} <Status status={user.status} />
        </>
      }
      about={user.note}
      meta={[
        t(`roles.${user.role}`),
        ...(user.second_factor ? [t('security.has')] : []),
        <span key="l">
          {t('users.lastLogin')}: <Ago at={user.last_login} never={t('common.never')} />
        </span>,
        <span key="c">
          {t('users.createdAt')}: <Ago at={user.created} />
        </span>,
      ]}
      tools={editable && <More user={user} />}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void draft.save();
        }}
      >
        <PageTabs tabs={tabs} now={tab} label={user.login} />
        <Bar draft={draft} />
      </form>
      <Leave unsaved={draft.dirty} />
      <Conflict draft={draft} />
    </Page>
  );
}

function Bar({ draft }: { draft: UserDraft }) {
  const { t } = useWords();
  return (
    <>
      {draft.error !== null && (
        <div className={saveBar.error}>
          <Failure error={draft.error} />
        </div>
      )}
      {draft.dirty && (
        <div className={saveBar.bar}>
          <span className={`${saveBar.note} dim grow`} role="status">
            {t('common.unsaved')}
          </span>
          <Button variant="default" onClick={draft.reset} disabled={draft.saving}>
            {t('common.discard')}
          </Button>
          <Button type="submit" loading={draft.saving}>
            {t('common.save')}
          </Button>
        </div>
      )}
    </>
  );
}

const fieldNames: Record<Field, 'users.status' | 'account.role' | 'users.rights' | 'users.addresses' | 'users.limit' | 'users.note' | 'users.mustChange'> = {
  status: 'users.status',
  role: 'account.role',
  rights: 'users.rights',
  allowed_ips: 'users.addresses',
  limits: 'users.limit',
  note: 'users.note',
  must_change: 'users.mustChange',
};

function Conflict({ draft }: { draft: UserDraft }) {
  const { t } = useWords();
  if (!draft.conflict) return null;
  const { theirs, fields } = draft.conflict;
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} size="lg" title={<Text fw={600}>{t('users.conflictTitle')}</Text>}>
      {fields.map((f) => (
        <div key={f} style={{ marginBottom: 12 }}>
          <div style={{ fontWeight: 560 }}>{t(fieldNames[f])}</div>
          <Facts
            rows={[
              [t('form.theirs'), <span key="t" className="mono">{JSON.stringify(theirs[f])}</span>],
              [t('form.mine'), <span key="m" className="mono">{JSON.stringify(draft.values[f])}</span>],
            ]}
          />
        </div>
      ))}
      <Group justify="flex-end" gap="sm" mt="md">
        <Button variant="default" onClick={() => void draft.resolve(false)}>
          {t('users.takeTheirs')}
        </Button>
        <Button onClick={() => void draft.resolve(true)} data-autofocus>
          {t('users.keepMine')}
        </Button>
      </Group>
    </Modal>
  );
}

function More({ user }: { user: User }) {
  const { t } = useWords();
  const client = useQueryClient();
  const self = useSession().login === user.login;
  const [asking, ask] = useState<'password' | 'factor' | 'delete' | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const refresh = () => void client.invalidateQueries({ queryKey: keys.users });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconDots size={16} />}>
            {t('common.more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconKey size={16} />} onClick={() => ask('password')} disabled={self}>
            {t('users.newPassword')}
          </Menu.Item>
          {user.second_factor && (
            <Menu.Item leftSection={<IconDeviceMobileOff size={16} />} onClick={() => ask('factor')} disabled={self}>
              {t('security.reset')}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => ask('delete')} disabled={self}>
            {t('users.delete')}
          </Menu.Item>
          {self && (
            <Menu.Label>
              <IconBan size={12} aria-hidden /> {t('users.self')}
            </Menu.Label>
          )}
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={asking === 'password'}
        onClose={() => ask(null)}
        title={t('users.newPasswordTitle', { login: user.login })}
        verb={t('users.newPassword')}
        run={async () => {
          const { password } = await setPassword(user.login, '', user.role !== 'integrator');
          setSecret(password ?? '');
          refresh();
        }}
      >
        {t('users.newPasswordText')}
      </Confirm>
      <Confirm
        opened={asking === 'factor'}
        onClose={() => ask(null)}
        title={t('security.resetTitle', { login: user.login })}
        verb={t('security.reset')}
        danger
        run={async () => {
          await resetSecondFactor(user.login);
          toast({ tone: 'good', text: t('security.resetDone', { login: user.login }) });
          refresh();
        }}
      >
        {t('security.resetText')}
      </Confirm>
      <Confirm
        opened={asking === 'delete'}
        onClose={() => ask(null)}
        title={t('users.deleteTitle', { login: user.login })}
        verb={t('common.delete')}
        danger
        run={async () => {
          client.setQueryData(keys.user(user.login), await removeUser(user.login, user.version));
          toast({ tone: 'good', text: t('users.deletedNow', { login: user.login }) });
          refresh();
        }}
      >
        {t('users.deleteText')}
      </Confirm>
      {secret && <Once title={t('users.onceTitle', { login: user.login })} text={t('users.oncePassword')} secret={secret} onClose={() => setSecret(null)} />}
    </>
  );
}
