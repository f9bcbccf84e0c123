import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { makeEntry, type StoredEntry } from './entry.js';
import { CompactRange, leafHash } from './merkle.js';
import { generateLogKey, readCheckpoint, signCheckpoint } from './note.js';
import { proveInclusion, verifyProof } from './proof.js';
import { erasePayload, publish } from './publish.js';
import { tilePath } from './tiles.js';
import { verifyLog } from './verify.js';

const folder = mkdtempSync(path.join(tmpdir(), 'backlot-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = generateLogKey('backlot/studio/test');
const at = new Date('2026-11-23T00:00:00Z');
const all = Array.from({ length: 1100 }, (_, seq) => makeEntry('decision', at, { seq, sentence: `Allowed: clause ${seq}` }, Buffer.alloc(16, seq)));

function rootOf(size: number): Buffer {
  const range = new CompactRange();
  for (const { leaf } of all.slice(0, size)) range.append(leafHash(leaf));
  return range.root();
}

async function* entries(from: number, to: number): AsyncGenerator<StoredEntry> {
  yield* all.slice(from, to);
}

async function log(name: string, ...sizes: number[]): Promise<string> {
  const directory = path.join(folder, name);
  for (const size of sizes) await publish({ directory, signer: key.signer, size, root: rootOf(size), read: entries });
  return directory;
}

test.each([
  [0, '000'],
  [1_234_067, 'x001/x234/067'],
  [999, '999'],
  [1000, 'x001/000'],
])('tile %i is at %s', (index, name) => {
  expect(tilePath(0, index)).toBe(`tile/0/${name}`);
  expect(tilePath('entries', index, 17)).toBe(`tile/entries/${name}.p/17`);
});

test.each([[[1]], [[255]], [[256]], [[257]], [[1, 2, 3]], [[200, 256, 300]], [[100, 600, 601]], [[512, 1100]]])('a log published at sizes %j verifies', async (sizes) => {
  const directory = await log(`sizes-${sizes.join('-')}`, ...sizes);
  expect(await verifyLog(directory, key.verifier)).toMatchObject({ origin: 'backlot/studio/test', size: sizes.at(-1), entries: sizes.at(-1), payloadsChecked: sizes.at(-1), erased: 0, key: 'given', problems: [] });
});

test('it has the same files whether it grew or was written at once, but for partial ones of sizes in between', async () => {
  const grown = await log('grown', 3, 200, 300, 700);
  const once = await log('once', 700);
  const files = (directory: string): string[] => readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [path.relative(directory, path.join(entry.parentPath, entry.name))] : []));
  for (const file of files(once).filter((name) => name !== 'checkpoint')) expect(readFileSync(path.join(grown, file)).equals(readFileSync(path.join(once, file)))).toBe(true);
  expect(files(grown).filter((name) => /^tile\/(0|entries)\/000\.p/.test(name))).toEqual([]);
});

test('publishing that is cut off at any file completes when called again, and never signs what is not on disk', async () => {
  const before = await log('cut', 300);
  const head = readFileSync(path.join(before, 'checkpoint'), 'utf8');
  let cuts = 0;
  for (let after = 300; after < 800; after += 37) {
    const directory = path.join(folder, `cut-${after}`);
    cpSync(before, directory, { recursive: true });
    const dying = async function* (from: number, to: number): AsyncGenerator<StoredEntry> {
      yield* all.slice(from, Math.min(to, after));
      throw new Error('killed');
    };
    await expect(publish({ directory, signer: key.signer, size: 800, root: rootOf(800), read: dying })).rejects.toThrow('killed');
    expect(readFileSync(path.join(directory, 'checkpoint'), 'utf8')).toBe(head);
    expect((await verifyLog(directory, key.verifier)).problems).toEqual([]);
    await publish({ directory, signer: key.signer, size: 800, root: rootOf(800), read: entries });
    expect(await verifyLog(directory, key.verifier)).toMatchObject({ size: 800, problems: [] });
    cuts += 1;
  }
  expect(cuts).toBeGreaterThan(10);
});

test('a head is never taken back, and a head that the files do not lead to is never signed', async () => {
  const directory = await log('back', 400);
  const to = (size: number, root: Buffer) => publish({ directory, signer: key.signer, size, root, read: entries });
  await expect(to(300, rootOf(300))).rejects.toMatchObject({ code: 'LOG_ROLLBACK' });
  await expect(to(500, rootOf(499))).rejects.toMatchObject({ code: 'LOG_DIVERGED' });
  await expect(publish({ directory, signer: generateLogKey('backlot/studio/test').signer, size: 500, root: rootOf(500), read: entries })).rejects.toMatchObject({ code: 'BAD_SIGNATURE' });
  expect(readCheckpoint(readFileSync(path.join(directory, 'checkpoint'), 'utf8')).size).toBe(400);
});

