// Pictures of every page in both languages and themes, for people to look at.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const out = new URL('../../build/screenshots/', import.meta.url).pathname;

const pages = [
  ['overview', ''],
  ['modules', 'modules'],
  ['module-actions', 'modules/contact'],
  ['module-settings', 'modules/sms?tab=settings'],
  ['module-permissions', 'modules/report?tab=permissions'],
  ['module-health', 'modules/sms?tab=health'],
  ['module-raw', 'modules/sms?tab=raw'],
  ['providers', 'providers'],
  ['node-new', 'providers/-node'],
  ['node', 'providers/-node/main'],
  ['provider-settings', 'providers/mts-main'],
  ['provider-locked', 'providers/demoReport'],
  ['provider-permissions', 'providers/kannel?tab=permissions'],
  ['provider-new', 'providers/-new'],
  ['provider-new-form', 'providers/-new?plugin=sms-kannel'],
  ['module-log', 'modules/sms?tab=log'],
  ['module-versions', 'modules/sms?tab=versions'],
  ['reports', 'reports'],
  ['report', `reports/demoReport?from=2022-11-10&to=2022-11-11`],
  ['report-sorted', `reports/request?from=2020-01-01&to=2030-12-31&sort=-c0&hide=c2`],
  ['plugins', 'plugins'],
  ['plugin', 'plugins/sms-http'],
  ['plugin-permissions', 'plugins/sms?tab=permissions'],
  ['plugin-crashes', 'plugins/sms?tab=crashes'],
  ['configuration', 'configuration'],
  ['guards', 'guards'],
  ['guards-message', 'guards?tab=message'],
  ['guards-alarms', 'guards?tab=alarms'],
  ['wizard', 'providers/-sms'],
  ['provider-test', 'providers/kannel?tab=test'],
  ['console', 'console?action=%2Fsms%2Fsend&user=crm'],
  ['users', 'users'],
  ['user-rights', 'users/crm'],
  ['user-access', 'users/crm?tab=access'],
  ['user-tokens', 'users/crm?tab=tokens'],
  ['user-calls', 'users/crm?tab=calls'],
  ['user-new', 'users/-new'],
  ['journal', 'journal'],
  ['journal-bad', 'journal?kind=bad&last=24h'],
  ['journal-sms', 'journal?kind=sms'],
  ['journal-calls', 'journal?kind=calls'],
  ['changes', 'changes'],
  ['account', 'account'],
  ['not-found', 'no/such/page'],
];

export async function screenshots(world, browser, only = process.env.ONLY) {
  if (!only) rmSync(out, { recursive: true, force: true });
  const looks = (process.env.LOOKS ?? 'ru-light-1440x900,en-dark-1440x900,en-light-1024x768,ru-dark-1024x768').split(',');
  for (const look of looks) {
    const [language, theme, size] = look.split('-');
    const [width, height] = size.split('x').map(Number);
    const folder = join(out, look);
    mkdirSync(folder, { recursive: true });
    const context = await browser.newContext({ viewport: { width, height }, locale: language, colorScheme: theme, timezoneId: 'Europe/Moscow', reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.on('console', (m) => m.type() === 'error' && console.log(`${look} ${page.url()}: ${m.text()}`));
    page.on('pageerror', (e) => console.log(`${look} ${page.url()}: ${e}`));
    await page.goto(world.panel);
    await page.locator('input[name=username]').waitFor();
    if (!only || 'sign-in'.match(only)) await page.screenshot({ path: join(folder, 'sign-in.png') });
    await page.locator('input[name=username]').fill('boss');
    await page.locator('input[name=password]').fill('boss-pass-1');
    await page.locator('button[type=submit]').click();
    await page.locator('#main').waitFor();
    for (const [name, path] of pages) {
      if (only && !name.match(only)) continue;
      await page.goto(new URL(path, world.panel).href);
      await page.locator('#main h1, #main p').first().waitFor();
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {});
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(folder, `${name}.png`) });
      if (name.startsWith('journal') || name === 'changes') {
        const row = page.locator('[role=row][data-index="1"]');
        if (await row.count()) {
          await row.click();
          await page.waitForTimeout(250);
          await page.screenshot({ path: join(folder, `${name}-row.png`) });
        }
      }
    }
    await context.close();
  }
  console.log(`screenshots are in ${out}`);
}
