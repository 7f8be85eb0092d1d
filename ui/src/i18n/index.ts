import i18next, { type TFunction } from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type en from './en';

export const languages = ['ru', 'en'] as const;
export type Language = (typeof languages)[number];

export type Texts = typeof en;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'panel';
    resources: { panel: Texts };
    returnNull: false;
  }
}

const key = 'patchbay:language';

const catalogues: Record<Language, () => Promise<{ default: object }>> = {
  ru: () => import('./ru'),
  en: () => import('./en'),
};

/** The reader's choice, or else the first of the browser's languages that the panel speaks. */
export function preferredLanguage(chosen: string | null, browser: readonly string[]): Language {
  const known = (tag: string | null) => languages.find((l) => tag?.toLowerCase().split('-')[0] === l);
  return known(chosen) ?? browser.map(known).find((l) => l !== undefined) ?? 'en';
}

async function load(language: Language) {
  if (i18next.hasResourceBundle(language, 'panel')) return;
  const { default: texts } = await catalogues[language]();
  i18next.addResourceBundle(language, 'panel', texts);
}

export async function startLanguage(): Promise<void> {
  const language = preferredLanguage(localStorage.getItem(key), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    ns: ['panel'],
    defaultNS: 'panel',
    resources: {},
    interpolation: { escapeValue: false },
    returnNull: false,
    react: { useSuspense: false, bindI18nStore: 'added' },
  });
  await load(language);
  document.documentElement.lang = language;
}

export async function setLanguage(language: Language): Promise<void> {
  localStorage.setItem(key, language);
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

/** Follows the browser from now on. */
export async function followBrowser(): Promise<void> {
  const language = preferredLanguage(null, navigator.languages);
  await setLanguage(language);
  localStorage.removeItem(key);
}

export function followsBrowser(): boolean {
  return localStorage.getItem(key) === null;
}

export type T = TFunction<'panel'>;

export interface Words {
  t: T;
  language: Language;
  /** Picks the reader's language of a text of the gateway. */
  pick: (text: { en: string; ru: string } | undefined) => string;
}

export function useWords(): Words {
  const { t, i18n } = useTranslation('panel');
  const language: Language = i18n.language === 'ru' ? 'ru' : 'en';
  return { t, language, pick: (text) => (text ? text[language] || text.en || text.ru : '') };
}
