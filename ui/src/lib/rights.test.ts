import { describe, expect, it } from 'vitest';
import { allows, coverage, normalise, setModule, setRight } from './rights';

const sms = { right: 'sms.*', actions: [{ right: 'sms.send' }, { right: 'sms.status' }] };
const report = { right: 'report.*', actions: [{ right: 'report.sms' }] };
const all = [sms, report];

describe('rights', () => {
  it('are split when one action of a wider right is refused', () => {
    expect(setRight(['*'], all, 'sms.send', false)).toEqual(['report.*', 'sms.status']);
    expect(setRight(['sms.*'], all, 'sms.send', false)).toEqual(['sms.status']);
  });
  it('do not grow into the whole module by themselves: that would include later actions', () => {
    expect(setRight(['sms.send'], all, 'sms.status', true)).toEqual(['sms.send', 'sms.status']);
  });
  it('take and give whole modules', () => {
    expect(setModule(['sms.send'], all, sms, true)).toEqual(['sms.*']);
    expect(setModule(['*'], all, sms, false)).toEqual(['report.*']);
    expect(setModule(['sms.*', 'report.sms'], all, sms, false)).toEqual(['report.sms']);
  });
  it('keep rights to what is not there now', () => {
    expect(setRight(['gone.act'], all, 'sms.send', true)).toEqual(['gone.act', 'sms.send']);
    expect(setModule(['gone.*'], all, sms, true)).toEqual(['gone.*', 'sms.*']);
  });
  it('allow what a wider one covers', () => {
    expect(['*', 'sms.*', 'sms.send'].map((r) => allows([r], 'sms.send'))).toEqual([true, true, true]);
    expect(['report.*', 'sms.status', 'smsx.*'].map((r) => allows([r], 'sms.send'))).toEqual([false, false, false]);
  });
  it('cover a module wholly only when later actions are included', () => {
    expect(coverage(['sms.send', 'sms.status'], sms)).toBe('some');
    expect(coverage(['sms.*'], sms)).toBe('all');
    expect(coverage(['report.*'], sms)).toBe('none');
  });
  it('are kept as the gateway keeps them', () => {
    expect(normalise(['sms.send', 'sms.*', 'a.b', 'a.b'])).toEqual(['a.b', 'sms.*']);
    expect(normalise(['sms.send', '*'])).toEqual(['*']);
  });
});