describe('one changed byte anywhere is found, with its file and entry', () => {
  const cases: [string, number, string | undefined, number | undefined][] = [
    ['checkpoint', 3, 'checkpoint', undefined],
    ['checkpoint', -10, 'checkpoint', undefined],
    ['key', 5, 'key', undefined],
    ['tile/entries/001', 200, 'tile/entries/001', 257],
    ['tile/entries/001', 0, 'tile/entries/001', 256],
    ['tile/entries/002.p/188', 30, 'tile/entries/002.p/188', 512],
    ['tile/0/001', 33, 'tile/0/001', 257],
    ['tile/0/002.p/188', 65, 'tile/0/002.p/188', 514],
    ['tile/0/002.p/88', 65, 'tile/0/002.p/88', 514],
    ['tile/1/000.p/2', 40, 'tile/1/000.p/2', 256],
    ['payload/1.jsonl', 40, 'payload/1.jsonl', 256],
    ['payload/2.jsonl', -40, 'payload/2.jsonl', 699],
  ];
  test.each(cases)('%s, byte %i', async (file, offset, named, index) => {
    const directory = await log(`tampered-${file.replaceAll('/', '-')}-${offset}`, 600, 700);
    const bytes = readFileSync(path.join(directory, file));
    bytes[offset < 0 ? bytes.length + offset : offset]! ^= 1;
    writeFileSync(path.join(directory, file), bytes);
    const { problems } = await verifyLog(directory, file === 'key' ? {} : key.verifier);
    expect(problems[0]).toMatchObject({ file: named, ...(index === undefined ? {} : { index }) });
    expect([...new Set(problems.map((problem) => problem.file))].filter((name) => name !== 'checkpoint' && name !== named)).toEqual([]);
  });

  test.each(['tile/entries/001', 'tile/0/000', 'tile/1/000.p/2', 'payload/0.jsonl'])('a missing %s', async (file) => {
    const directory = await log(`missing-${file.replaceAll('/', '-')}`, 700);
    rmSync(path.join(directory, file));
    expect((await verifyLog(directory, key.verifier)).problems[0]).toMatchObject({ file });
  });
});

test('erasing a payload breaks neither the log nor the proof of its entry', async () => {
  const directory = await log('erased', 300);
  await erasePayload(directory, 270);
  expect(readFileSync(path.join(directory, 'payload/1.jsonl'), 'utf8')).not.toContain('clause 270');
  expect(await verifyLog(directory, key.verifier)).toMatchObject({ erased: 1, payloadsChecked: 299, problems: [] });
  expect(verifyProof(await proveInclusion(directory, 270), key.verifier).leaf.equals(all[270]!.leaf)).toBe(true);
});

test('a log that was rewritten under the same key does not extend the head seen earlier', async () => {
  const directory = await log('rewritten', 500);
  const honest = { origin: 'backlot/studio/test', size: 300, root: rootOf(300) };
  expect(await verifyLog(directory, { key: key.verifier, heads: [honest] })).toMatchObject({ extends: 1, problems: [] });
  const forged = { ...honest, root: rootOf(299) };
  expect((await verifyLog(directory, { key: key.verifier, heads: [forged] })).problems).toEqual([{ file: 'checkpoint', problem: 'the first 300 entries are not those of the earlier head' }]);
  const longer = { ...honest, size: 900, root: rootOf(900) };
  expect((await verifyLog(directory, { key: key.verifier, recorded: [longer] })).problems[0]!.problem).toContain('had 900 entries earlier');
});

test('a proof holds for its entry and checkpoint alone', async () => {
  const directory = await log('proved', 700);
  for (const index of [0, 255, 256, 511, 600, 699]) {
    const proof = await proveInclusion(directory, index);
    expect(proof.startsWith('c2sp.org/tlog-proof@v1\n')).toBe(true);
    expect(verifyProof(proof, key.verifier)).toMatchObject({ index, checkpoint: { size: 700 } });
    expect(() => verifyProof(proof, key.verifier, all[(index + 1) % 700]!.leaf)).toThrow(expect.objectContaining({ code: 'BAD_PROOF' }));
    expect(() => verifyProof(proof.replace(`index ${index}`, `index ${index + 1}`), key.verifier)).toThrow(expect.objectContaining({ code: 'BAD_PROOF' }));
  }
  await expect(proveInclusion(directory, 700)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const other = signCheckpoint({ size: 700, root: rootOf(699) }, key.signer);
  const proof = await proveInclusion(directory, 5);
  expect(() => verifyProof(`${proof.slice(0, proof.indexOf('\n\n'))}\n\n${other}`, key.verifier)).toThrow(expect.objectContaining({ code: 'BAD_PROOF' }));
});

test('anything but a log folder is refused', async () => {
  await expect(verifyLog(folder)).rejects.toMatchObject({ code: 'NOT_A_LOG' });
});
