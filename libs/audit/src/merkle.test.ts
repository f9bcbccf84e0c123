import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { repositoryRoot } from '#libs/platform';
import { CompactRange, consistencyProof, EMPTY_ROOT, inclusionProof, leafHash, nodeHash, treeHash, verifyConsistency, verifyInclusion, type HashReader } from './merkle.js';

const vectors = path.join(repositoryRoot, '../shared/audit/merkle-vectors');
const outside = existsSync(vectors) ? describe : describe.skip;

interface Inclusion { leafIdx: number; treeSize: number; root: string | null; leafHash: string | null; proof: string[] | null; wantErr: boolean }
interface Consistency { size1: number; size2: number; root1: string | null; root2: string | null; proof: string[] | null; wantErr: boolean }

function read<T>(folder: string): [string, T][] {
  if (!existsSync(vectors)) return [['skipped: ../shared/audit is missing', {} as T]];
  const files = readdirSync(path.join(vectors, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  return files.map((file) => [file, JSON.parse(readFileSync(path.join(vectors, folder, file), 'utf8')) as T]);
}

const bytes = (text: string | null): Buffer => Buffer.from(text ?? '', 'base64');

outside('transparency-dev/merkle vectors (skipped where ../shared/audit is missing)', () => {
  test('there are 98 of each', () => {
    expect([read('inclusion').length, read('consistency').length]).toEqual([98, 98]);
  });
  test.each(read<Inclusion>('inclusion'))('inclusion %s', (_, { leafIdx, treeSize, root, leafHash, proof, wantErr }) => {
    expect(verifyInclusion(leafIdx, treeSize, bytes(leafHash), (proof ?? []).map(bytes), bytes(root))).toBe(!wantErr);
  });
  test.each(read<Consistency>('consistency'))('consistency %s', (_, { size1, size2, root1, root2, proof, wantErr }) => {
    expect(verifyConsistency(size1, size2, bytes(root1), bytes(root2), (proof ?? []).map(bytes))).toBe(!wantErr);
  });
});

/** RFC 6962, 2.1, as it is written there. */
function naiveRoot(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

const tree = (size: number): Buffer[] => Array.from({ length: size }, (_, at) => leafHash(Buffer.from(String(at))));
const reader = (leaves: Buffer[]): HashReader => async (level, index) => naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const sizes = fc.integer({ min: 1, max: 300 });

describe('against a naive tree', () => {
  test('the compact range and the subtree hashes have its root at every size, also after being stored', async () => {
    const leaves = tree(130);
    let range = new CompactRange();
    for (let size = 0; size <= leaves.length; size += 1) {
      const root = naiveRoot(leaves.slice(0, size));
      expect(range.root()).toEqual(root);
      expect(await treeHash(reader(leaves), size)).toEqual(root);
      range = CompactRange.of(range.size, range.hashes);
      if (size < leaves.length) range.append(leaves[size]!);
    }
  });

  test('every entry has a proof that verifies for it alone', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, some, other) => {
        const leaves = tree(size);
        const index = some % size;
        const proof = await inclusionProof(reader(leaves), index, size);
        const root = naiveRoot(leaves);
        expect(verifyInclusion(index, size, leaves[index]!, proof, root)).toBe(true);
        if (other % size !== index) expect(verifyInclusion(other % size, size, leaves[index]!, proof, root)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('every older tree has a consistency proof, and a changed older root has none', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, some) => {
        const leaves = tree(size);
        const older = (some % size) + 1;
        const proof = await consistencyProof(reader(leaves), older, size);
        expect(verifyConsistency(older, size, naiveRoot(leaves.slice(0, older)), naiveRoot(leaves), proof)).toBe(true);
        expect(verifyConsistency(older, size, leafHash(Buffer.from('other')), naiveRoot(leaves), proof)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('sizes past 32 bits are not folded onto small ones', () => {
    const leaves = tree(2);
    const proof = [leaves[1]!];
    expect(verifyInclusion(0, 2, leaves[0]!, proof, naiveRoot(leaves))).toBe(true);
    expect(verifyInclusion(2 ** 32, 2 ** 32 + 2, leaves[0]!, proof, naiveRoot(leaves))).toBe(false);
  });
});
