// Reports, the journal at its full size, files that outlive a restart, signatures and rollbacks, nginx.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repack, sign, versions } from './package.mjs';
import { startWorld } from './world.mjs';

/** Rows of the large journal; fewer while something is being tried out. */
const many = Number(process.env.JOURNAL_ROWS ?? 1_000_000);

async function saved(page, click) {
  const waiting = page.waitForEvent('download', { timeout: 120_000 });
  await click();
  const file = await waiting;
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
}

/** The journeys, made of the tools of the others. */
export const desk = ({ open, toast, until }) => ({
  async 'a report of another system is a table: period, order, columns and files, and the address says it all'(world, browser) {
    const w = await open(world, browser, { login: 'maria', path: 'reports' });
    await w.page.locator('tr[data-report=demoReport]').getByText('On', { exact: true }).waitFor();
    await w.page.getByRole('button', { name: 'Test of “demoReport”' }).click();
    await w.page.getByRole('dialog').locator('[data-ok=true]').waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.getByRole('link', { name: 'demoReport', exact: true }).click();
    await w.page.getByText('Choose a period').waitFor(); // nobody is asked before that
    await w.page.getByLabel('First day').fill('2022-11-10');
    await w.page.getByLabel('Last day').fill('2022-11-11');
    await w.page.getByRole('button', { name: 'Show' }).click();
    const rows = w.page.locator('[role=row][data-index]');
    await rows.first().waitFor();
    await w.page.waitForURL(/from=2022-11-10.*to=2022-11-11/);
    const head = () => w.page.getByRole('columnheader').allInnerTexts();
    assert.equal((await head())[0], 'Дата');
    assert.equal((await head()).length, 21);
    // Order.
    const column = async (n) => w.page.locator(`[role=row][data-index] [role=gridcell]:nth-child(${n})`).allInnerTexts();
    await w.page.getByRole('columnheader', { name: 'Дата' }).getByRole('button').click();
    await w.page.waitForURL(/sort=c0/);
    const up = await column(1);
    await w.page.getByRole('columnheader', { name: 'Дата' }).getByRole('button').click();
    await until('turned round', async () => (await w.page.getByRole('columnheader', { name: 'Дата' }).getAttribute('aria-sort')) === 'descending');
    assert.deepEqual(await column(1), [...up].sort().reverse());
    // Columns, which stay with a reload and go along with the address.
    await w.page.getByRole('button', { name: 'Columns' }).click();
    await w.page.getByRole('checkbox', { name: 'День недели' }).uncheck();
    await until('hidden', async () => !(await head()).includes('День недели'));
    await w.page.keyboard.press('Escape');
    await w.page.reload();
    await rows.first().waitFor();
    assert.ok(!(await head()).includes('День недели'));
    assert.equal((await head()).length, 20);
    // Files.
    const csv = await saved(w.page, async () => {
      await w.page.getByRole('button', { name: 'Export' }).click();
      await w.page.getByRole('menuitem', { name: 'CSV' }).click();
    });
    assert.match(csv.name, /^demoReport_2022-11-10_2022-11-11\.csv$/);
    assert.match(csv.bytes.toString(), /^\uFEFF?Дата,День недели,/);
    const xlsx = await saved(w.page, async () => {
      await w.page.getByRole('button', { name: 'Export' }).click();
      await w.page.getByRole('menuitem', { name: 'XLSX' }).click();
    });
    assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK');
    // The gateway's own reports are tables, too; the token ends with the page.
    await w.page.getByRole('link', { name: 'Contact-centre reports' }).first().click();
    await w.page.getByRole('link', { name: 'Requests', exact: true }).click();
    await w.page.getByRole('button', { name: 'Today' }).click();
    await rows.first().waitFor();
    const admin = await world.admin('boss', 'boss-pass-1');
    const tokens = async () => (await admin('/users/maria/tokens')).tokens.filter((x) => x.label === 'Report request in the panel').length;
    assert.equal(await tokens(), 1);
    await w.page.getByRole('link', { name: 'Overview' }).click();
    await w.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await until('the token ends with the page', async () => (await tokens()) === 0);
    await w.close();
    // Who has no right is told which one.
    const auditor = await open(world, browser, { login: 'revizor', path: 'reports/demoReport' });
    await auditor.page.getByText('Ask an administrator for the right report.demoReport').waitFor();
    await auditor.go('reports/no-such');
    await auditor.page.getByText('There is no such report').waitFor();
    await auditor.close();
  },

  async 'a manager tries requests with the own rights'(world, browser) {
    const w = await open(world, browser, { login: 'maria', path: 'console?action=%2Freport%2Fusers', expected: [/405/] });
    await w.page.getByText('Me', { exact: true }).waitFor();
    await w.page.getByRole('button', { name: 'Send the request' }).click();
    await w.page.locator('[data-status="200"]').waitFor();
    await w.page.getByRole('heading', { name: 'In the journal' }).waitFor();
    await w.page.getByRole('definition').filter({ hasText: /^maria$/ }).waitFor();
    await w.go('console?action=%2Fcontact%2Fqueues');
    await w.page.getByText('maria — has no right').waitFor();
    await w.page.getByRole('button', { name: 'Send the request' }).click();
    await w.page.locator('[data-status="405"]').waitFor();
    await w.page.getByRole('link', { name: 'Overview' }).click();
    await w.close();
  },

  async 'a number in the journal is shown to a manager, and the change history knows'(world, browser) {
    const token = await world.login('API_test_2', 'API_test_2-pass-1');
    await world.call('/sms/send', token, { phone: '89997770123', message: 'show me', session_id: 'reveal-1' });
    const w = await open(world, browser, { login: 'maria', path: 'journal?kind=sms&text=reveal-1' });
    await w.page.locator('[role=row][data-index="0"]').click();
    const detail = w.page.getByRole('dialog');
    await detail.getByText(/8999\*\*\*23/).waitFor();
    assert.ok(!(await w.page.content()).includes('89997770123'));
    await detail.getByRole('button', { name: 'Show number' }).click();
    await detail.getByText(/89997770123/).waitFor();
    await detail.getByText('This is noted in the change history').waitFor();
    await w.page.keyboard.press('Escape');
    await w.page.locator('[role=row][data-index="0"]').click();
    await detail.getByRole('button', { name: 'Show number' }).waitFor(); // once for each look
    await w.go('changes?action=journal.reveal');
    await w.page.locator('[role=row][data-index="0"]').getByText('maria').waitFor();
    await w.page.locator('[role=row][data-index="0"]').click();
    await detail.getByText('There is nothing to take back').waitFor();
    await w.close();
    const auditor = await open(world, browser, { login: 'revizor', path: 'journal?kind=sms&text=reveal-1' });
    await auditor.page.locator('[role=row][data-index="0"]').click();
    await auditor.page.getByRole('dialog').getByText(/8999\*\*\*23/).waitFor();
    assert.equal(await auditor.page.getByRole('button', { name: 'Show number' }).count(), 0);
    await auditor.close();
  },

  async 'a signed plugin is known by its vendor, a modified one is refused with the reason'(world, browser) {
    const next = await repack('sms-http', (m) => (m.version = '9.5.0'));
    const signature = await sign(world, next, 'release 9.5.0');
    const w = await open(world, browser, { path: 'plugins', expected: [/422/] });
    await w.page.getByRole('button', { name: 'Upload a plugin' }).click();
    const dialog = w.page.getByRole('dialog', { name: 'Upload a plugin' });
    const send = async (buffer) => {
      await dialog.locator('input[type=file]').setInputFiles([
        { name: 'sms-http.wasm', mimeType: 'application/wasm', buffer },
        { name: 'sms-http.wasm.minisig', mimeType: 'text/plain', buffer: signature },
      ]);
      await dialog.getByRole('button', { name: 'Upload a plugin' }).click();
    };
    await send(await repack('sms-http', (m) => Object.assign(m, { version: '9.5.0', vendor: 'Somebody else' })));
    const refusal = dialog.getByRole('alert').filter({ hasText: 'The file was not taken' });
    await refusal.waitFor();
    assert.match(await refusal.innerText(), /signature/i);
    assert.ok(!(await (await world.admin('boss', 'boss-pass-1'))('/plugins/sms-http')).files.some((f) => f.version === '9.5.0'));
    await send(next);
    await w.page.waitForURL(/plugins\/sms-http/);
    const row = w.page.locator('[data-version="9.5.0"]');
    await row.getByText('Signed', { exact: true }).waitFor();
    await row.getByText('release 9.5.0').waitFor();
    await row.getByRole('button', { name: 'More about 9.5.0' }).click();
    await w.page.getByRole('menuitem', { name: 'Delete the file' }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    await w.close();
  },

  async 'a version that keeps crashing is taken back by itself; one in use is not deleted'(world, browser) {
    const admin = await world.admin('boss', 'boss-pass-1');
    const [one, two] = await versions('1.0.0', '2.0.0');
    const upload = async (w, buffer) => {
      await w.go('plugins');
      await w.page.getByRole('button', { name: 'Upload a plugin' }).click();
      const dialog = w.page.getByRole('dialog', { name: 'Upload a plugin' });
      await dialog.locator('input[type=file]').setInputFiles({ name: 'demo.wasm', mimeType: 'application/wasm', buffer });
      await dialog.getByRole('button', { name: 'Upload a plugin' }).click();
      await w.page.waitForURL(/plugins\/demo/);
    };
    const w = await open(world, browser, { path: 'plugins', expected: [/409|502|503/] });
    await upload(w, one);
    await w.page.locator('[data-version="1.0.0"]').waitFor();
    await admin('/modules/demo/enabled', { enabled: true }, { method: 'PUT' });
    const { sha256, state_version: version } = await admin('/plugins/demo');
    await admin('/plugins/demo/consent', { sha256, granted: [] }, { ifMatch: version });
    const token = await world.login('API_test_2', 'API_test_2-pass-1');
    const says = async (version) => {
      await new Promise((done) => setTimeout(done, 250)); // there is a limit for users
      const { status, body } = await world.call('/demo/say', token);
      if (body !== version) throw new Error(`${status} ${JSON.stringify(body)}`);
      return true;
    };
    await until('the first one answers', () => says('1.0.0'));
    await upload(w, two);
    await w.page.locator('[data-version="2.0.0"]').getByRole('button', { name: 'Bring into force' }).click();
    await w.page.getByRole('dialog').getByRole('button', { name: 'Bring into force' }).click();
    await toast(w.page, '2.0.0 is in force');
    await w.page.getByText('is on trial').waitFor();
    await until('the second one answers', () => says('2.0.0'));
    // It would come back if the trial failed: it stays, and the panel says why.
    await w.page.getByRole('button', { name: 'More about 1.0.0' }).click();
    await w.page.getByRole('menuitem', { name: 'Delete the file' }).click();
    const remove = w.page.getByRole('dialog');
    await remove.getByRole('button', { name: 'Delete' }).click();
    await remove.getByRole('alert').filter({ hasText: 'The version is in use' }).waitFor();
    await remove.getByText('it comes back when the version on trial fails').waitFor();
    await remove.getByRole('button', { name: 'Cancel' }).click();
    // So often is too often.
    await until('taken back', async () => {
      await new Promise((done) => setTimeout(done, 250));
      await world.call('/demo/die', token);
      return (await admin('/plugins/demo')).files.find((f) => f.version === '2.0.0').state === 'rejected';
    });
    await w.go('plugins/demo');
    const bad = w.page.locator('[data-version="2.0.0"][data-state=rejected]');
    await bad.getByText('Taken back', { exact: true }).waitFor();
    await bad.getByText(/crashed \d+ times/).waitFor();
    await until('the first one answers again', () => says('1.0.0'));
    await w.page.getByRole('tab', { name: /Crashes/ }).click();
    await w.page.getByRole('row').filter({ hasText: '2.0.0' }).first().waitFor();
    // What runs is not deleted either: the list of who uses it comes with the refusal.
    const first = (await admin('/plugins/demo')).files.find((f) => f.version === '1.0.0');
    await assert.rejects(admin(`/plugins/demo/versions/${first.sha256}`, undefined, { method: 'DELETE' }), /409.*instance demo runs it/s);
    await admin('/modules/demo/enabled', { enabled: false }, { method: 'PUT' });
    await w.close();
  },

  async 'behind a real nginx, below a path: sign-in, live figures and uploads work, the policy of the page holds'(world, browser) {
    const binary = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
    if (!binary) {
      console.log('      no nginx here: the proxy of the other journeys stands for it');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'pb-nginx-'));
    const port = await new Promise((done) => {
      const s = createServer().listen(0, '127.0.0.1', () => {
        const { port } = s.address();
        s.close(() => done(port));
      });
    });
    chmodSync(folder, 0o755); // its workers are somebody else
    const conf = nginxConf(folder, port, world.gateway);
    writeFileSync(join(folder, 'nginx.conf'), conf);
    const nginx = spawn(binary, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log'), '-g', 'daemon off;'], { stdio: 'ignore' });
    const ended = new Promise((done) => nginx.once('exit', done));
    const panel = `http://127.0.0.1:${port}/telephony/api/admin/`;
    try {
      await until('nginx', () => fetch(panel).then((a) => a.ok));
      const page = await fetch(panel);
      const policy = page.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'|default-src 'self'/);
      assert.match(policy, /script-src 'self'/);
      assert.ok(!/unsafe-(inline|eval)/.test(policy), policy);
      const w = await open({ ...world, panel }, browser, { expected: [/422/] });
      await w.page.getByText('live', { exact: true }).waitFor(); // server-sent events pass
      await w.go('modules/sms?tab=settings');
      await w.page.getByLabel('Project').waitFor();
      await w.page.reload(); // a deep link
      await w.page.getByLabel('Project').waitFor();
      await w.go('console?action=%2Fcontact%2Fqueues&user=API_test_2');
      await w.page.getByRole('button', { name: 'Send the request' }).click();
      await w.page.locator('[data-status="200"]').waitFor();
      await w.go('plugins');
      await w.page.getByRole('button', { name: 'Upload a plugin' }).click();
      const dialog = w.page.getByRole('dialog', { name: 'Upload a plugin' });
      await dialog.locator('input[type=file]').setInputFiles({ name: 'sms-http.wasm', mimeType: 'application/wasm', buffer: await repack('sms-http', (m) => (m.version = '9.6.0')) });
      await dialog.getByRole('button', { name: 'Upload a plugin' }).click();
      await w.page.locator('[data-version="9.6.0"]').waitFor();
      await w.close();
      const admin = await world.admin('boss', 'boss-pass-1');
      const made = (await admin('/plugins/sms-http')).files.find((f) => f.version === '9.6.0');
      await admin(`/plugins/sms-http/versions/${made.sha256}`, undefined, { method: 'DELETE' });
    } finally {
      nginx.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  },

  async 'a million records: pages come at once, the page stays light, and a file outlives a restart'(world, browser) {
    const big = await startWorld({ rows: many, log: (text) => / rows in /.test(text) && console.log(`      ${text.trim()}`) });
    try {
      await million(big, browser, { open, until });
    } finally {
      await big.stop();
    }
  },
});

async function million(world, browser, { open, until }) {
  const admin = await world.admin('boss', 'boss-pass-1');
  await pagesOf(admin);

  const w = await open(world, browser, { path: 'journal', expected: [/502|503/] });
  const rows = w.page.locator('[role=row][data-index]');
  await rows.first().waitFor();
  await w.page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, task.duration);
    }).observe({ type: 'longtask' });
  });
  // Down through thousands of rows as fast as it goes.
  const loaded = async () => Number((await w.page.locator('[role=status]', { hasText: /scroll on|that is all/ }).first().innerText()).replace(/\D/g, ''));
  let most = 0;
  const enough = Math.min(5_000, many);
  for (const end = Date.now() + 120_000; (await loaded()) < enough; ) {
    assert.ok(Date.now() < end, `only ${await loaded()} rows in two minutes`);
    await w.page.locator('[role=grid]').evaluate((grid) => grid.scrollTo(0, grid.scrollHeight));
    most = Math.max(most, await rows.count());
    await w.page.waitForTimeout(20);
  }
  assert.ok(most <= 120, `${most} rows in the page`);
  console.log(`      ${await loaded()} rows scrolled through, at most ${most} of them in the page, longest task ${Math.round(await w.page.evaluate(() => globalThis.longest))} ms`);
  // Only what is near stays in memory: rows on the way are asked for again, and are the same.
  const at = (index) => w.page.locator(`[role=row][data-index="${index}"]`);
  const asked = [];
  w.page.on('request', (r) => r.url().includes('/journal/requests?') && asked.push(r.url()));
  await w.page.locator('[role=grid]').evaluate((grid) => grid.scrollTo(0, 1_500 * 34));
  await until('the rows came back', async () => /^\d{4}-/.test(await at(1_500).innerText()));
  assert.ok(asked.length > 0 && asked.every((url) => url.includes('cursor=')), `asked for ${asked}`);
  const times = await w.page.locator('[role=row][data-index] [role=gridcell]:first-child').allInnerTexts();
  // Newest first; sixty-four requests of the imagined past ran at a time, seconds apart, and are listed as they ended.
  const order = times.map((text) => Date.parse(text.replace(' ', 'T')));
  assert.ok(order.length > 20 && order[0] > order.at(-1) && order.every((t, i) => i === 0 || t < order[i - 1] + 200_000), times.join());
  // The other end is one click away, and in the address.
  await w.page.getByRole('columnheader', { name: 'Time' }).getByRole('button').click();
  await w.page.waitForURL(/order=oldest/);
  await until('the oldest first', async () => (await w.page.getByRole('columnheader', { name: 'Time' }).getAttribute('aria-sort')) === 'ascending');
  await w.go('journal?text=needle-500');
  await rows.first().getByText('needle-500').waitFor();
  await w.go('journal?kind=bad&user=user-3&hide=ip');
  await until('filtered', async () => {
    const users = await w.page.locator('[role=row][data-index] [role=gridcell]:nth-child(4)').allInnerTexts();
    return users.length > 10 && users.every((u) => u === 'user-3');
  });
  assert.ok(!(await w.page.getByRole('columnheader').allInnerTexts()).includes('IP address'));

  // A file of everything is begun; the gateway restarts meanwhile.
  await w.go('journal');
  await w.page.getByRole('button', { name: 'Export' }).click();
  await w.page.getByRole('menuitem', { name: 'CSV', exact: true }).click();
  const wait = w.page.getByRole('dialog', { name: 'The file is being made' });
  await wait.getByRole('button', { name: 'Save it later' }).click();
  await world.stopGateway();
  await world.startGateway();
  await w.page.getByText('The gateway does not answer').waitFor({ state: 'detached', timeout: 20_000 });
  await w.page.getByRole('button', { name: 'Export' }).click();
  await w.page.getByRole('menuitem', { name: 'My files' }).click();
  const file = w.page.locator('tr[data-export]');
  await w.page.locator('tr[data-export=done]').waitFor({ timeout: 120_000 });
  assert.equal(await file.count(), 1);
  const { name, bytes } = await saved(w.page, () => file.getByRole('button', { name: 'Download' }).click());
  assert.match(name, /^requests-.*\.csv$/);
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  assert.ok(lines > many, `${lines} lines`);
  await file.getByRole('button', { name: 'Delete' }).click();
  await w.page.getByText('No files').waitFor();
  await w.page.keyboard.press('Escape');
  // One that is not wanted any more is stopped and leaves nothing.
  await w.page.getByRole('button', { name: 'Export' }).click();
  await w.page.getByRole('menuitem', { name: 'XLSX', exact: true }).click();
  await wait.getByRole('button', { name: 'Stop' }).click();
  await until('nothing is left', async () => (await admin('/exports')).exports.length === 0);
  await w.close();
}

