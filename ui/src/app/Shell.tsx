import { Loader, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useRouter, type LinkProps } from '@tanstack/react-router';
import { IconAdjustments, IconBook2, IconFileCode, IconHistory, IconLayoutDashboard, IconListDetails, IconLogout, IconPlayerPlay, IconPlugConnected, IconPuzzle, IconReportAnalytics, IconShieldHalf, IconUserCircle, IconUsers, type Icon } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useConnection } from '@/api/connection';
import { endSession, useSession } from '@/api/session';
import { logout } from '@/api/session/logout';
import { Mark } from '@/components/Brand';
import { LanguageButton, ThemeButton } from '@/components/Look';
import { toast } from '@/components/toasts';
import { ExpiredDialog } from '@/features/session/ExpiredDialog';
import { useWords } from '@/i18n';
import { gatewayUrl } from '@/lib/base';
import css from './Shell.module.css';

/** The frame around every page: sections, who is signed in, whether the gateway answers. */
export function Shell() {
  const { t } = useWords();
  const client = useQueryClient();
  return (
    <div className={css.shell}>
      <a className="skip-link" href="#main" onClick={skip}>
        {t('common.skip')}
      </a>
      <Rail />
      <main className={css.main} id="main" tabIndex={-1}>
        <Banner />
        <Outlet />
      </main>
      <ExpiredDialog onDone={() => void client.invalidateQueries()} />
    </div>
  );
}

/** A link to "#main" would resolve against <base>, which is another page. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Rail() {
  const { t } = useWords();
  return (
    <div className={css.rail}>
      <Link to="/" className={css.brand} aria-label="Patchbay">
        <Mark />
        <span className={css.text}>Patchbay</span>
      </Link>
      <nav aria-label={t('common.navigation')}>
        <ul className={css.nav}>
          <Item to="/" label={t('nav.overview')} icon={IconLayoutDashboard} exact />
        </ul>
        <div className={css.group}>{t('nav.configure')}</div>
        <ul className={css.nav}>
          <Item to="/modules" label={t('nav.modules')} icon={IconAdjustments} />
          <Item to="/providers" label={t('nav.providers')} icon={IconPlugConnected} />
          <Item to="/reports" label={t('nav.reports')} icon={IconReportAnalytics} />
          <Item to="/plugins" label={t('nav.plugins')} icon={IconPuzzle} />
          <Item to="/users" label={t('nav.users')} icon={IconUsers} />
          <Item to="/guards" label={t('nav.guards')} icon={IconShieldHalf} />
          <Item to="/configuration" label={t('nav.configuration')} icon={IconFileCode} />
        </ul>
        <div className={css.group}>{t('nav.watch')}</div>
        <ul className={css.nav}>
          <Item to="/journal" label={t('nav.journal')} icon={IconListDetails} />
          <Item to="/changes" label={t('nav.changes')} icon={IconHistory} />
          <Item to="/console" label={t('nav.console')} icon={IconPlayerPlay} />
          <li>
            <a className={css.link} href={gatewayUrl('/docs')} target="_blank" rel="noreferrer" title={t('nav.docs')}>
              <IconBook2 size={18} stroke={1.6} aria-hidden />
              <span className={css.text}>{t('nav.docs')}</span>
            </a>
          </li>
        </ul>
      </nav>
      <Foot />
    </div>
  );
}

function Item({ to, label, icon: Sign, exact }: { to: LinkProps['to']; label: string; icon: Icon; exact?: boolean }) {
  return (
    <li>
      <Link to={to} className={css.link} activeOptions={{ exact: exact ?? false, includeSearch: false }} title={label}>
        <Sign size={18} stroke={1.6} aria-hidden />
        <span className={css.text}>{label}</span>
      </Link>
    </li>
  );
}

function Foot() {
  const { t } = useWords();
  const session = useSession();
  const router = useRouter();
  const leave = async () => {
    try {
      await logout();
    } catch {
      // The token ends by itself; the panel forgets it in any case.
    }
    endSession();
    void router.navigate({ to: '/' });
  };
  return (
    <div className={css.foot}>
      <div className={css.looks}>
        <LanguageButton color="gray.4" />
        <ThemeButton color="gray.4" />
      </div>
      <Menu position="right-end" width={210}>
        <Menu.Target>
          <button type="button" className={css.who}>
            <IconUserCircle size={26} stroke={1.4} aria-hidden />
            <span className={`${css.text} grow`}>
              <span className={`${css.login} clip`} style={{ display: 'block' }}>
                {session.login}
              </span>
              <span className={css.role}>{t(`roles.${session.role}`)}</span>
            </span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconUserCircle size={16} />} onClick={() => void router.navigate({ to: '/account' })}>
            {t('nav.account')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave()}>
            {t('nav.signOut')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

function Banner() {
  const { t } = useWords();
  const { up, returns } = useConnection();
  const client = useQueryClient();
  const seen = useRef(returns);
  useEffect(() => {
    if (returns === seen.current) return;
    seen.current = returns;
    toast({ tone: 'good', text: t('connection.back') });
    void client.invalidateQueries();
  }, [returns, client, t]);
  if (up) return null;
  return (
    <div className={css.banner} role="status">
      <Loader size={15} color="amber" />
      {t('connection.lost')}
    </div>
  );
}
