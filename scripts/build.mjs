// npm run build [-- server|web]: TypeScript to dist/, console to dist/web. With --check: types only.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const asked = process.argv.slice(2);
const wants = (part) => asked.length === 0 || asked.includes(part);
const has = (file) => existsSync(path.join(root, file));

/** No runtime, no imports: the memory's layout is the kernels' own, and the caller reads it by their exports. */
const KERNELS = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--use', 'abort=', '--initialMemory', '192'];

const run = (name, ...args) => {
  const bin = (one) => path.join(root, 'node_modules/.bin', one);
  const { status, error } = spawnSync(bin('node'), [bin(name), ...args], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exitCode = 1;
};

if (asked.includes('--check')) {
  run('tsc', '-p', 'tsconfig.json');
  if (has('apps/web/tsconfig.json')) run('tsc', '-p', 'apps/web/tsconfig.json', '--noEmit');
} else {
  if (wants('server')) {
    run('tsc', '-p', 'tsconfig.build.json');
    prune(dist);
    run('asc', 'libs/media/kernels/index.ts', '-o', 'dist/libs/media/kernels.wasm', ...KERNELS);
  }
  if (wants('web')) {
    if (has('apps/web/vite.config.ts')) run('vite', 'build', 'apps/web', '--logLevel', 'warn');
    else console.log('console left out: apps/web/vite.config.ts does not exist');
  }
}

/** A deleted source must not live on as its compiled file: a migration would still run. */
function prune(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (file === path.join(dist, 'web') || entry.name.endsWith('-stamp')) continue;
    if (entry.isDirectory()) prune(file);
    else {
      const source = path.join(root, path.relative(dist, file)).replace(/\.js(\.map)?$/, '.ts');
      if (!existsSync(source)) rmSync(file);
    }
  }
}
