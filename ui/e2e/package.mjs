// Makes other versions of the plugins that the build has made.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url).pathname;
const build = process.env.PATCHBAY_BUILD ?? join(root, 'build');
const run = promisify(execFile);

/** The bytes of a version of a plugin whose manifest change() has edited. */
export async function repack(id, change) {
  const folder = mkdtempSync(join(tmpdir(), 'pb-pack-'));
  try {
    const manifest = JSON.parse(readFileSync(join(root, 'plugins', id, 'plugin.json'), 'utf8'));
    change(manifest);
    const from = join(folder, 'plugin.json');
    const to = join(folder, `${id}.wasm`);
    writeFileSync(from, JSON.stringify(manifest));
    await run(join(build, 'patchbay'), ['plugin', 'pack', '--manifest', from, '--output', to, join(build, 'plugins', `${id}.wasm`)]);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The signature of a file by the vendor whom the gateway trusts. */
export async function sign(world, bytes, comment) {
  const folder = mkdtempSync(join(tmpdir(), 'pb-sign-'));
  try {
    const file = join(folder, 'plugin.wasm');
    writeFileSync(file, bytes);
    await run(join(build, 'patchbay'), ['plugin', 'sign', '--key', world.vendor.key, '--comment', comment, file]);
    return readFileSync(`${file}.minisig`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Versions of a module "demo" whose action "say" answers with the version and whose action "die" crashes. */
export async function versions(...names) {
  const folder = mkdtempSync(join(tmpdir(), 'pb-demo-'));
  try {
    await run('go', ['run', './core/e2e/testdata/versions', folder, ...names], { cwd: root });
    return names.map((name) => readFileSync(join(folder, `demo-${name}.wasm`)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