/** Asks for pages as the panel does; none may keep a reader waiting. */
async function pagesOf(admin) {
  const times = {};
  for (const [name, query] of [
    ['first', 'limit=200'],
    ['bad', 'limit=200&bad=true'],
    ['of one user', 'limit=200&user=user-7'],
    ['of one action', 'limit=200&module=contact&action=cdr'],
    ['of one day', 'limit=200&from=' + new Date(Date.now() - 15 * 86_400_000).toISOString().slice(0, 10) + '&to=' + new Date(Date.now() - 15 * 86_400_000).toISOString().slice(0, 10)],
    ['oldest', 'limit=200&order=oldest'],
  ]) {
    const took = [];
    let cursor = '';
    for (let i = 0; i < 9; i++) {
      const began = performance.now();
      const page = await admin(`/journal/requests?${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      took.push(performance.now() - began);
      assert.ok(page.rows.length > 0, name);
      cursor = page.next;
    }
    times[name] = took.sort((a, b) => a - b)[4];
  }
  console.log(`      median of a page in ms: ${Object.entries(times).map(([k, v]) => `${k} ${v.toFixed(0)}`).join(', ')}`);
  for (const [name, ms] of Object.entries(times)) assert.ok(ms <= 100, `a page (${name}) takes ${ms.toFixed(0)} ms`);
}

function nginxConf(folder, port, gateway) {
  return `
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 80m;
    location /telephony/api/ {
      proxy_pass ${gateway}/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`;
}
