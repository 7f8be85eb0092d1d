import { expect, it } from 'vitest';
import { isShortened, numbersHidden } from './hidden';

it('knows a shortened number from a whole one', () => {
  expect(['+7919***00', '7919***00', '***', '+79190000000', '1001', '', 'a * b'].map(isShortened)).toEqual([true, true, true, false, false, false, false]);
});

it('asks only where there is something to see', () => {
  expect(numbersHidden('sms', { phone: '7919***00' })).toBe(true);
  expect(numbersHidden('sms', { phone: '79190000000' })).toBe(false);
  expect(numbersHidden('calls', { called: '79190000000', caller: '***' })).toBe(true);
  expect(numbersHidden('requests', { body: { phone: '7919***00' } })).toBe(true);
  expect(numbersHidden('requests', { body: { password: '***' } })).toBe(true);
  expect(numbersHidden('requests', { body: { text: 'a *** b' } })).toBe(false);
  expect(numbersHidden('requests', { body: null })).toBe(false);
});
