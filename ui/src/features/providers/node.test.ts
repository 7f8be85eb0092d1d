import { expect, it } from 'vitest';
import { testOf } from './node';

it('tests with what the form holds, and leaves a kept password to the gateway', () => {
  expect(testOf({ address: 'a:1', password: 'x' })).toEqual({ address: 'a:1', user: '', password: 'x' });
  expect(testOf({ address: 'a:1', user: 'u@d', password: { set: true } }, 'main')).toEqual({ name: 'main', address: 'a:1', user: 'u@d' });
  expect(testOf({}, 'main')).toEqual({ name: 'main', address: '', user: '' });
});
