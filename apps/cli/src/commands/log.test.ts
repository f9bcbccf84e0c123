import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { generateLogKey, publish, verifyProof, type StoredEntry } from '#libs/audit';
import { logCommand } from './log.js';

const folder = mkdtempSync(path.join(tmpdir(), 'backlot-cli-log-'));
const log = path.join(folder, 'one');
const key = generateLogKey('backlot/studio/one');
// The log of one entry has that entry's hash as root.
const leaf = Buffer.from('{"v":1}');
const root = Buffer.from('D+fwTNloj7mW7qmuEkjL6DtNBIBUE/NaslrZ3rWjyzI=', 'base64');
async function* read(): AsyncGenerator<StoredEntry> {
  yield { leaf, salt: null, payload: null };
}

let out = '';
let err = '';
beforeAll(() => publish({ directory: log, signer: key.signer, size: 1, root, read }));
beforeEach(() => {
  out = err = '';
  process.exitCode = undefined;
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true));
});
afterAll(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<number> {
  await logCommand().exitOverride().parseAsync(args, { from: 'user' });
  return Number(process.exitCode ?? 0);
}

test('a right log exits with 0 and says whose key it was checked with', async () => {
  expect(await run('verify', log, '--key', key.verifier)).toBe(0);
  expect(out).toMatch(/backlot\/studio\/one +1 +0 +1 +0 +given +right/);
  expect(await run('verify', folder)).toBe(0);
  expect(out).toContain('Give --key');
});

test('a proof is printed as it is, and verifies', async () => {
  expect(await run('prove', log, '0')).toBe(0);
  expect(verifyProof(out, key.verifier)).toMatchObject({ index: 0, leaf });
});

test('a tampered log exits with 1 and names file and entry; --json has the same', async () => {
  const file = path.join(log, 'tile/entries/000.p/1');
  const bytes = readFileSync(file);
  writeFileSync(file, Buffer.concat([bytes.subarray(0, -1), Buffer.from('!')]));
  expect(await run('verify', log, '--key', key.verifier)).toBe(1);
  expect(out).toContain(`WRONG ${file}, entry 0: the entry is not the one that was logged`);
  out = '';
  await run('verify', log, '--json');
  expect(JSON.parse(out)).toMatchObject([{ problems: [{ file: 'tile/entries/000.p/1', index: 0 }] }]);
});

test('what is no log, no checkpoint or no entry is one line with a way out', async () => {
  expect(await run('verify', path.join(folder, 'nothing'))).toBe(1);
  expect(err).toMatch(/^NOT_A_LOG: .*\n$/);
  err = '';
  expect(await run('verify', log, '--since', path.join(folder, 'nothing'))).toBe(1);
  expect(err).toMatch(/^NOT_FOUND: /);
  err = '';
  expect(await run('prove', log, '7')).toBe(1);
  expect(err).toContain('there is no 7');
});
