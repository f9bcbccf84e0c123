// npm run build: TypeScript to dist/, console to dist/web. With --check: types only.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const run = (name, ...args) => {
  const { status, error } = spawnSync(bin('node'), [bin(name), ...args], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) failed = true;
};
let failed = false;

if (process.argv.includes('--check')) {
  run('tsc', '-p', 'tsconfig.json');
  if (existsSync(path.join(root, 'apps/web/tsconfig.json'))) run('tsc', '-p', 'apps/web/tsconfig.json', '--noEmit');
} else {
  run('tsc', '-p', 'tsconfig.build.json');
  prune(path.join(root, 'dist'));
  if (existsSync(path.join(root, 'apps/web/vite.config.ts'))) run('vite', 'build', 'apps/web', '--logLevel', 'warn');
  else console.log('console left out: apps/web/vite.config.ts does not exist');
}
process.exitCode = failed ? 1 : 0;

/** A deleted source must not live on as its compiled file: a migration would still run. */
function prune(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (file === path.join(root, 'dist/web')) continue;
    if (entry.isDirectory()) prune(file);
    else {
      const source = path.join(root, path.relative(path.join(root, 'dist'), file)).replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(source)) rmSync(file);
    }
  }
}
