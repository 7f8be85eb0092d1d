// Leaves a .br and a .gz twin beside every file of the build that shrinks, and
// holds the first load to its budget.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const budget = 300 * 1024; // bytes of gzipped JavaScript for sign-in and overview
const dist = new URL('../dist/', import.meta.url).pathname;
const assets = join(dist, 'assets');
const gzipped = new Map();

for (const name of readdirSync(assets)) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue;
  const file = join(assets, name);
  const body = readFileSync(file);
  const gz = gzipSync(body, { level: 9 });
  gzipped.set(name, gz.length);
  if (body.length < 1024) continue;
  writeFileSync(`${file}.gz`, gz);
  writeFileSync(`${file}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

// What the browser loads before the overview is there: the scripts of the page
// and, from there, whatever is imported statically, plus the first routes.
const page = readFileSync(join(dist, 'index.html'), 'utf8');
const todo = [...page.matchAll(/assets\/([\w.-]+\.js)/g)].map((m) => m[1]);
todo.push(...[...gzipped.keys()].filter((name) => /^(OverviewPage|SignInPage|ru|en)-.*\.js$/.test(name)));
const seen = new Set();
while (todo.length > 0) {
  const name = todo.pop();
  if (seen.has(name) || !gzipped.has(name)) continue;
  seen.add(name);
  const code = readFileSync(join(assets, name), 'utf8');
  for (const m of code.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) todo.push(m[1]);
}
const first = [...seen].reduce((sum, name) => sum + gzipped.get(name), 0);
console.log(`first load: ${(first / 1024).toFixed(1)} KiB of gzipped JavaScript in ${seen.size} files (budget ${budget / 1024} KiB)`);
if (first > budget) {
  console.error('the first load is over its budget: load something later');
  process.exit(1);
}
