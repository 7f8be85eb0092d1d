import { expect, it } from 'vitest';
import { changeNames } from '@/i18n/change';
import { whyNot } from './restorable';

it('has a reason for what cannot be taken back', () => {
  expect(whyNot('session.login')).toBe('nothing');
  expect(whyNot('user.password')).toBe('secret');
  expect(whyNot('user.second_factor.reset')).toBe('secret');
  expect(whyNot('plugin.upgrade')).toBe('plugin');
  expect(whyNot('plugin.delete')).toBe('file');
  expect(whyNot('module.settings')).toBe('unknown');
  expect(whyNot('something.new')).toBe('unknown');
  // Changes of the configuration can be taken back; when one cannot, nobody knows more than that.
  for (const name of changeNames.filter((n) => /^(module|action|gateway|change)\./.test(n))) expect(whyNot(name), name).toBe('unknown');
});
