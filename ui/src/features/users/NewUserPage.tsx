import { Button, PasswordInput, Radio, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { asApiError } from '@/api/error';
import { keys } from '@/api/keys';
import { useMay } from '@/api/session';
import { userStatus, type User } from '@/api/types';
import { createUser } from '@/api/users/create';
import { Empty } from '@/components/Empty';
import { Failure } from '@/components/Failure';
import { Leave } from '@/components/Leave';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { useWords } from '@/i18n';
import { sayFault } from '@/i18n/problem';
import { AccessForm } from './AccessForm';
import { Once } from './Once';
import { RightsMatrix } from './RightsMatrix';

type Draft = Pick<User, 'status' | 'role' | 'rights' | 'allowed_ips' | 'limits' | 'note' | 'must_change'>;

const empty: Draft = { status: userStatus.active, role: 'integrator', rights: [], allowed_ips: [], limits: {}, note: '', must_change: false };

export function NewUserPage() {
  const { t } = useWords();
  const may = useMay('administrator');
  const navigate = useNavigate();
  const client = useQueryClient();
  const [login, setLogin] = useState('');
  const [own, setOwn] = useState(false);
  const [password, setPassword] = useState('');
  const [draft, setDraft] = useState(empty);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [made, setMade] = useState<{ login: string; password: string } | null>(null);
  const parent = { to: '/users', label: t('users.title') };

  if (!may) {
    return (
      <Page name={t('users.newTitle')} parent={parent}>
        <Panel><Empty title={t('common.needsAdministrator')} /></Panel>
      </Page>
    );
  }

  const violations = error === null ? [] : asApiError(error).violations;
  const at = (pointer: string) => {
    const v = violations.find((x) => x.pointer === pointer);
    return v && sayFault(v, t);
  };
  const go = (to: string) => void navigate({ to: '/users/$login', params: { login: to }, search: { tab: 'tokens' }, ignoreBlocker: true });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const { user, password: chosen } = await createUser({ login: login.trim(), ...(own ? { password } : {}), ...draft });
      void client.invalidateQueries({ queryKey: keys.users });
      if (chosen) setMade({ login: user.login, password: chosen });
      else go(user.login);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  const dirty = !made && !busy && (login !== '' || draft !== empty);
  const shown = violations.some((v) => !/^\/(login|password|role|allowed_ips|limits|note)/.test(v.pointer)) || violations.length === 0;

  return (
    <Page name={t('users.newTitle')} about={t('users.newAbout')} parent={parent}>
      <form onSubmit={(e) => void submit(e)}>
        <Panel title={t('users.account')}>
          <div style={{ display: 'grid', gap: 16, maxWidth: 420 }}>
            <TextInput
              label={t('users.login')}
              description={t('users.loginHelp')}
              value={login}
              onChange={(e) => setLogin(e.currentTarget.value)}
              error={at('/login')}
              spellCheck={false}
              autoComplete="off"
              autoFocus
              required
            />
            <Radio.Group label={t('signIn.password')} value={own ? 'own' : 'chosen'} onChange={(v) => setOwn(v === 'own')}>
              <div style={{ display: 'grid', gap: 8, marginTop: 6 }}>
                <Radio value="chosen" label={t('users.passwordChosen')} />
                <Radio value="own" label={t('users.passwordOwn')} />
              </div>
            </Radio.Group>
            {own && (
              <PasswordInput
                aria-label={t('signIn.password')}
                value={password}
                onChange={(e) => setPassword(e.currentTarget.value)}
                error={at('/password')}
                autoComplete="new-password"
                visibilityToggleButtonProps={{ 'aria-label': t('signIn.show'), tabIndex: 0 }}
                required
              />
            )}
          </div>
        </Panel>
        <Panel title={t('users.rights')} note={t('users.rightsNote')}>
          <RightsMatrix rights={draft.rights} onChange={(rights) => setDraft({ ...draft, rights })} />
        </Panel>
        <Panel title={t('users.access')}>
          <AccessForm values={draft} set={(change) => setDraft({ ...draft, ...change })} error={error} fresh />
        </Panel>
        <div style={{ marginTop: 16, display: 'grid', gap: 12 }}>
          {error !== null && shown && <Failure error={error} />}
          <div style={{ display: 'flex', gap: 10 }}>
            <Button type="submit" loading={busy}>
              {t('users.create')}
            </Button>
            <Button variant="default" onClick={() => void navigate({ to: '/users' })} disabled={busy}>
              {t('common.cancel')}
            </Button>
          </div>
        </div>
      </form>
      <Leave unsaved={dirty} />
      {made && <Once title={t('users.onceTitle', { login: made.login })} text={t('users.oncePassword')} secret={made.password} onClose={() => go(made.login)} />}
    </Page>
  );
}
