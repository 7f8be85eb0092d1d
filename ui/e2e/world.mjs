// Starts what the panel's tests need: the sandbox, the gateway of gateway.hcl and a
// proxy with a path prefix before it, all on free ports and with data of their own.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url).pathname;
/** Another build or configuration may be tried than those of the checkout. */
const build = process.env.PATCHBAY_BUILD ?? join(root, 'build');
const source = process.env.PATCHBAY_CONFIG ?? join(root, 'gateway.hcl');
const run = promisify(execFile);

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((done) => {
      const s = createServer().listen(0, '127.0.0.1', () => done(s));
    })),
  );
  const ports = servers.map((s) => s.address().port);
  await Promise.all(servers.map((s) => new Promise((done) => s.close(done))));
  return ports;
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The configuration of the checkout, with a vendor whose signatures count. */
async function configure(folder) {
  const vendor = { key: join(folder, 'vendor.key'), pub: join(folder, 'vendor.pub') };
  await run(join(build, 'patchbay'), ['plugin', 'keygen', '--no-password', '--key', vendor.key, '--public', vendor.pub]);
  const text = readFileSync(source, 'utf8')
    .replace(/plugins\s*=\s*\["build\/plugins"\]/, `plugins = [${JSON.stringify(join(build, 'plugins'))}]`)
    .replace(/trust \{/, `trust {\n  keys = [file(${JSON.stringify(vendor.pub)})]`);
  const config = join(folder, 'gateway.hcl');
  writeFileSync(config, text);
  return { config, vendor };
}

/** rows: so many records of the last thirty days are in the journal beforehand. */
export async function startWorld({ log = () => {}, rows = 0 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'pb-ui-'));
  const data = join(folder, 'data');
  mkdirSync(join(data, 'recordings'), { recursive: true });
  const [web, esl, sandbox] = await freePorts(3);
  const gateway = `http://127.0.0.1:${web}`;
  const { config, vendor } = await configure(folder);
  const env = {
    ...process.env,
    PATCHBAY_LISTEN: `127.0.0.1:${web}`, // the address in the ready commands
    PATCHBAY_ESL: `127.0.0.1:${esl}`,
    PATCHBAY_SANDBOX: `127.0.0.1:${sandbox}`,
    PATCHBAY_RECORDINGS: join(data, 'recordings', '{uuid}.wav'),
  };
  const children = [];
  let said = ''; // on standard error, for the message of a start that failed
  const start = (file, args) => {
    const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.on('data', (text) => {
      said += text;
      log(String(text));
    });
    children.push(child);
    return child;
  };
  const end = (child) =>
    new Promise((done) => {
      if (child.exitCode !== null || child.signalCode !== null) return done();
      const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
      child.once('exit', () => {
        clearTimeout(hard);
        done();
      });
      child.kill('SIGTERM');
    });

  start(join(build, 'sandbox'), ['--esl', env.PATCHBAY_ESL, '--http', env.PATCHBAY_SANDBOX, '--gateway', gateway, '--cdr-url', '/cdr/main?token=sandbox', '--recordings', join(data, 'recordings')]);
  let process_;
  const startGateway = async () => {
    process_ = start(join(build, 'patchbay'), ['serve', '--config', config, '--data', data, '--listen', `127.0.0.1:${web}`]);
    process_.stdout.on('data', (text) => log(String(text)));
    for (let i = 0; i < 600; i++) {
      if (process_.exitCode !== null) throw new Error(`the gateway ended with ${process_.exitCode}: ${said.slice(-1500)}`);
      const ready = await fetch(`${gateway}/readyz`).then((a) => a.ok, () => false);
      if (ready) return;
      await sleep(100);
    }
    throw new Error('the gateway is not ready after 60 s');
  };

  const stop = async () => {
    await Promise.all(children.map(end));
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    if (rows > 0) log((await run('go', ['run', './core/e2e/testdata/fill', data, String(rows)], { cwd: root })).stdout);
    await startGateway();
    const user = (...args) => run(join(build, 'patchbay'), ['user', ...args.slice(0, 1), '--config', config, '--data', data, ...args.slice(1)], { cwd: root });
    await user('add', '--password', 'boss-pass-1', '--role', 'administrator', 'boss');
    await run('go', ['build', '-o', join(folder, 'front'), './ui/e2e/front'], { cwd: root });
    const front = start(join(folder, 'front'), ['--gateway', gateway, '--prefix', '/pbx']);
    const panel = await new Promise((done, fail) => {
      createInterface({ input: front.stdout }).once('line', done);
      front.once('exit', (code) => fail(new Error(`front ended with ${code}`)));
    });
    return {
      gateway,
      panel,
      sandbox: `http://127.0.0.1:${sandbox}`,
      esl: env.PATCHBAY_ESL,
      user,
      /** Folder of everything; files of the private and the public key of a vendor that the gateway trusts. */
      folder,
      vendor,
      data,
      stop,
      stopGateway: () => end(process_),
      startGateway,
      /** Calls the administration API as somebody. */
      async admin(login, password) {
        const session = await json(`${gateway}/admin/api/v1/login`, { login, password });
        const token = session.access_token;
        return (path, body, options = {}) => json(`${gateway}/admin/api/v1${path}`, body, { token, ...options });
      },
      /** Uploads a plugin file in a form. */
      async upload(login, password, form) {
        const { access_token: token } = await json(`${gateway}/admin/api/v1/login`, { login, password });
        const answer = await fetch(`${gateway}/admin/api/v1/plugins`, { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form });
        if (!answer.ok) throw new Error(`upload: ${answer.status} ${await answer.text()}`);
        return answer.json();
      },
      /** Calls the integrators' API. */
      call: (path, token, body) => json(`${gateway}${path}`, body ?? {}, { token, any: true }),
      login: async (login, password) => (await json(`${gateway}/auth/login`, { login, password })).access_token,
    };
  } catch (e) {
    await stop();
    throw e;
  }
}

