import { repositoryRoot } from '#libs/platform';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Bench, Figure } from './figure.js';

/** A bench of apps/trainer/bench: it measures product and peer in one process and prints a figure a line as JSON. */
export function trainerBench(name: string, peer: string): Bench {
  return {
    name,
    run: async () => {
      const python = process.env.BACKLOT_PYTHON ?? path.join(repositoryRoot, '.venv/bin/python');
      const script = path.join(repositoryRoot, 'apps/trainer/bench', `${name}_bench.py`);
      const { stdout } = await promisify(execFile)(python, [script], { cwd: repositoryRoot, maxBuffer: 16 * 1024 * 1024 });
      const figures = stdout.split('\n').filter((line) => line.startsWith('{'));
      return figures.map((line) => ({ ...(JSON.parse(line) as Omit<Figure, 'peer'>), peer }));
    },
  };
}
