import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url)).replace(/\/\.?$/, '');

// The page is served below any prefix: every address in it is relative, and the
// gateway fills in <base>. `npm run dev` has no gateway to do that.
const devPage = {
  name: 'patchbay-dev-page',
  apply: 'serve' as const,
  transformIndexHtml: (html: string) => html.replace('__BASE__', '/admin/').replace('__NONCE__', ''),
};

export default defineConfig(({ command }) => ({
  base: command === 'build' ? './' : '/admin/',
  plugins: [react(), devPage],
  resolve: {
    alias: {
      '@rjsf/validator-ajv8': source('lib/no-generated-code.ts'),
      '@': source('.'),
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/admin/api', '/healthz', '/openapi.json'].map((path) => [path, process.env.PATCHBAY_URL ?? 'http://127.0.0.1:8080']),
    ),
  },
  build: {
    target: 'chrome123',
    sourcemap: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
  // rjsf is bundled as for the page, so that the aliases above hold for it.
  test: { environment: 'node', server: { deps: { inline: [/@rjsf/] } }, include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
}));
