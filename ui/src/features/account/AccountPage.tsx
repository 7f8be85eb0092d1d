import { SegmentedControl, useMantineColorScheme } from '@mantine/core';
import { useSession } from '@/api/session';
import { Facts } from '@/components/Facts';
import { Page } from '@/components/Page';
import { Panel } from '@/components/Panel';
import { PasswordForm } from '@/components/PasswordForm';
import { SecondFactor } from '@/components/security/SecondFactor';
import { Ago } from '@/components/Time';
import { followBrowser, followsBrowser, setLanguage, useWords, type Language } from '@/i18n';

export function AccountPage() {
  const { t, language } = useWords();
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Page name={t('account.title')} about={t('account.about')}>
      <Panel title={session.login}>
        <Facts
          rows={[
            [t('account.role'), t(`roles.${session.role}`)],
            [t('account.expires'), <Ago key="e" at={session.expires} />],
          ]}
        />
      </Panel>
      <Panel title={t('account.look')}>
        <div style={{ display: 'flex', gap: 32, flexWrap: 'wrap' }}>
          <div>
            <div className="dim" style={{ fontSize: 13, marginBottom: 4 }} id="look-language">
              {t('account.language')}
            </div>
            <SegmentedControl
              aria-labelledby="look-language"
              value={followsBrowser() ? 'browser' : language}
              onChange={(value) => void (value === 'browser' ? followBrowser() : setLanguage(value as Language))}
              data={[
                { value: 'browser', label: t('account.languageBrowser') },
                { value: 'ru', label: 'Русский' },
                { value: 'en', label: 'English' },
              ]}
            />
          </div>
          <div>
            <div className="dim" style={{ fontSize: 13, marginBottom: 4 }} id="look-theme">
              {t('account.theme')}
            </div>
            <SegmentedControl
              aria-labelledby="look-theme"
              value={colorScheme}
              onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
              data={[
                { value: 'auto', label: t('account.themeAuto') },
                { value: 'light', label: t('account.themeLight') },
                { value: 'dark', label: t('account.themeDark') },
              ]}
            />
          </div>
        </div>
      </Panel>
      <Panel title={t('account.password')}>
        <PasswordForm />
      </Panel>
      <SecondFactor />
    </Page>
  );
}
