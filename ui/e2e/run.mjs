// Journeys through the panel with the real gateway, or --screenshots of it.
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { journeys } from './journeys.mjs';
import { screenshots } from './screenshots.mjs';
import { seed, startWorld } from './world.mjs';

const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => existsSync(p));
if (!executablePath) {
  console.error('no Chromium: install the Debian package chromium or set CHROMIUM to its path');
  process.exit(1);
}
const build = process.env.PATCHBAY_BUILD ?? new URL('../../build', import.meta.url).pathname;
for (const file of [`${build}/patchbay`, `${build}/sandbox`, new URL('../dist/index.html', import.meta.url).pathname]) {
  if (!existsSync(file)) {
    console.error(`${file} is missing: run make build first`);
    process.exit(1);
  }
}

const lines = [];
const world = await startWorld({ log: (text) => lines.push(text) });
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let failed = false;
try {
  // The gateway carries its own copy of the panel.
  const script = readFileSync(new URL('../dist/index.html', import.meta.url), 'utf8').match(/assets\/index-[\w-]+\.js/)?.[0];
  const served = await (await fetch(world.panel)).text();
  if (!script || !served.includes(script)) throw new Error('build/patchbay holds another panel than ui/dist: run make build again');
  const admin = await seed(world);
  if (process.argv.includes('--screenshots')) await screenshots(world, browser);
  else failed = !(await journeys(world, browser, admin));
} catch (e) {
  failed = true;
  console.error(e);
} finally {
  await browser.close();
  await world.stop();
}
if (failed && process.env.GATEWAY_LOG) console.error(lines.join(''));
process.exit(failed ? 1 : 0);
