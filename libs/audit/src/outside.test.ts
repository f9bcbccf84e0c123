import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import type { StoredEntry } from './entry.js';
import { CompactRange, leafHash } from './merkle.js';
import { generateLogKey } from './note.js';
import { proveInclusion } from './proof.js';
import { publish } from './publish.js';

const folder = mkdtempSync(path.join(tmpdir(), 'backlot-outside-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const outside = has('python3', '--version') && has('openssl', 'version') ? test : test.skip;

// 65,536 entries fill a tile of level 1, so every kind of tile is there.
outside('a stranger with Python and openssl verifies a log of 66,001 entries and a proof, and sees one changed byte (skipped without them)', async () => {
  const key = generateLogKey('backlot/studio/strangers');
  const entries = Array.from({ length: 66_001 }, (_, seq): StoredEntry => ({ leaf: Buffer.from(`entry ${seq}`), salt: null, payload: null }));
  const range = new CompactRange();
  for (const size of [65_000, entries.length]) {
    while (range.size < size) range.append(leafHash(entries[range.size]!.leaf));
    await publish({
      directory: folder,
      signer: key.signer,
      size,
      root: range.root(),
      read: async function* (from, to) {
        yield* entries.slice(from, to);
      },
    });
  }
  const proof = path.join(folder, 'entry.tlog-proof');
  writeFileSync(proof, await proveInclusion(folder, 65_537));
  const verify = () => spawnSync('python3', [path.join(repositoryRoot, 'test/outside/verify_log.py'), folder, key.verifier, proof], { encoding: 'utf8' });
  expect(verify()).toMatchObject({ status: 0, stdout: 'right: 66001 entries of backlot/studio/strangers and the proof\n' });

  const tile = path.join(folder, 'tile/1/000');
  const bytes = readFileSync(tile);
  bytes[100]! ^= 1;
  writeFileSync(tile, bytes);
  expect(verify()).toMatchObject({ status: 1, stderr: 'wrong: tile 1/0\n' });
}, 60_000);
