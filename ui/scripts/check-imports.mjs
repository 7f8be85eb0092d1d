// The layers of src/: lib < api < i18n < components < features/<area> < app.
// A feature never imports another one.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const src = new URL('../src/', import.meta.url).pathname;
const layers = ['lib', 'api', 'i18n', 'components', 'features', 'app'];
const faults = [];
const place = (file) => {
  const [layer, area] = relative(src, file).split('/');
  return { layer, area, rank: layers.indexOf(layer) };
};

for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
  const file = join(entry.parentPath, entry.name);
  const from = place(file);
  if (from.rank < 0) continue; // main.tsx and its like may import everything
  const text = readFileSync(file, 'utf8');
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'((?:@\/|\.)[^']*)'/g)) {
    const to = place(target.startsWith('@/') ? join(src, target.slice(2)) : normalize(join(dirname(file), target)));
    if (to.rank > from.rank) faults.push(`${relative(src, file)}: ${from.layer} may not import ${to.layer} (${target})`);
    if (to.layer === 'features' && from.layer === 'features' && to.area !== from.area)
      faults.push(`${relative(src, file)}: feature ${from.area} may not import feature ${to.area} (${target})`);
  }
  const lines = text.split('\n').length;
  if (lines > 500) faults.push(`${relative(src, file)}: ${lines} lines; split it`);
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
