import { expect, it } from 'vitest';
import { hostsIn, nameError } from './new';
import { byPoint } from './points';

it('finds the hosts of the addresses among the settings', () => {
  expect(hostsIn({ url: 'https://SMS.example:8443/send?to={phone}', other: 'text http://not.me', list: [{ u: 'http://10.0.0.1/x' }], t: 'http://{host}/x', n: 1, none: null })).toEqual(['sms.example:8443', '10.0.0.1']);
  expect(hostsIn({ url: 'http://user:pass@host/' })).toEqual([]);
});

it('knows names that the gateway takes', () => {
  expect(['a', 'mts-main', 'demoReport', 'x'.repeat(64)].some(nameError)).toBe(false);
  expect(['', '1a', '-new', 'a b', 'ключ', 'x'.repeat(65)].every(nameError)).toBe(true);
});

it('groups by what is served, known kinds first', () => {
  const list = [{ n: 1, p: ['x.y'] }, { n: 2, p: ['report.source'] }, { n: 3, p: ['sms.provider'] }, { n: 4, p: [] }, { n: 5, p: ['report.source'] }];
  expect(byPoint(list, (x) => x.p).map(([point, xs]) => [point, xs.map((x) => x.n)])).toEqual([
    ['sms.provider', [3]],
    ['report.source', [2, 5]],
    ['', [4]],
    ['x.y', [1]],
  ]);
});
