// What a manager does with the panel, in a real browser against the real gateway.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { manage } from './journeys-manage.mjs';
import { desk } from './journeys-desk.mjs';
import { more } from './journeys-more.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const patience = 15_000;

/** Opens a window and keeps watch: no errors on the console, no request that leaves the origin. */
async function open(world, browser, { login = 'boss', password = `${login}-pass-1`, locale = 'en', theme = 'light', path = '', expected = [] } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale, colorScheme: theme, timezoneId: 'Europe/Moscow', reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const origin = new URL(world.panel).origin;
  const faults = [];
  const allowed = (text) => [...expected, /\b(401|412)\b/].some((pattern) => pattern.test(text));
  page.on('console', (m) => {
    // The browser reports every answer that is no success; the tests look at those themselves.
    const network = m.text().startsWith('Failed to load resource');
    if (m.type() === 'error' && !(network && allowed(m.text()))) faults.push(`console: ${m.text()}`);
  });
  page.on('pageerror', (e) => faults.push(`page: ${e}`));
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (url.origin !== origin && !['data:', 'blob:'].includes(url.protocol)) faults.push(`leaves the origin: ${url.href}`);
  });
  await page.goto(new URL(path, world.panel).href);
  if (login) {
    await signIn(page, login, password);
    await page.locator('#main h1, [role=alert]').first().waitFor();
  }
  return {
    page,
    faults,
    go: (to) => page.goto(new URL(to, world.panel).href),
    /** Goes on without loading the panel again, as a click would. */
    async visit(to) {
      const title = await page.title();
      await page.evaluate((url) => {
        history.pushState(null, '', url);
        dispatchEvent(new PopStateEvent('popstate'));
      }, new URL(to, world.panel).href);
      await page.locator('#main h1, #main p').first().waitFor();
      await page.waitForTimeout(title === (await page.title()) ? 250 : 50);
    },
    async close() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

async function signIn(page, login, password) {
  await page.locator('input[name=username]').fill(login);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
}

/** The code that an application on a telephone shows now: RFC 6238 with its usual parameters. */
function totp(secret) {
  let bits = '';
  for (const c of secret.replace(/[= ]/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c.toUpperCase()).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const toast = (page, text) => page.getByRole('status').filter({ hasText: text }).first().waitFor();

async function until(what, check) {
  const end = Date.now() + patience;
  for (let last; ; ) {
    try {
      last = await check();
      if (last) return last;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`${what}: ${last}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const all = {
  async 'first sign-in: the password of the first start must be changed, then the panel opens'(world, browser) {
    await world.user('add', '--password', 'given-by-admin-1', '--role', 'manager', 'newcomer');
    const boss = await world.admin('boss', 'boss-pass-1');
    const before = await boss('/users/newcomer');
    await boss('/users/newcomer', { must_change: true }, { method: 'PATCH', ifMatch: before.version });
    const w = await open(world, browser, { login: '' });
    await signIn(w.page, 'newcomer', 'wrong-password');
    await w.page.getByRole('alert').filter({ hasText: 'Wrong login or password' }).waitFor();
    await signIn(w.page, 'newcomer', 'given-by-admin-1');
    await w.page.getByRole('heading', { name: 'Choose your own password' }).waitFor();
    await w.page.getByLabel('Present password').fill('given-by-admin-1');
    await w.page.getByLabel('New password', { exact: true }).fill('my-own-secret-1');
    await w.page.getByLabel('New password again').fill('something else');
    await w.page.getByText('the two are not the same').waitFor();
    await w.page.getByLabel('New password again').fill('my-own-secret-1');
    await w.page.getByRole('button', { name: 'Change password' }).click();
    await w.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await w.close();
  },

  async 'a second factor is asked for after the password'(world, browser) {
    await world.user('add', '--password', 'careful-pass-1', '--role', 'auditor', 'careful');
    const careful = await world.admin('careful', 'careful-pass-1');
    const { secret } = await careful('/me/second-factor', { password: 'careful-pass-1' });
    const { recovery_codes: codes } = await careful('/me/second-factor/confirm', { code: totp(secret) });
    const w = await open(world, browser, { login: '' });
    await signIn(w.page, 'careful', 'careful-pass-1');
    await w.page.locator('input[name=code]').fill('000000');
    await w.page.locator('button[type=submit]').click();
    await w.page.getByRole('alert').waitFor();
    await w.page.locator('input[name=code]').fill(codes[0]);
    await w.page.locator('button[type=submit]').click();
    await w.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await w.close();
  },

  async 'an integrator is told why there is no panel'(world, browser) {
    const w = await open(world, browser, { login: 'crm', expected: [/403/] });
    await w.page.getByText('Integrators work with the API').waitFor();
    await w.close();
  },

  async 'switching sms off answers 405 at once, undo brings it back'(world, browser) {
    const token = await world.login('crm', 'crm-pass-1');
    const send = async () => (await world.call('/sms/send', token, { phone: '89161234567', message: 'test' })).status;
    await until('sms works before', async () => (await send()) === 200);
    const w = await open(world, browser, { path: 'modules' });
    const toggle = w.page.getByRole('switch', { name: 'Module “SMS”' });
    await toggle.waitFor();
    assert.equal(await toggle.isChecked(), true);
    await w.page.locator('[data-module=sms] label:has([aria-label="Module “SMS”"])').first().click();
    const dialog = w.page.getByRole('dialog');
    await dialog.getByRole('link', { name: 'crm' }).waitFor(); // who used it lately
    await dialog.getByRole('button', { name: 'Switch off' }).click();
    await toast(w.page, '“SMS” is off.');
    await w.page.locator('[data-module=sms][data-off=true]').waitFor();
    assert.equal(await send(), 405);
    await w.page.getByRole('button', { name: 'Undo' }).click();
    await toast(w.page, '“SMS” is on.');
    await until('sms works again', async () => [200, 429].includes(await send()));
    await w.page.locator('[data-module=sms][data-off=false]').getByText('On', { exact: true }).waitFor();
    await w.close();
  },

  async 'one action can be off while its module is on; its limit can be set'(world, browser) {
    const token = await world.login('API_test_2', 'API_test_2-pass-1');
    const w = await open(world, browser, { path: 'modules/contact' });
    await w.page.locator('tr[data-action=queues] label:has([role=switch])').first().click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
    await toast(w.page, '“Queues” is off.');
    assert.equal((await world.call('/contact/queues', token)).status, 405);
    assert.equal((await world.call('/contact/tier', token, { queue: 'support@default' })).status, 200);
    await w.page.locator('tr[data-action=queues] label:has([role=switch])').first().click();
    await toast(w.page, '“Queues” is on.');
    await w.page.getByRole('button', { name: /Limit per user: Call detail record/ }).click();
    await w.page.getByLabel('Requests', { exact: true }).fill('7');
    await w.page.getByRole('button', { name: 'Save' }).click();
    await w.page.locator('tr[data-action=cdr]').getByText('7 a second').waitFor();
    const { actions } = await (await world.admin('boss', 'boss-pass-1'))('/modules/contact');
    assert.equal(actions.find((a) => a.name === 'cdr').limit, '7/s');
    await w.close();
  },

  async 'a user with two rights: the token is shown once, allowed and denied as said'(world, browser) {
    const w = await open(world, browser, { path: 'users/-new' });
    await w.page.getByRole('textbox', { name: /^Login/ }).fill('shop');
    await w.page.getByRole('checkbox', { name: 'Send an SMS' }).check();
    await w.page.getByRole('checkbox', { name: 'Queues' }).check();
    await w.page.getByRole('button', { name: 'Create the user' }).click();
    const once = w.page.getByRole('dialog', { name: 'Password of shop' });
    assert.match(await once.locator('pre').innerText(), /^[a-z2-7]{26}$/);
    await w.page.keyboard.press('Escape');
    assert.ok(await once.isVisible(), 'a secret that is shown once must not close by accident');
    await once.getByRole('button', { name: 'I have copied it' }).click();
    await w.page.getByRole('button', { name: 'Issue a token' }).click();
    await w.page.getByLabel('Label').fill('shop, production');
    await w.page.getByRole('dialog').getByRole('button', { name: 'Issue a token' }).click();
    const secret = w.page.getByRole('dialog', { name: 'The new token' });
    const token = await secret.locator('pre').innerText();
    assert.match(token, /^[0-9a-f]{32}$/);
    await secret.getByRole('button', { name: 'I have copied it' }).click();
    await w.page.getByRole('cell', { name: /^shop, production/ }).waitFor();
    assert.equal((await world.call('/contact/queues', token)).status, 200);
    assert.equal((await world.call('/report/users', token)).status, 405);
    await w.page.getByRole('tab', { name: 'What they can do' }).click();
    await w.page.getByText('Send an SMS').click();
    await w.page.locator('details[open] pre', { hasText: 'Authorization: Bearer $TOKEN' }).first().waitFor();
    await w.page.getByRole('tab', { name: 'Tokens' }).click();
    await w.page.getByRole('button', { name: /^Revoke: shop/ }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await toast(w.page, 'Revoked.');
    assert.equal((await world.call('/contact/queues', token)).status, 401);
    await w.close();
  },

  async 'a new SMS connection: mistakes are named, it is created with consent, its secret never comes back'(world, browser) {
    const w = await open(world, browser, { path: 'providers/-new', expected: [/422/] });
    await w.page.getByRole('button', { name: /^Kannel/ }).click();
    await w.page.getByRole('button', { name: 'Connect', exact: true }).click();
    await w.page.getByText('a Latin letter, then letters').waitFor();
    await w.page.getByText('the plugin does not work without it').waitFor();
    assert.equal(await w.page.getByText('is required', { exact: true }).count(), 3);
    await w.page.getByLabel('Name', { exact: false }).first().fill('second');
    await w.page.getByRole('textbox', { name: 'Address', exact: true }).fill('not an address');
    await w.page.getByText('must be an address such as').waitFor();
    await w.page.getByRole('textbox', { name: 'Address', exact: true }).fill(world.sandbox);
    await w.page.getByRole('textbox', { name: 'User', exact: true }).fill('patchbay');
    await w.page.locator('input[type=password]').fill('kept-secret-1');
    await w.page.getByLabel('Talk to other systems over HTTP').check();
    await w.page.getByText(new URL(world.sandbox).host, { exact: true }).waitFor(); // the host follows the address
    await w.page.locator('label', { hasText: 'These hosts are in the private network' }).click();
    await w.page.getByRole('button', { name: 'Connect', exact: true }).click();
    await w.page.getByRole('heading', { name: /^second/ }).waitFor();
    await w.page.getByRole('heading', { name: /^second/ }).getByText('On').waitFor();
    await w.page.getByRole('tab', { name: 'Settings' }).click();
    await w.page.getByText('is set and never shown').waitFor();
    await w.page.getByRole('tab', { name: 'Raw' }).click();
    assert.match(await w.page.getByRole('textbox', { name: 'JSON' }).inputValue(), /"set": true/);
    assert.ok(!(await w.page.content()).includes('kept-secret-1'));
    await w.page.getByRole('button', { name: 'Delete' }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await toast(w.page, 'Connection “second” is deleted.');
    await w.page.locator('tr[data-provider=kannel]').waitFor();
    await w.page.locator('tr[data-provider=second]').waitFor({ state: 'detached' });
    await w.close();
  },

  async 'form and raw view edit one document; what the file sets is locked'(world, browser) {
    const w = await open(world, browser, { path: 'modules/sms?tab=settings' });
    assert.ok(await w.page.getByLabel('Sender').isDisabled());
    await w.page.getByRole('img', { name: /Set in .*gateway\.hcl:\d+:\d+/ }).waitFor();
    await w.page.getByLabel('Longest message').fill('12');
    await w.page.getByRole('tab', { name: 'Raw' }).click();
    const raw = w.page.getByRole('textbox', { name: 'JSON' });
    assert.equal(JSON.parse(await raw.inputValue()).max_segments, 12);
    await raw.fill('{"originator": "FRONTLINE", "max_segments": 99}');
    await w.page.getByRole('tab', { name: 'Settings' }).click();
    await w.page.getByRole('button', { name: 'Save' }).click();
    await w.page.getByText('must be at most 25').waitFor();
    await w.page.getByLabel('Longest message').fill('9');
    await w.page.getByRole('button', { name: 'Save' }).click();
    await toast(w.page, 'saved and in force');
    const settings = await (await world.admin('boss', 'boss-pass-1'))('/modules/sms/settings');
    assert.equal(settings.values.max_segments, 9);
    await w.close();
  },

  async 'two windows change one setting: the second is asked, nothing is overwritten unseen'(world, browser) {
    const a = await open(world, browser, { path: 'modules/sms?tab=settings' });
    const b = await open(world, browser, { login: 'maria', path: 'modules/sms?tab=settings' });
    await b.page.getByLabel('Longest message').waitFor();
    await a.page.getByLabel('Longest message').fill('3');
    await a.page.getByRole('button', { name: 'Save' }).click();
    await toast(a.page, 'saved and in force');
    // Another field: merged without a question.
    await b.page.getByLabel('Project').fill('4242');
    await b.page.getByRole('button', { name: 'Save' }).click();
    await toast(b.page, 'saved and in force');
    await until('both changes hold', async () => (await b.page.getByLabel('Longest message').inputValue()) === '3');
    // The same field: a choice.
    await a.page.getByLabel('Longest message').fill('5');
    await a.page.getByLabel('Project').fill('4242'); // the same as theirs is no conflict
    await b.page.getByLabel('Longest message').fill('7');
    await b.page.getByRole('button', { name: 'Save' }).click();
    await until('theirs is saved', async () => (await (await world.admin('boss', 'boss-pass-1'))('/modules/sms/settings')).values.max_segments === 7);
    await a.page.getByRole('button', { name: 'Save' }).click();
    const dialog = a.page.getByRole('dialog', { name: 'Somebody else changed these settings' });
    await dialog.waitFor();
    assert.equal(await dialog.getByRole('row').count(), 2);
    await dialog.getByRole('radio', { name: 'Longest message: Mine' }).check();
    await dialog.getByRole('button', { name: 'Save the choice' }).click();
    await until('mine holds', async () => {
      const { values } = await (await world.admin('boss', 'boss-pass-1'))('/modules/sms/settings');
      return values.max_segments === 5 && values.project_id === '4242';
    });
    await a.close();
    await b.close();
  },

  async 'unsaved changes are not lost by a click elsewhere'(world, browser) {
    const w = await open(world, browser, { path: 'modules/sms?tab=settings' });
    await w.page.getByLabel('Project').fill('unsaved');
    await w.page.getByRole('link', { name: 'Journal' }).click();
    await w.page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await w.page.getByRole('button', { name: 'Keep editing' }).click();
    assert.equal(await w.page.getByLabel('Project').inputValue(), 'unsaved');
    await w.page.getByRole('link', { name: 'Journal' }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Discard changes' }).click();
    await w.page.getByRole('heading', { name: 'Journal' }).waitFor();
    await w.close();
  },

  async 'the journal: filters are in the address, a record opens and leads to its SMS'(world, browser) {
    const token = await world.login('API_test_2', 'API_test_2-pass-1');
    await world.call('/sms/send', token, { phone: '89991112233', message: 'findable', session_id: 'session-77' });
    const w = await open(world, browser, { path: 'journal' });
    await w.page.getByRole('searchbox', { name: 'Text, number, id…' }).fill('session-77');
    await w.page.waitForURL(/text=session-77/);
    const rows = w.page.locator('[role=row][data-index]');
    await until('one row', async () => (await rows.count()) === 1);
    await rows.first().click();
    await w.page.waitForURL(/row=/);
    await w.page.getByRole('dialog').getByRole('link', { name: 'Open the record' }).click();
    await w.page.waitForURL(/kind=sms/);
    await w.page.getByRole('dialog').getByText('findable').first().waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.reload(); // a deep link
    await w.page.locator('[role=row][data-index]').first().waitFor();
    await w.page.getByText('Bad requests', { exact: true }).click();
    await w.page.waitForURL(/kind=bad/);
    await until('only bad ones', async () => {
      const codes = await w.page.locator('[role=row][data-index] [role=gridcell]:nth-child(2)').allInnerTexts();
      return codes.length > 3 && codes.every((c) => Number(c) >= 400);
    });
    await w.page.locator('[role=row][data-index="0"]').focus();
    await w.page.keyboard.press('ArrowDown');
    await until('the keyboard moves', () => w.page.evaluate(() => document.activeElement?.getAttribute('data-index') === '1'));
    await w.close();
  },

  async 'the change history shows before and after'(world, browser) {
    const w = await open(world, browser, { path: 'changes?action=action.disable' });
    await w.page.locator('[role=row][data-index="0"]').click();
    const detail = w.page.getByRole('dialog');
    await detail.getByRole('rowheader', { name: 'enabled' }).waitFor();
    await detail.getByText('false', { exact: true }).waitFor();
    await w.close();
  },

  async 'the session ends under an open page: sign in over it, nothing is lost'(world, browser) {
    const w = await open(world, browser, { login: 'maria', path: 'modules/sms?tab=settings' });
    await w.page.getByLabel('Project').fill('still here');
    const boss = await world.admin('boss', 'boss-pass-1');
    await boss('/users/maria/tokens', undefined, { method: 'DELETE' });
    await w.page.getByRole('button', { name: 'Save' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'The session has ended' });
    await dialog.locator('input[type=password]').fill('maria-pass-1');
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await w.page.getByLabel('Project').inputValue(), 'still here');
    await w.page.getByRole('button', { name: 'Save' }).click();
    await toast(w.page, 'saved and in force');
    // Another window of the same browser needs no second sign-in.
    const second = await w.page.context().newPage();
    await second.goto(new URL('users', world.panel).href);
    await second.getByRole('heading', { name: 'Users' }).waitFor();
    await w.close();
  },

  async 'an auditor sees everything and can change nothing'(world, browser) {
    const w = await open(world, browser, { login: 'revizor', path: 'modules' });
    await w.page.getByRole('switch', { name: 'Module “SMS”' }).waitFor();
    assert.equal(await w.page.locator('[role=switch]:not(:disabled)').count(), 0);
    await w.go('users/crm?tab=tokens');
    await w.page.getByRole('cell', { name: /CRM, рабочая/ }).waitFor();
    assert.equal(await w.page.getByRole('button', { name: /Revoke|Issue/ }).count(), 0);
    await w.go('modules/sms?tab=settings');
    await w.page.getByText('changing them takes a manager').waitFor();
    assert.ok(await w.page.getByLabel('Project').isDisabled());
    await w.close();
  },

  async 'language and theme change at once and stay'(world, browser) {
    const w = await open(world, browser, { locale: 'ru-RU' });
    await w.page.getByRole('heading', { name: 'Обзор' }).waitFor();
    assert.equal(await w.page.evaluate(() => document.documentElement.lang), 'ru');
    await w.page.getByRole('button', { name: 'Язык' }).click();
    await w.page.getByRole('menuitem', { name: 'English' }).click();
    await w.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await w.page.getByRole('button', { name: 'Theme' }).click();
    await w.page.getByRole('menuitem', { name: 'Dark' }).click();
    await w.page.reload();
    await w.page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.equal(await w.page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(18, 24, 26)');
    await w.close();
  },

  async 'the gateway restarts: the panel says so and goes on by itself'(world, browser) {
    const w = await open(world, browser, { path: 'modules', expected: [/502|503/] });
    await w.page.getByRole('switch', { name: 'Module “SMS”' }).waitFor();
    await world.stopGateway();
    await w.page.getByText('The gateway does not answer').waitFor({ timeout: 20_000 });
    await world.startGateway();
    await w.page.getByText('The gateway does not answer').waitFor({ state: 'detached', timeout: 20_000 });
    await w.page.locator('[data-module=sms]').getByText('On', { exact: true }).waitFor();
    await w.close();
  },

  async 'no page has serious barriers, in both themes'(world, browser) {
    const pages = ['', 'modules', 'modules/sms?tab=settings', 'modules/contact', 'modules/sms?tab=permissions', 'modules/sms?tab=health', 'modules/sms?tab=raw', 'providers', 'providers/mts-main', 'providers/demoReport', 'providers/-new', 'providers/-new?plugin=sms-http', 'providers/-node', 'providers/-node/main', 'users', 'users/crm', 'users/crm?tab=access', 'users/crm?tab=tokens', 'users/crm?tab=calls', 'users/-new', 'journal', 'journal?kind=sms', 'journal?kind=calls', 'changes', 'account', 'plugins', 'plugins/sms-http', 'plugins/sms?tab=permissions', 'plugins/sms?tab=crashes', 'reports', 'reports/request?from=2020-01-01&to=2030-12-31', 'configuration', 'guards', 'guards?tab=message', 'guards?tab=alarms', 'console?action=%2Fsms%2Fsend', 'providers/-sms', 'providers/kannel?tab=test', 'modules/sms?tab=log', 'modules/sms?tab=versions', 'no/such/page'];
    const found = [];
    for (const theme of ['light', 'dark']) {
      const w = await open(world, browser, { login: '', theme });
      // The policy of the page keeps foreign scripts out; the tool comes in through the debugger.
      const look = async (name) => {
        await w.page.evaluate(axe);
        // The themes differ in their colours only.
        const rules = theme === 'dark' ? { runOnly: ['color-contrast'] } : {};
        const { violations } = await w.page.evaluate((options) => globalThis.axe.run(document, { resultTypes: ['violations'], ...options }), rules);
        for (const v of violations.filter((x) => ['serious', 'critical'].includes(x.impact)))
          found.push(`${theme} ${name}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join(' | ')}`);
      };
      await w.page.locator('input[name=username]').waitFor();
      await look('sign-in');
      await signIn(w.page, 'boss', 'boss-pass-1');
      await w.page.locator('#main h1').waitFor();
      for (const path of theme === 'dark' ? pages.filter((_, i) => i % 2 === 0) : pages) {
        await w.visit(path);
        await w.page.waitForFunction(() => !document.querySelector('#main [aria-busy=true]'));
        await look(path || 'overview');
      }
      await w.close();
    }
    assert.deepEqual(found, []);
  },

  ...more({ open, signIn, toast, totp, until }),
  ...desk({ open, toast, until }),
  ...manage({ open, toast, until }),
};

/** Runs the journeys whose names match the environment's ONLY; true when all succeed. */
export async function journeys(world, browser) {
  const only = process.env.ONLY;
  let failed = 0;
  for (const [name, journey] of Object.entries(all)) {
    if (only && !name.match(only)) continue;
    const start = Date.now();
    try {
      await journey(world, browser);
      console.log(`ok    ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    } catch (e) {
      failed++;
      console.log(`FAIL  ${name}\n${e.stack ?? e}`);
      for (const context of browser.contexts()) {
        for (const page of context.pages()) {
          const file = new URL(`../../build/journey-failed-${failed}.png`, import.meta.url).pathname;
          await page.screenshot({ path: file }).catch(() => {});
          console.log(`      ${page.url()} looked like ${file}`);
        }
        await context.close();
      }
    }
  }
  return failed === 0;
}
