import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import { IconCheck, IconDeviceDesktop, IconLanguage, IconMoon, IconSun } from '@tabler/icons-react';
import { followBrowser, followsBrowser, setLanguage, useWords, type Language } from '@/i18n';

const names: Record<Language, string> = { ru: 'Русский', en: 'English' };

export function LanguageButton({ color = 'gray' }: { color?: string }) {
  const { t, language } = useWords();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('account.language')}>
          <ActionIcon variant="subtle" color={color} size="lg" aria-label={t('account.language')}>
            <IconLanguage size={19} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {(['ru', 'en'] as const).map((l) => (
          <Menu.Item key={l} lang={l} onClick={() => void setLanguage(l)} rightSection={language === l && !followsBrowser() ? <IconCheck size={14} /> : undefined}>
            {names[l]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void followBrowser()} rightSection={followsBrowser() ? <IconCheck size={14} /> : undefined}>
          {t('account.languageBrowser')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function ThemeButton({ color = 'gray' }: { color?: string }) {
  const { t } = useWords();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const choices = [
    ['light', t('account.themeLight'), IconSun],
    ['dark', t('account.themeDark'), IconMoon],
    ['auto', t('account.themeAuto'), IconDeviceDesktop],
  ] as const;
  const Now = choices.find(([value]) => value === colorScheme)?.[2] ?? IconSun;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('account.theme')}>
          <ActionIcon variant="subtle" color={color} size="lg" aria-label={t('account.theme')}>
            <Now size={19} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([value, label, Icon]) => (
          <Menu.Item key={value} leftSection={<Icon size={15} />} onClick={() => setColorScheme(value)} rightSection={colorScheme === value ? <IconCheck size={14} /> : undefined}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
