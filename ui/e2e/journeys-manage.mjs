// Nodes, tests before saving, consent, users and their documents, and a gateway that restarts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { repack } from './package.mjs';

const run = promisify(execFile);

/** The journeys, made of the tools of the others. */
export const manage = ({ open, toast, until }) => ({
  async 'a FreeSWITCH is tested, added, and deleted; a wrong password says what to do'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const w = await open(world, browser, { path: 'providers' });
    await w.page.getByRole('link', { name: 'Add a FreeSWITCH' }).click();
    await w.page.getByRole('heading', { name: 'New FreeSWITCH node' }).waitFor();
    await w.page.getByLabel('Name', { exact: false }).first().fill('pbx-2');
    await w.page.getByRole('textbox', { name: 'Address', exact: true }).fill(world.esl);
    await w.page.locator('#node_password').fill('wrong');
    await w.page.getByRole('button', { name: 'Test connection' }).click();
    await w.page.locator('[data-code=password]').getByText('event_socket.conf.xml').waitFor();
    await w.page.locator('#node_password').fill('ClueCon');
    await w.page.getByRole('button', { name: 'Test connection' }).click();
    await w.page.locator('[data-ok=true]').getByText('Connected:').waitFor();
    assert.equal((await admin('/nodes')).nodes.length, 1, 'a test keeps nothing');
    await w.page.getByRole('button', { name: 'Connect', exact: true }).click();
    await toast(w.page, 'The node “pbx-2” is added');
    await until('it is up', async () => (await admin('/nodes')).nodes.find((n) => n.name === 'pbx-2')?.state === 'up');
    await w.page.getByRole('link', { name: 'pbx-2', exact: true }).click();
    await w.page.getByRole('heading', { name: /^FreeSWITCH pbx-2/ }).waitFor();
    assert.ok(!(await w.page.content()).includes('ClueCon'), 'the password never comes back');
    await w.page.getByRole('button', { name: 'Test connection' }).click();
    await w.page.locator('[data-ok=true]').getByText('Connected:').waitFor(); // with the password that is kept
    await w.page.getByRole('button', { name: 'Delete', exact: true }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await toast(w.page, 'The node “pbx-2” is deleted');
    await until('it is gone', async () => (await admin('/nodes')).nodes.length === 1);
    await w.go('providers/-node/main');
    await w.page.getByText('Defined in gateway.hcl', { exact: false }).first().waitFor();
    await w.close();
  },

  async 'an SMS goes out with settings that are not saved, and nothing else is kept'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const before = (await admin('/providers')).providers.length;
    const w = await open(world, browser, { path: 'providers/-new?plugin=sms-kannel' });
    await w.page.getByRole('textbox', { name: 'Address', exact: true }).fill(world.sandbox);
    await w.page.getByRole('textbox', { name: 'User', exact: true }).fill('patchbay');
    await w.page.locator('#new_password').fill('secret');
    const consent = w.page.getByLabel('Talk to other systems over HTTP');
    await consent.check();
    await w.page.locator('label', { hasText: 'These hosts are in the private network' }).click();
    await w.page.getByLabel('Number').fill('89161112299');
    await w.page.getByLabel('Text', { exact: true }).fill('before it is saved');
    await w.page.getByRole('button', { name: 'Send test' }).click();
    await w.page.locator('[data-ok=true]').getByText('The message is accepted').waitFor();
    const sent = await (await fetch(`${world.sandbox}/sms/messages`)).json();
    assert.ok(sent.some((m) => JSON.stringify(m).includes('before it is saved')));
    assert.equal((await admin('/providers')).providers.length, before);
    const { rows } = await admin('/journal/sms?limit=1');
    assert.equal(rows[0].provider, '(not saved)');
    await w.close(); // there are unsaved changes; the window closes all the same
  },

  async 'a module that nobody runs yet asks for consent first'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const file = await repack('contact', (m) => {
      m.id = 'dialer';
      m.title = { en: 'Dialer', ru: 'Обзвон' };
    });
    const form = new FormData();
    form.append('file', new Blob([file], { type: 'application/wasm' }), 'dialer.wasm');
    await world.upload('boss', 'boss-pass-1', form);
    const w = await open(world, browser, { path: 'modules' });
    const card = w.page.locator('[data-module=dialer]');
    await card.getByRole('switch', { name: 'Module “Dialer”' }).click({ force: true });
    const dialog = w.page.getByRole('dialog', { name: /for the first time/ });
    const go = dialog.getByRole('button', { name: 'Allow and switch on' });
    await dialog.getByText('gets only what you allow here').waitFor();
    assert.ok(await go.isDisabled(), 'what the code needs is not allowed yet');
    for (const box of await dialog.getByRole('checkbox').all()) await box.check();
    await go.click();
    await toast(w.page, '“Dialer” is on');
    await until('it serves', async () => (await admin('/modules/dialer')).state.name === 'warm');
    // Off again: nobody has called it.
    await card.getByRole('switch', { name: 'Module “Dialer”' }).click({ force: true });
    const off = w.page.getByRole('dialog', { name: 'Switch “Dialer” off?' });
    await off.getByText('Nobody has called it in the last 7 days').waitFor();
    await off.getByRole('button', { name: 'Switch off' }).click();
    await toast(w.page, '“Dialer” is off');
    await w.close();
  },

  async 'a module whose plugin cannot start says how far it came, why, and what to do; nothing has changed'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    // The code of a plugin that nothing here has compiled yet, as a module that cannot start with so little.
    const file = await repack('sms-twilio', (m) => {
      const text = { en: 'Go', ru: 'Идти' };
      delete m.extends;
      delete m.health;
      Object.assign(m, { id: 'cramped', kind: 'module', title: { en: 'Cramped', ru: 'Тесный' }, actions: [{ name: 'go', title: text, summary: text }], settings: undefined, limits: { cpu: 1 } });
    });
    const form = new FormData();
    form.append('file', new Blob([file], { type: 'application/wasm' }), 'cramped.wasm');
    await world.upload('boss', 'boss-pass-1', form);
    const w = await open(world, browser, { path: 'modules', expected: [/4\d\d|5\d\d/] });
    const card = w.page.locator('[data-module=cramped]');
    const toggle = card.getByRole('switch', { name: 'Module “Cramped”' });
    await toggle.waitFor();
    await card.evaluate((element) => {
      globalThis.stages = [];
      const names = ['Switching on…', 'Compiling', 'Starting'];
      new MutationObserver(() => {
        const stage = names.find((name) => element.textContent.includes(name));
        if (stage && globalThis.stages.at(-1) !== stage) globalThis.stages.push(stage);
      }).observe(element, { subtree: true, childList: true, characterData: true });
    });
    await toggle.click({ force: true });
    const dialog = w.page.getByRole('dialog', { name: /for the first time/ });
    await dialog.getByText('gets only what you allow here').waitFor();
    for (const box of await dialog.getByRole('checkbox').all()) await box.check();
    await dialog.getByRole('button', { name: 'Allow and switch on' }).click();
    const refused = card.locator('[data-refused]');
    await refused.getByText('“Cramped” could not be switched on').waitFor();
    assert.match(await refused.innerText(), /start|CPU|instructions/i);
    await refused.getByText('Nothing has changed').waitFor();
    const stages = await w.page.evaluate(() => globalThis.stages);
    assert.equal(stages[0], 'Switching on…');
    console.log(`      stages: ${stages.join(', ')}`);
    await until('the switch is back', async () => !(await toggle.isChecked()));
    assert.equal((await admin('/modules/cramped')).on, false);
    // The reason stays until somebody tries again, and is on the page of the module, too.
    await w.page.getByRole('link', { name: 'Cramped', exact: true }).click();
    await w.page.locator('[data-refused]').getByText('could not be switched on').waitFor();
    await w.close();
  },

  async 'a guard is set in words, refuses, and shows what it refused'(world, browser) {
    const token = await world.login('API_test_2', 'API_test_2-pass-1');
    const send = () => world.call('/sms/send', token, { phone: '89165550199', message: 'guarded' });
    const w = await open(world, browser, { path: 'guards?tab=message', expected: [/422/] });
    await w.page.getByRole('checkbox', { name: 'Premium-rate number (premium_rate)' }).waitFor();
    await w.page.getByLabel('Night', { exact: true }).fill('after ten');
    const perDay = w.page.getByLabel('One number, a day', { exact: true });
    await perDay.fill('1');
    await w.page.getByRole('button', { name: 'Save' }).click();
    await w.page.getByText('One field needs your attention').first().waitFor();
    await w.page.getByLabel('Night', { exact: true }).fill('');
    await w.page.getByRole('button', { name: 'Save' }).click();
    await toast(w.page, 'saved and in force');
    await until('one message', async () => (await send()).status === 200);
    const refusal = await send();
    assert.equal(refusal.status, 429, JSON.stringify(refusal));
    await w.page.reload();
    await w.page.getByRole('heading', { name: 'Refusals' }).waitFor();
    await w.page.getByRole('row').filter({ hasText: 'Number: a day' }).waitFor();
    await perDay.fill('');
    await w.page.getByRole('button', { name: 'Save' }).click();
    await toast(w.page, 'saved and in force');
    await until('allowed again', async () => (await send()).status === 200);
    await w.close();
  },

  async 'before a module is switched off its callers are named'(world, browser) {
    const w = await open(world, browser, { path: 'modules/sms' });
    await w.page.getByRole('switch', { name: /^Module/ }).click({ force: true });
    const dialog = w.page.getByRole('dialog');
    await dialog.locator('[data-caller=crm]').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await w.close();
  },

  async 'the routing of SMS offers the connections that there are'(world, browser) {
    const w = await open(world, browser, { path: 'modules/sms?tab=settings' });
    await w.page.getByRole('group', { name: 'Rates and prices' }).getByRole('button', { name: 'Add a row' }).click();
    await w.page.getByRole('combobox', { name: 'Provider, 1' }).click();
    await w.page.getByRole('option', { name: 'kannel' }).waitFor();
    const offered = await w.page.getByRole('option').allInnerTexts();
    assert.ok(offered.includes('kannel') && offered.includes('mts-main'), `offered: ${offered}`);
    assert.ok(!offered.includes('statistics'), 'only what sends SMS');
    await w.page.getByRole('option', { name: 'kannel' }).click();
    // A rule is a card of its own, with the connections that it may use.
    const rules = w.page.getByRole('group', { name: 'Routing rules' });
    await rules.getByRole('button', { name: 'Add', exact: true }).last().click();
    await rules.getByRole('region', { name: '1 of 1' }).getByRole('button', { name: 'Add a row' }).click();
    await rules.getByRole('combobox', { name: 'Provider, 1' }).fill('nobody');
    await rules.getByText('there is no such connection now').waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.getByRole('button', { name: /Discard/ }).click();
    await w.close();
  },

  async 'a user begins with a preset, gets limits for one action, and a command that works'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const w = await open(world, browser, { path: 'users/-new', locale: 'ru', expected: [/422/] });
    await w.page.getByLabel('Логин').fill('плохой логин');
    await w.page.getByRole('button', { name: 'Только чтение' }).click();
    await w.page.getByRole('button', { name: 'Создать пользователя' }).click();
    await w.page.getByText('латинская буква или цифра', { exact: false }).last().waitFor();
    await w.page.getByLabel('Логин').fill('reader');
    await w.page.getByPlaceholder('Ограничить одно действие…').click();
    await w.page.getByRole('option').filter({ hasText: /./ }).first().click();
    const limited = w.page.locator('[data-limit]').first();
    const right = await limited.getAttribute('data-limit');
    await limited.getByLabel('Сразу').fill('7');
    await w.page.getByRole('button', { name: 'Создать пользователя' }).click();
    await w.page.getByRole('dialog', { name: 'Пароль пользователя reader' }).waitFor();
    const user = await admin('/users/reader');
    assert.ok(user.rights.length > 3 && !user.rights.includes('sms.send') && !user.rights.includes('contact.add'), String(user.rights));
    assert.deepEqual(user.limits.actions[right], { per_second: 1, burst: 7 });
    await w.close();

    const { token } = await admin('/users/reader/tokens', { label: 'curl' });
    const calls = await open(world, browser, { path: 'users/reader?tab=calls' });
    const call = calls.page.locator('[data-call="contact.queues"]');
    await call.locator('summary').click();
    const command = await call.locator('pre').first().innerText();
    const { stdout } = await run('bash', ['-c', command], { env: { ...process.env, TOKEN: token } });
    assert.equal(JSON.parse(stdout)[0].strategy, 'longest-idle-agent', command);
    await call.getByRole('link', { name: 'Try it in the console' }).click();
    await calls.page.getByRole('heading', { name: 'Try it' }).waitFor();
    await calls.close();
  },

  async 'an action gets a burst; the creation of a user is taken back'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const w = await open(world, browser, { path: 'modules/onlinestat' });
    await w.page.locator('[data-action=all]').getByRole('button', { name: /Limit per user/ }).click();
    await w.page.getByLabel('Requests', { exact: true }).fill('20');
    await w.page.getByLabel('At once').fill('60');
    await w.page.getByRole('button', { name: 'Save', exact: true }).click();
    await toast(w.page, 'Saved');
    assert.equal((await admin('/modules/onlinestat')).actions.find((a) => a.name === 'all').limit, '20/s burst 60');
    await admin('/modules/onlinestat/actions/all', { limit: '' }, { method: 'PUT' });

    await admin('/users', { login: 'mistaken', rights: ['*'] });
    await w.go('changes?action=user.create&text=mistaken');
    await w.page.locator('[role=row][data-index="0"]').click();
    await w.page.getByRole('button', { name: 'Take it back' }).click();
    await w.page.getByRole('dialog', { name: 'Take this change back?' }).getByRole('button', { name: 'Take it back' }).click();
    await toast(w.page, 'Taken back');
    assert.equal((await admin('/users/mistaken')).status, 0);
    await w.close();
  },

  async 'users go along in a document when they are asked for, without what they sign in with'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const w = await open(world, browser, { path: 'configuration' });
    const hcl = w.page.getByRole('textbox', { name: 'Document as HCL' });
    assert.ok(!(await hcl.inputValue()).includes('user "crm"'));
    await w.page.locator('label', { hasText: 'With the users' }).click();
    await until('users', async () => (await hcl.inputValue()).includes('user "crm"'));
    const text = await hcl.inputValue();
    assert.ok(!/argon2|password_hash/.test(text));
    await hcl.fill(`${text}\nuser "moved-in" {\n  rights = ["sms.send"]\n  note   = "from the other gateway"\n}\n`);
    await w.page.getByRole('button', { name: 'Look at the changes' }).click();
    await w.page.getByText('User moved-in').first().waitFor();
    await w.page.getByRole('button', { name: 'Apply', exact: true }).click();
    await toast(w.page, 'applied and in force');
    assert.deepEqual((await admin('/users/moved-in')).rights, ['sms.send']);
    await w.close();
  },

  async 'the live figures come back by themselves after a restart of the gateway'(world, browser) {
    const w = await open(world, browser, { expected: [/50[234]|ERR_|Failed to load/] });
    await w.page.getByText('live', { exact: true }).waitFor();
    await world.stopGateway();
    await w.page.getByText('The gateway does not answer', { exact: false }).waitFor();
    // No dead end: another page opens, says the same, and fills when the gateway is back.
    await w.page.getByRole('link', { name: 'Modules' }).click();
    await w.page.getByText('The gateway does not answer', { exact: false }).first().waitFor();
    await world.startGateway();
    await w.page.locator('[data-module=sms]').waitFor();
    await w.page.getByRole('link', { name: 'Overview' }).click();
    await w.page.getByText('live', { exact: true }).waitFor();
    // The browser tells of the part of the panel that could not be fetched meanwhile, and of nothing else.
    for (const fault of w.faults.splice(0)) assert.match(fault, /apply style from|preload CSS|dynamically imported module/);
    await w.close();
  },
});
