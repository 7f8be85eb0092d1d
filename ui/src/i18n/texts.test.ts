import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from './en';
import { preferredLanguage } from './index';
import ru from './ru';

type Tree = { [name: string]: string | Tree };

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'string') out.set(prefix + name, value);
    else for (const [k, v] of flat(value, `${prefix}${name}.`)) out.set(k, v);
  }
  return out;
}

const suffix = /_(zero|one|two|few|many|other)$/;
const base = (key: string) => key.replace(suffix, '');
const texts = { en: flat(en as Tree), ru: flat(ru as Tree) };
const names = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();

describe('texts', () => {
  it('are the same in both languages', () => {
    const keys = (l: 'en' | 'ru') => [...new Set([...texts[l].keys()].map(base))].sort();
    expect(keys('ru')).toEqual(keys('en'));
    expect(keys('en').length).toBeGreaterThan(300);
  });

  it('have every form that numbers need', () => {
    for (const l of ['en', 'ru'] as const) {
      const forms = new Intl.PluralRules(l).resolvedOptions().pluralCategories;
      for (const key of [...texts[l].keys()].filter((k) => suffix.test(k))) {
        for (const form of forms) expect(texts[l].has(`${base(key)}_${form}`), `${l}: ${base(key)}_${form}`).toBe(true);
      }
    }
  });

  it('are there and name the same values', () => {
    for (const [key, text] of texts.ru) {
      expect(text.trim(), key).not.toBe('');
      // A form for exactly one may leave the number out.
      const other = names(texts.en.get(suffix.test(key) ? `${base(key)}_other` : key) ?? '');
      const needed = /_(one|few|many)$/.test(key) ? other.filter((name) => name !== 'count') : other;
      expect(names(text).filter((name) => needed.includes(name)), key).toEqual(needed);
      expect(other, key).toEqual(expect.arrayContaining(names(text)));
    }
  });

  it('are Russian in Russian', () => {
    const latin = [...texts.ru].filter(([, text]) => !/[а-яё]/i.test(text.replace(/\{\{\w+\}\}/g, '')));
    expect(latin.map(([key]) => key).sort()).toEqual(['journal.kind.sms', 'journal.moment']);
  });

  it('are all used', () => {
    const src = new URL('..', import.meta.url).pathname;
    let code = '';
    for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile() && /\.tsx?$/.test(entry.name) && !/i18n\/(en|ru)\/|\.test\./.test(file)) code += readFileSync(file, 'utf8');
    }
    const computed = [...code.matchAll(/`([a-zA-Z.]+\.)\$\{/g)].map((m) => m[1]!);
    const unused = [...new Set([...texts.en.keys()].map(base))].filter((key) => !code.includes(`'${key}'`) && !computed.some((p) => key.startsWith(p)));
    expect(unused).toEqual([]);
  });
});

it('follows the reader, then the browser', () => {
  expect(preferredLanguage('ru', ['en-GB'])).toBe('ru');
  expect(preferredLanguage(null, ['de-DE', 'ru-RU', 'en'])).toBe('ru');
  expect(preferredLanguage('xx', ['fr'])).toBe('en');
});
