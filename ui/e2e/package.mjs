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
