import { expect, it } from 'vitest';
import ru from '@/i18n/ru';
import { wordsOf } from './words';
import type { T } from '@/i18n';

/** Looks texts up as i18next does. */
const t = ((key: string, { defaultValue }: { defaultValue: string }) => {
  const text = key.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], ru);
  return typeof text === 'string' ? text : defaultValue;
}) as unknown as T;

it('names the values of a choice in words, with the value behind them', () => {
  expect(['enforce', 'off'].map(wordsOf(['enforce', 'watch', 'off'], t))).toEqual(['Отказывать (enforce)', 'Не проверять (off)']);
  expect(['none', 'json', 'form'].map(wordsOf(['none', 'json', 'form', 'text', 'xml'], t))).toEqual(['Без тела (none)', 'json', 'Поля формы (form)']);
});

it('leaves values alone that belong to no known set', () => {
  expect(['off', 'loud'].map(wordsOf(['off', 'loud'], t))).toEqual(['off', 'loud']);
  expect(wordsOf(['off'], t)('off')).toBe('off');
  expect([1, 2].map(wordsOf([1, 2], t))).toEqual(['1', '2']);
});
