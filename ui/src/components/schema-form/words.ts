import type { T } from '@/i18n';

/** The values that forms commonly offer. A choice is in words when all its values come from one of these sets. */
const sets = {
  mode: ['enforce', 'watch', 'off'],
  authorization: ['none', 'basic', 'bearer', 'login'],
  body: ['none', 'json', 'form', 'text', 'xml'],
  format: ['auto', 'json', 'xml', 'form', 'text'],
  match: ['equals', 'begins', 'contains'],
  order: ['listed', 'weights', 'price'],
  zone: ['gateway', 'number'],
  delivery: ['accepted', 'sent', 'delivered', 'undelivered', 'expired', 'rejected', 'unknown'],
  type: ['premium_rate', 'shared_cost', 'personal', 'pager', 'uan', 'voicemail', 'toll_free', 'voip', 'mobile', 'fixed_line'],
} as const;

const names = Object.keys(sets) as (keyof typeof sets)[];

/**
 * How a form names the values of a choice: in words, and behind them the value itself, because
 * gateway.hcl and the documents call it that. A value without words stays as it is.
 */
export function wordsOf(values: readonly unknown[], t: T): (value: unknown) => string {
  const set = names.find((name) => values.length > 1 && values.every((v) => (sets[name] as readonly unknown[]).includes(v)));
  if (!set) return String;
  return (value) => {
    const words = t(`form.words.${set}.${String(value)}` as 'form.words.mode.off', { defaultValue: '' });
    if (!words) return String(value);
    return words.toLowerCase() === String(value) ? words : `${words} (${String(value)})`;
  };
}
