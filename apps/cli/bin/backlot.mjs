#!/usr/bin/env node
// `npx backlot …`: the compiled program under the Node that the package `node` pins, whatever Node runs this line.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const node = path.join(root, 'node_modules/.bin/node');
const program = path.join(root, 'dist/apps/cli/src/main.js');
if (!existsSync(node) || !existsSync(program)) {
  console.error('Backlot is not set up yet: run `npm run setup`.');
  process.exit(1);
}
process.on('SIGINT', () => undefined); // The terminal sends it to the program too, which decides what it means.
const { status, signal } = spawnSync(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? (signal ? 1 : 0));
