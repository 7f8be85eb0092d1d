import { describe, expect, it } from 'vitest';
import { curl, quote } from './curl';
import { formatBytes, formatMilliseconds, formatRelative } from './format';
import { hclBlock, hclValue } from './hcl';

describe('curl', () => {
  it('quotes whatever a text holds', () => {
    expect(quote(`it's "$HOME" \`x\``)).toBe(`'it'\\''s "$HOME" \`x\`'`);
    expect(curl('http://h/sms/send', 'T', { message: `don't` })).toContain(`-d '{"message":"don'\\''t"}'`);
    expect(curl('http://h/x', 'T')).toContain('-X POST');
  });
});

describe('hcl', () => {
  it('keeps templates of plugins from being templates of HCL', () => {
    expect(hclValue('${a} %{b} {c} "d"')).toBe('"$${a} %%{b} {c} \\"d\\""');
  });
  it('writes a block with its secrets from the environment', () => {
    expect(hclBlock('provider', 'mts-main', { url: 'http://x', n: 1, on: true, password: { set: true }, list: ['a'], 'odd name': {} }, { plugin: 'sms-http' })).toBe(`provider "mts-main" {
  plugin = "sms-http"

  settings = {
    url        = "http://x"
    n          = 1
    on         = true
    list       = ["a"]
    "odd name" = {}
  }

  secrets = {
    password = env("PATCHBAY_MTS_MAIN_PASSWORD")
  }
}`);
    expect(hclBlock('module', 'sms', {})).toBe('module "sms" {}');
  });
});

describe('format', () => {
  it('goes by the language', () => {
    expect(formatMilliseconds(0.69, 'en')).toBe('0.69 ms');
    expect(formatMilliseconds(1500, 'en')).toBe('1.5 sec');
    expect(formatBytes(2_621_440, 'en')).toBe('2.5 MB');
    expect(formatRelative(0, 'en', 300_000)).toBe('5 minutes ago');
    expect(formatRelative(0, 'ru', 86_400_000)).toBe('вчера');
    expect(formatRelative(90_000, 'en', 0)).toBe('in 1 minute');
  });
});
