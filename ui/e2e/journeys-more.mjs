// Plugins, the second factor, taking changes back, documents and the console.
import assert from 'node:assert/strict';
import { repack } from './package.mjs';

/** The journeys, made of the tools of the others. */
export const more = ({ open, signIn, toast, totp, until }) => ({
  async 'a plugin is uploaded, its difference is shown, consent is refused and given, and it is taken back'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const next = await repack('sms-http', (m) => {
      m.version = '9.1.0';
      m.capabilities.push({ name: 'kv', operations: ['kv_get', 'kv_put'], reason: { en: 'To remember balances.', ru: 'Чтобы помнить остатки.' } });
      m.settings.properties.extra = { type: 'string', title: 'Extra', 'x-title-ru': 'Ещё' };
    });
    const w = await open(world, browser, { path: 'plugins', expected: [/422/] });
    await w.page.getByRole('button', { name: 'Upload a plugin' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Upload a plugin' });
    const file = dialog.locator('input[type=file]');
    await file.setInputFiles({ name: 'broken.wasm', mimeType: 'application/wasm', buffer: Buffer.from('not a plugin') });
    await dialog.getByRole('button', { name: 'Upload a plugin' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'The file was not taken' }).waitFor();
    await file.setInputFiles({ name: 'sms-http.wasm', mimeType: 'application/wasm', buffer: next });
    await dialog.getByRole('button', { name: 'Upload a plugin' }).click();
    await w.page.waitForURL(/plugins\/sms-http/);
    const row = w.page.locator('[data-version="9.1.0"]');
    await row.getByText('Available').waitFor();
    assert.equal((await admin('/plugins/sms-http')).version.startsWith('9.'), false, 'nothing runs before somebody says so');

    // Looked at, and refused.
    await row.getByRole('button', { name: 'Bring into force' }).click();
    const decide = w.page.getByRole('dialog', { name: /9\.1\.0 into force/ });
    await decide.getByText('kv_put').waitFor();
    await decide.getByText('extra').waitFor();
    await decide.getByText('It asks for more than it was granted').waitFor();
    await decide.getByRole('button', { name: 'Cancel' }).click();
    await row.getByText('Available').waitFor();

    // A manager may only ask.
    const manager = await open(world, browser, { login: 'maria', path: 'plugins/sms-http' });
    await manager.page.locator('[data-version="9.1.0"]').getByRole('button', { name: 'Bring into force' }).click();
    await manager.page.getByRole('dialog').getByRole('button', { name: 'Ask for consent' }).click();
    await toast(manager.page, 'waits for consent');
    assert.equal(await manager.page.getByRole('button', { name: 'Upload a plugin' }).count(), 0);
    await manager.close();

    // Given, with the hosts as they were.
    await w.go('plugins/sms-http');
    await w.page.getByRole('button', { name: 'Look at it' }).click();
    const allow = decide.getByRole('button', { name: 'Allow and bring into force' });
    await allow.waitFor();
    const http = decide.getByLabel('Talk to other systems over HTTP');
    await until('granted before', () => http.isChecked());
    await http.uncheck();
    assert.ok(await allow.isDisabled(), 'what it uses must be allowed');
    await http.check();
    await decide.getByLabel('Keep data of its own').check();
    await decide.getByText(new URL(world.sandbox).host, { exact: true }).waitFor();
    await allow.click();
    await toast(w.page, '9.1.0 is in force');
    await w.page.locator('[data-version="9.1.0"]').getByText('On trial').waitFor();
    const now = (await admin('/providers')).providers.find((p) => p.name === 'mts-main');
    assert.equal(now.version, '9.1.0');
    assert.deepEqual(now.hosts, [new URL(world.sandbox).host]);
    assert.ok(now.private);

    // And back.
    await w.page.getByRole('button', { name: /^Go back to \d/ }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Go back to it' }).click();
    await toast(w.page, 'is in force');
    await until('the old one runs', async () => !(await admin('/plugins/sms-http')).version.startsWith('9.'));
    await w.page.getByRole('button', { name: 'More about 9.1.0' }).click();
    await w.page.getByRole('menuitem', { name: 'Delete the file' }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await toast(w.page, 'is deleted');
    await row.waitFor({ state: 'detached' });
    await w.close();
  },

  async 'a second factor is set up, used, and reset by an administrator'(world, browser) {
    await world.user('add', '--password', 'phone-pass-1', '--role', 'auditor', 'phone');
    const w = await open(world, browser, { login: 'phone', path: 'account', expected: [/422/] });
    await w.page.getByRole('button', { name: 'Switch on' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Second factor' });
    await dialog.getByLabel('Present password').fill('phone-pass-1');
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByRole('img', { name: /Picture/ }).waitFor();
    assert.ok(await until('the picture is drawn', () => dialog.getByRole('img', { name: /Picture/ }).evaluate((img) => img.complete && img.naturalWidth > 50)));
    const secret = (await dialog.getByTestId('secret').innerText()).replaceAll(' ', '');
    await dialog.getByLabel('Code').fill('000000');
    await dialog.getByRole('button', { name: 'Switch on' }).click();
    await dialog.getByText('is wrong or was used already').waitFor();
    await dialog.getByLabel('Code').fill(totp(secret));
    await dialog.getByRole('button', { name: 'Switch on' }).click();
    const codes = w.page.getByRole('dialog', { name: 'Recovery codes' });
    await codes.locator('li').first().waitFor();
    const list = await codes.locator('li').allInnerTexts();
    assert.ok(list.length >= 8, `${list.length} codes`);
    await w.page.keyboard.press('Escape');
    assert.ok(await codes.isVisible(), 'codes that are shown once must not close by accident');
    await codes.getByRole('button', { name: 'I have kept them' }).click();
    await w.page.getByText('recovery codes are left').waitFor();
    await w.close();

    const again = await open(world, browser, { login: '' });
    await signIn(again.page, 'phone', 'phone-pass-1');
    await again.page.locator('input[name=code]').fill(list[0]);
    await again.page.locator('button[type=submit]').click();
    await again.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await again.close();

    const boss = await open(world, browser, { path: 'users/phone' });
    await boss.page.getByRole('button', { name: 'More' }).click();
    await boss.page.getByRole('menuitem', { name: 'Reset the second factor' }).click();
    await boss.page.getByRole('dialog').getByRole('button', { name: 'Reset the second factor' }).click();
    await toast(boss.page, 'The second factor of phone is off');
    await boss.close();
    const last = await open(world, browser, { login: 'phone' });
    await last.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await last.close();
  },

  async 'a change is taken back after a look at it'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    await admin('/modules/sms/actions/status', { limit: '3/m' }, { method: 'PUT' });
    const limit = async () => (await admin('/modules/sms')).actions.find((a) => a.name === 'status').limit;
    assert.equal(await limit(), '3/m');
    const w = await open(world, browser, { path: 'changes?action=action.update' });
    await w.page.locator('[role=row][data-index="0"]').click();
    await w.page.getByRole('button', { name: 'Take it back' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Take this change back?' });
    await dialog.getByRole('cell', { name: '3/m' }).waitFor();
    await dialog.getByRole('button', { name: 'Take it back' }).click();
    await toast(w.page, 'Taken back');
    assert.notEqual(await limit(), '3/m');
    await w.close();
  },

  async 'a document is turned, looked at and applied; a stale one is refused'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const w = await open(world, browser, { path: 'configuration', expected: [/422/] });
    const hcl = w.page.getByRole('textbox', { name: 'Document as HCL' });
    const text = await hcl.inputValue();
    assert.match(text, /module "sms"/);
    assert.ok(!text.includes('write-only'), 'no secrets');
    await hcl.fill('module "sms" {');
    await w.page.getByRole('button', { name: 'Look at the changes' }).click();
    await w.page.getByRole('alert').filter({ hasText: 'Not applied' }).waitFor();
    const change = (limit) => text.replace(/(action "send" \{[^}]*limit\s*= ")[^"]*/, `$1${limit}`);
    assert.notEqual(change('11/s'), text);
    await hcl.fill(change('11/s'));
    await w.page.getByText('JSON', { exact: true }).click();
    const json = w.page.getByRole('textbox', { name: 'Document as JSON' });
    await until('turned', async () => JSON.parse(await json.inputValue()).module.sms.action.send.limit === '11/s');
    await w.page.getByRole('button', { name: 'Look at the changes' }).click();
    await w.page.getByRole('cell', { name: '11/s' }).waitFor();
    await w.page.getByRole('button', { name: 'Apply', exact: true }).click();
    await toast(w.page, 'applied and in force');
    const send = async () => (await admin('/modules/sms')).actions.find((a) => a.name === 'send').limit;
    assert.equal(await send(), '11/s');
    // Somebody else changes something between the look and the application.
    await until('fresh', async () => (await json.inputValue()).includes('11/s'));
    await json.fill((await json.inputValue()).replace('11/s', '12/s'));
    await w.page.getByRole('button', { name: 'Look at the changes' }).click();
    await w.page.getByRole('cell', { name: '12/s' }).waitFor();
    await admin('/modules/contact/actions/tiers', { enabled: true }, { method: 'PUT' });
    await w.page.getByRole('button', { name: 'Apply', exact: true }).click();
    await w.page.getByRole('alert').filter({ hasText: 'somebody else changed it meanwhile' }).waitFor();
    assert.equal(await send(), '11/s');
    await w.page.getByRole('button', { name: 'Discard changes' }).click();
    await admin('/modules/contact/actions/tiers', { enabled: false }, { method: 'PUT' });
    await admin('/modules/sms/actions/send', { limit: '5/s' }, { method: 'PUT' });
    await w.close();
  },

  async 'an aggregator is connected by its curl command, and a test message goes through it'(world, browser) {
    const w = await open(world, browser, { path: 'providers', expected: [/422/] });
    await w.page.getByRole('link', { name: 'SMS aggregator by its curl command' }).click();
    const command = w.page.getByLabel('curl command');
    await command.fill('wget http://x');
    await w.page.getByRole('button', { name: 'Read the command' }).click();
    await until('refused', async () => (await command.getAttribute('aria-invalid')) === 'true');
    await command.fill(`curl '${world.sandbox}/cgi-bin/sendsms?username=patchbay&password=secret&to=79190000000&text=Hello&from=SHOP'`);
    await w.page.getByRole('button', { name: 'Read the command' }).click();
    await w.page.getByText('The command is read').waitFor();
    const address = w.page.getByRole('textbox', { name: 'Address', exact: true });
    await until('placeholders', async () => /\{phone/.test(await address.inputValue()) && /\{message\}/.test(await address.inputValue()));
    await w.page.getByLabel('Name', { exact: false }).first().fill('by-curl');
    await w.page.getByRole('button', { name: 'Test connection' }).click();
    await w.page.locator('[data-ok]').waitFor();
    await w.page.locator('label', { hasText: 'These hosts are in the private network' }).click();
    // A real message, before anything is saved.
    await w.page.getByLabel('Number').last().fill('89161112233');
    await w.page.getByLabel('Text').last().fill('through the wizard');
    await w.page.getByRole('button', { name: 'Send test' }).click();
    await w.page.locator('[data-ok=true]').getByText('The message is accepted').waitFor();
    const sent = await (await fetch(`${world.sandbox}/sms/messages`)).json();
    assert.ok(sent.some((m) => JSON.stringify(m).includes('through the wizard')));
    await w.page.getByRole('button', { name: 'Save the connection' }).click();
    await w.page.getByText('the plugin does not work without it').waitFor();
    await w.page.getByLabel('Let this connection talk').check();
    await w.page.getByRole('button', { name: 'Save the connection' }).click();
    await w.page.getByRole('heading', { name: 'What next' }).waitFor();
    assert.ok(!(await w.page.content()).includes('password=secret'), 'secrets stay hidden in what was sent');
    await w.page.getByRole('button', { name: 'Settings of the connection' }).click();
    await w.page.getByRole('heading', { name: /^by-curl/ }).waitFor();
    await w.close();
    await (await world.admin('boss', 'boss-pass-1'))('/providers/by-curl', undefined, { method: 'DELETE' });
  },

  async 'the console sends a request as a user and finds its record'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const w = await open(world, browser, { path: 'console?action=%2Fcontact%2Ftier&user=API_test_2', expected: [/40\d|419/] });
    await w.page.getByLabel('queue').fill('support@default');
    await w.page.getByRole('button', { name: 'Send the request' }).click();
    await w.page.locator('[data-status="200"]').waitFor();
    await w.page.getByLabel('Body', { exact: true }).getByText('support@default').first().waitFor();
    await w.page.getByRole('heading', { name: 'In the journal' }).waitFor();
    await w.page.getByRole('list', { name: 'What happened' }).waitFor(); // its trace
    const tokens = async () => (await admin('/users/API_test_2/tokens')).tokens.filter((x) => x.label === 'Try it in the panel');
    assert.equal((await tokens()).length, 1);
    // A user without the right is denied, and says so beforehand.
    await w.page.getByRole('combobox', { name: 'User', exact: true }).click();
    await w.page.getByRole('option', { name: /^wallboard — has no right/ }).click();
    await w.page.getByRole('button', { name: 'Send the request' }).click();
    await w.page.locator('[data-status="405"]').waitFor();
    // A pasted token that is none.
    await w.page.getByText('Token', { exact: true }).click();
    await w.page.getByPlaceholder('Paste a token').fill('feedfeedfeedfeedfeedfeedfeedfeed');
    await w.page.getByRole('button', { name: 'Send the request' }).click();
    await w.page.locator('[data-status="401"]').waitFor();
    await w.page.getByRole('link', { name: 'Overview' }).click();
    await until('the token ends with the page', async () => (await tokens()).length === 0);
    await w.close();
  },

  async 'the overview lives: requests appear by themselves, the log is followed'(world, browser) {
    const token = await world.login('API_test_2', 'API_test_2-pass-1');
    const w = await open(world, browser);
    await w.page.getByText('live', { exact: true }).waitFor();
    const rate = w.page.locator('dt', { hasText: /^Requests$/ }).locator('xpath=following-sibling::dd[1]');
    await until('a rate', async () => {
      await world.call('/contact/queues', token);
      return !/^(0\/s|…)$/.test(await rate.innerText());
    });
    // A provider is tried with settings of which its plugin complains, and its log says so without a reload.
    await w.go('configuration?tab=log');
    await w.page.getByText('live', { exact: true }).waitFor();
    await w.close();
  },

  async 'a connection is tested with settings that are not saved, its secret is not needed again'(world, browser) {
    const w = await open(world, browser, { path: 'providers/mts-main' });
    await w.page.getByRole('textbox', { name: 'Address for the balance', exact: true }).fill(`${world.sandbox}/nothing-here`);
    await w.page.getByRole('button', { name: 'Test connection' }).click();
    await w.page.locator('[data-ok=false]').getByText('It did not work').waitFor();
    assert.ok(!(await w.page.content()).includes('write-only'));
    const { values } = await (await world.admin('boss', 'boss-pass-1'))('/providers/mts-main/settings');
    assert.equal(values.balance_url, undefined, 'nothing is saved');
    await w.page.getByRole('button', { name: /Discard/ }).click();
    await w.close();
  },

  async 'the journal is exported as it is filtered'(world, browser) {
    const w = await open(world, browser, { path: 'journal?kind=sms&user=crm' });
    await w.page.locator('[role=row][data-index="0"]').waitFor();
    for (const [name, begins] of [['CSV', /^\uFEFF?[\w"]/], ['XLSX', /^PK/]]) {
      const waiting = w.page.waitForEvent('download');
      await w.page.getByRole('button', { name: 'Export' }).click();
      await w.page.getByRole('menuitem', { name, exact: true }).click();
      const file = await waiting;
      const chunks = [];
      for await (const chunk of await file.createReadStream()) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString(name === 'CSV' ? 'utf8' : 'latin1');
      assert.match(text, begins);
      if (name === 'CSV') assert.ok(text.includes('crm') && !text.includes('API_test_2'), 'only what fits the filter');
      await toast(w.page, 'exported');
    }
    await w.close();
  },
});
