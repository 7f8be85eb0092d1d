import { Button, Modal, Select, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconPlus } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { keys } from '@/api/keys';
import { useMay } from '@/api/session';
import { userStatus, type Token, type User } from '@/api/types';
import { issueToken } from '@/api/users/issue-token';
import { revokeToken } from '@/api/users/revoke-token';
import { revokeTokens } from '@/api/users/revoke-tokens';
import { tokensQuery } from '@/api/users/tokens';
import { Confirm } from '@/components/Confirm';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Loading } from '@/components/Loading';
import { Panel } from '@/components/Panel';
import table from '@/components/table.module.css';
import { Ago } from '@/components/Time';
import { toast } from '@/components/toasts';
import { useWords } from '@/i18n';
import { Once } from './Once';

/** The tokens of a user: where they came from, when they were used, and their end. */
export function Tokens({ user }: { user: User }) {
  const { t } = useWords();
  const client = useQueryClient();
  const may = useMay('administrator');
  const { data, error, refetch } = useQuery(tokensQuery(user.login));
  const [issuing, setIssuing] = useState(false);
  const [ending, setEnding] = useState<Token | 'all' | null>(null);
  const [secret, setSecret] = useState('');
  const refresh = () => client.invalidateQueries({ queryKey: keys.tokens(user.login) });
  const active = user.status === userStatus.active;
  return (
    <>
      <Panel
        title={t('users.tokens')}
        note={t('users.tokensNote')}
        flush
        tools={
          may && (
            <>
              {data && data.length > 0 && (
                <Button size="compact-sm" variant="subtle" color="red" onClick={() => setEnding('all')}>
                  {t('users.revokeAll')}
                </Button>
              )}
              <Button size="compact-sm" leftSection={<IconPlus size={14} />} onClick={() => setIssuing(true)} disabled={!active} title={active ? undefined : t('problem.userNotActive')}>
                {t('users.issue')}
              </Button>
            </>
          )
        }
      >
        {error && !data ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : !data ? (
          <div style={{ padding: 16 }}><Loading /></div>
        ) : data.length === 0 ? (
          <Empty title={t('users.noTokens')} text={t('users.noTokensText')} />
        ) : (
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">{t('users.tokenLabel')}</th>
                <th scope="col">{t('users.tokenFrom')}</th>
                <th scope="col">{t('users.tokenCreated')}</th>
                <th scope="col">{t('users.tokenUsed')}</th>
                <th scope="col">{t('users.tokenExpires')}</th>
                <th scope="col"><span className="vh">{t('users.revoke')}</span></th>
              </tr>
            </thead>
            <tbody>
              {data.map((token) => (
                <tr key={token.id}>
                  <td>
                    <div>{token.label === 'login' ? t('users.tokenLogin') : token.label || '—'}</div>
                    <div className="mono dim">{token.id}</div>
                  </td>
                  <td className="mono">{token.address || '—'}</td>
                  <td><Ago at={token.created} /></td>
                  <td><Ago at={token.last_used} never={t('common.never')} /></td>
                  <td><Ago at={token.expires} /></td>
                  <td className={table.end}>
                    {may && (
                      <Button size="compact-sm" variant="default" onClick={() => setEnding(token)} aria-label={`${t('users.revoke')}: ${token.label} ${token.id}`}>
                        {t('users.revoke')}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      {issuing && (
        <Issue
          login={user.login}
          onClose={() => setIssuing(false)}
          onDone={(token) => {
            setIssuing(false);
            setSecret(token);
            void refresh();
          }}
        />
      )}
      <Confirm
        opened={ending !== null}
        onClose={() => setEnding(null)}
        title={ending === 'all' ? t('users.revokeAllTitle', { login: user.login }) : t('users.revokeTitle')}
        verb={ending === 'all' ? t('users.revokeAll') : t('users.revoke')}
        danger
        run={async () => {
          if (ending === 'all') await revokeTokens(user.login);
          else if (ending) await revokeToken(user.login, ending.id);
          toast({ tone: 'good', text: t('users.revoked') });
          await refresh();
        }}
      >
        {t('users.revokeText')}
      </Confirm>
      {secret && <Once title={t('users.onceTokenTitle')} text={t('users.onceToken')} secret={secret} onClose={() => setSecret('')} />}
    </>
  );
}

const day = 86_400;
const lifetimes = { 0: 'default', [7 * day]: 'week', [30 * day]: 'month', [365 * day]: 'year', [10 * 365 * day]: 'years' } as const;

function Issue({ login, onClose, onDone }: { login: string; onClose: () => void; onDone: (token: string) => void }) {
  const { t } = useWords();
  const [label, setLabel] = useState('');
  const [lifetime, setLifetime] = useState(String(365 * day));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setBusy(true);
    setError(null);
    try {
      const seconds = Number(lifetime);
      // A token for a program must not end over a quiet weekend.
      const issued = await issueToken(login, { label: label.trim(), lifetime_seconds: seconds, idle_seconds: seconds === 0 ? 0 : -1 });
      onDone(issued.token);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={<Text fw={600}>{t('users.issueTitle', { login })}</Text>} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form onSubmit={(e) => void submit(e)} style={{ display: 'grid', gap: 14 }}>
        <TextInput label={t('users.tokenLabel')} description={t('users.tokenLabelHelp')} value={label} onChange={(e) => setLabel(e.currentTarget.value)} maxLength={100} data-autofocus required withAsterisk={false} />
        <Select
          label={t('users.tokenLife')}
          data={Object.entries(lifetimes).map(([value, name]) => ({ value, label: t(`users.life.${name}`) }))}
          value={lifetime}
          onChange={(v) => v && setLifetime(v)}
          allowDeselect={false}
        />
        {error !== null && <Failure error={error} />}
        <div style={{ display: 'flex', gap: 10, justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose} disabled={busy}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('users.issue')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
