import { MantineProvider } from '@mantine/core';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it, vi } from 'vitest';
import type { Schema } from '@/lib/dialect';
import { SchemaForm } from './SchemaForm';

// As in a browser that writes numbers in Russian.
vi.mock('@rjsf/utils', async (original) => ({ ...(await original<object>()), getDecimalSeparator: () => ',' }));
// There is no page in a unit test.
vi.mock('@/lib/base', () => ({ panelPath: '/admin/', apiUrl: String, gatewayUrl: String, styleNonce: '' }));
vi.mock('@/i18n', () => ({ useWords: () => ({ language: 'en', t: (key: string, more?: { value?: unknown; place?: string }) => [key, more?.value, more?.place].filter((x) => x !== undefined).join(' ') }) }));

const schema: Schema = {
  type: 'object',
  properties: {
    weight: { type: 'integer', default: 1 },
    connections: { type: 'integer', default: 4 },
    domain: { type: 'string', default: 'pbx' },
    share: { type: 'number', default: 1 },
  },
};

describe('a form with values of gateway.hcl', () => {
  const html = renderToStaticMarkup(
    <MantineProvider>
      <SchemaForm idPrefix="t" schema={schema} values={{ weight: 1, share: 0.5 }} onChange={() => undefined} lockedAt={{ weight: 'gateway.hcl:3:3', connections: 'gateway.hcl:2:1' }} />
    </MantineProvider>,
  );
  const input = (name: string) => html.match(new RegExp(`<input[^>]* id="t_${name}"[^>]*>`))?.[0] ?? '';

  it('shows what is set there as set, the default too', () => {
    expect(input('weight')).toContain('value="1"');
    expect(input('weight')).toContain('disabled=""');
    expect(html).toContain('common.lockedAt gateway.hcl:3:3');
  });
  it('shows the default where nothing is set, and the lock', () => {
    expect(input('connections')).toContain('value=""');
    expect(input('connections')).toContain('placeholder="form.fallback 4"');
    expect(input('connections')).toContain('disabled=""');
    expect(html).toContain('common.lockedAt gateway.hcl:2:1');
  });
  it('shows a fraction', () => {
    expect(input('share')).toContain('value="0.5"');
  });
  it('leaves the rest to the panel', () => {
    expect(input('domain')).toContain('placeholder="form.fallback pbx"');
    expect(input('domain')).not.toContain('disabled');
  });
});