async function json(url, body, { token, method, any, ifMatch } = {}) {
  const answer = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      'Content-Type': 'application/json',
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(ifMatch === undefined ? {} : { 'If-Match': `"${ifMatch}"` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok && !any) throw new Error(`${url}: ${answer.status} ${text}`);
  const parsed = text ? JSON.parse(text) : null;
  return any ? { status: answer.status, body: parsed } : parsed;
}

/** People, traffic and changes, so that the pages have something to show. */
export async function seed(world) {
  const admin = await world.admin('boss', 'boss-pass-1');
  const users = [
    { login: 'crm', rights: ['sms.*', 'contact.add', 'contact.cdr'], note: 'CRM отдела продаж, Иванов, доб. 1204', allowed_ips: ['127.0.0.0/8', '10.20.0.0/16'] },
    { login: 'API_test_2', rights: ['*'], note: '' },
    { login: 'wallboard', rights: ['onlinestat.*'], note: 'Табло в зале' },
    { login: 'bi-reports', rights: ['report.sms', 'report.request', 'report.badRequest'], note: 'Ночная выгрузка' },
    { login: 'old-site', rights: ['sms.send'], note: 'Сайт до 2025 года' },
    { login: 'maria', role: 'manager', rights: ['report.*'], note: 'Менеджер проекта' },
    { login: 'revizor', role: 'auditor', rights: [], note: '' },
  ];
  const boss = await admin('/users/boss');
  await admin('/users/boss', { rights: ['*'] }, { method: 'PATCH', ifMatch: boss.version });
  for (const u of users) await admin('/users', { ...u, password: `${u.login}-pass-1` });
  const old = await admin('/users/old-site');
  await admin('/users/old-site', { status: 9 }, { method: 'PATCH', ifMatch: old.version });
  await admin('/users/crm/tokens', { label: 'CRM, рабочая', lifetime_seconds: 31_536_000, idle_seconds: -1 });
  const crm = await world.login('crm', 'crm-pass-1');
  const all = await world.login('API_test_2', 'API_test_2-pass-1');
  const board = await world.login('wallboard', 'wallboard-pass-1');
  const texts = ['Ваш заказ 1841 передан в доставку', 'Код подтверждения: 4417', 'Напоминаем о встрече завтра в 10:30', 'Спасибо за обращение!'];
  for (let i = 0; i < 24; i++) {
    await world.call('/sms/send', i % 3 ? crm : all, { phone: `8916${String(2_000_000 + i * 7919).slice(0, 7)}`, message: texts[i % texts.length], project_id: String(1111 + (i % 3)) });
    await world.call('/onlinestat/all', board);
    await world.call(i % 2 ? '/contact/queues' : '/contact/tiers', all);
  }
  await world.call('/contact/add', crm, { called_number: '89100000000', caller_number: '1001', sip: '1234' });
  await world.call('/contact/add', all, { called_number: '89161234567', caller_number: '1002', sip: '1001' });
  await world.call('/sms/send', crm, { phone: '8916', message: '' });
  await world.call('/report/users', crm);
  await world.call('/contact/tier', all, { queue: 'no-such-queue' });
  await world.call('/onlinestat/get', board, {});
  await world.call('/sms/send', 'feedfeedfeedfeedfeedfeedfeedfeed', { phone: '89160000000', message: 'x' });
  await world.call('/contact/cdr', all, { id: 'not-a-call' });
  await admin('/modules/contact/actions/tiers', { enabled: false }, { method: 'PUT' });
  await admin('/modules/sms/actions/send', { limit: '5/s' }, { method: 'PUT' });
  await admin('/providers', {
    name: 'mts-main', plugin: 'sms-http', private: true, granted: ['http'], hosts: [new URL(world.sandbox).host],
    settings: { url: `${world.sandbox}/sms?to={phone_digits}`, body_kind: 'form', fields: { text: '{message}', from: '{originator}' }, auth: 'basic', login: 'frontline', password: 'write-only' },
  });
  return admin;
}
