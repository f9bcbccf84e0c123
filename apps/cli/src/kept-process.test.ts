import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginning, commandLine, KeptProcess, type Life, readPid } from './kept-process.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'backlot-kept-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function life(code: string): Promise<Life> {
  const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stop = async () => {
    child.kill();
    await ended;
  };
  return Promise.resolve({ pid: child.pid!, ended, stop });
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await sleep(20)) {
    if (Date.now() > end) throw new Error('it did not happen within 10 s');
  }
}

function keep(code: string): { kept: KeptProcess; said: string[]; pidFile: string; gaveUp: () => boolean } {
  const said: string[] = [];
  let gaveUp = false;
  const pidFile = path.join(folder, 'one.pid');
  const kept = new KeptProcess('one', pidFile, () => life(code), (line) => said.push(line), () => (gaveUp = true));
  return { kept, said, pidFile, gaveUp: () => gaveUp };
}

test('a killed process is started again, and its pid file names the new one', async () => {
  const { kept, said, pidFile } = keep('setInterval(() => {}, 1000)');
  await kept.start();
  const first = kept.pid!;
  kept.kill();
  await until(() => kept.pid !== undefined && kept.pid !== first);
  expect(readPid(pidFile)).toBe(kept.pid);
  expect(said).toEqual(['one ended (killed); starting it again']);
  await kept.stop();
  expect(existsSync(pidFile)).toBe(false);
});

test('a process that keeps dying is started ever more slowly', async () => {
  const { kept, said } = keep('process.exit(3)');
  await kept.start();
  await sleep(1_500);
  await kept.stop();
  // 100, 200, 400 and 800 ms lie between the first five lives: never a tight loop.
  expect(said.length).toBeGreaterThan(1);
  expect(said.length).toBeLessThanOrEqual(5);
});

test('a process that refuses its settings is not started again', async () => {
  const { kept, said, gaveUp } = keep('process.exit(78)');
  await kept.start();
  await until(gaveUp);
  expect(said).toEqual([]);
  await kept.stop();
});

test('a process id is told from the same id of another process', () => {
  expect(commandLine(process.pid)).toContain('node');
  expect(beginning(process.pid)).toMatch(/\d/);
  expect(beginning(process.pid)).not.toBe(beginning(1));
  expect(commandLine(2 ** 22 + 1)).toBe('');
});
