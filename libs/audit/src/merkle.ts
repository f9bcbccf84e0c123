import { createHash } from 'node:crypto';

/**
 * RFC 6962 Merkle trees, from hashes alone. Sizes and indices are whole numbers up to 2^53; 32-bit operators would fold a tree of
 * five billion entries onto a small one, so positions are halved by division.
 */

export const HASH_BYTES = 32;

/** The root of a log without entries: SHA-256 of nothing. */
export const EMPTY_ROOT = createHash('sha256').digest();

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export function leafHash(leaf: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(leaf).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/**
 * The peaks of a growing tree: one hash for each bit that is set in `size`, largest subtree first.
 * All that appending needs, at most 53 hashes.
 */
export class CompactRange {
  private readonly peaks: Buffer[];

  constructor(
    public size = 0,
    peaks: readonly Buffer[] = [],
  ) {
    this.peaks = [...peaks];
    if (this.peaks.length !== peakSizes(size).length) throw new RangeError(`a tree of ${size} leaves has ${peakSizes(size).length} peaks`);
  }

  /** From the bytes of `hashes`. */
  static of(size: number, hashes: Buffer): CompactRange {
    const peaks: Buffer[] = [];
    for (let at = 0; at < hashes.length; at += HASH_BYTES) peaks.push(hashes.subarray(at, at + HASH_BYTES));
    return new CompactRange(size, peaks);
  }

  append(hash: Buffer): void {
    let node = hash;
    for (let below = this.size; below % 2 === 1; below = (below - 1) / 2) node = nodeHash(this.peaks.pop()!, node);
    this.peaks.push(node);
    this.size += 1;
  }

  root(): Buffer {
    return this.peaks.reduceRight<Buffer | undefined>((right, left) => (right ? nodeHash(left, right) : left), undefined) ?? EMPTY_ROOT;
  }

  /** The peaks as bytes, to be stored. */
  get hashes(): Buffer {
    return Buffer.concat(this.peaks);
  }
}

/** The subtree sizes (powers of two, largest first) that make up a tree. */
function peakSizes(size: number): number[] {
  const sizes: number[] = [];
  for (let bit = 1, rest = size; rest > 0; bit *= 2, rest = Math.floor(rest / 2)) if (rest % 2 === 1) sizes.unshift(bit);
  return sizes;
}

/** Reads the hash of the full subtree of 2^level leaves that starts at leaf index * 2^level. */
export type HashReader = (level: number, index: number) => Promise<Buffer>;

/** The hash of leaves [start, start + size) for any size, where start is a multiple of the next power of two. */
export async function subtreeHash(read: HashReader, start: number, size: number): Promise<Buffer> {
  if (size === 0) return EMPTY_ROOT;
  let hash: Buffer | undefined;
  let end = start + size;
  for (const peak of peakSizes(size).toReversed()) {
    end -= peak;
    const left = await read(Math.log2(peak), end / peak);
    hash = hash ? nodeHash(left, hash) : left;
  }
  return hash!;
}

/** The root of the first `size` leaves. */
export function treeHash(read: HashReader, size: number): Promise<Buffer> {
  return subtreeHash(read, 0, size);
}

/** The sibling hashes from the leaf up to the root (RFC 6962, 2.1.1). */
export async function inclusionProof(read: HashReader, index: number, size: number): Promise<Buffer[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`entry ${index} is not in a tree of ${size}`);
  const path = async (start: number, width: number): Promise<Buffer[]> => {
    if (width === 1) return [];
    const split = splitPoint(width);
    return index - start < split
      ? [...(await path(start, split)), await subtreeHash(read, start + split, width - split)]
      : [...(await path(start + split, width - split)), await subtreeHash(read, start, split)];
  };
  return path(0, size);
}

/** The hashes that show that the tree of `older` leaves is a prefix of the one of `size` (RFC 6962, 2.1.2). Empty when either is trivial. */
export async function consistencyProof(read: HashReader, older: number, size: number): Promise<Buffer[]> {
  if (!(older >= 0 && older <= size)) throw new RangeError(`a tree of ${older} is not older than one of ${size}`);
  if (older === 0 || older === size) return [];
  const path = async (start: number, width: number, whole: boolean): Promise<Buffer[]> => {
    if (older - start === width) return whole ? [] : [await subtreeHash(read, start, width)];
    const split = splitPoint(width);
    return older - start <= split
      ? [...(await path(start, split, whole)), await subtreeHash(read, start + split, width - split)]
      : [...(await path(start + split, width - split, false)), await subtreeHash(read, start, split)];
  };
  return path(0, size, true);
}

/** The largest power of two below `width`. */
function splitPoint(width: number): number {
  let split = 1;
  while (split * 2 < width) split *= 2;
  return split;
}

/** Whether the leaf with this hash is entry `index` of the tree with this root. Never throws: a malformed proof is a false one. */
export function verifyInclusion(index: number, size: number, leaf: Buffer, proof: readonly Buffer[], root: Buffer): boolean {
  if (!counts(index, size) || index >= size || !hashes([leaf, root, ...proof])) return false;
  // RFC 9162, 2.1.3.2: `last` is the position of the last node on the same level as the leaf's ancestor.
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(root);
}

/** Whether the older tree is a prefix of the newer one. Never throws: a malformed proof is a false one. */
export function verifyConsistency(older: number, size: number, olderRoot: Buffer, root: Buffer, proof: readonly Buffer[]): boolean {
  if (!counts(older, size) || older > size) return false;
  // Everything extends the empty tree, so there is nothing that a proof could say about it.
  if (older === 0) return false;
  if (older === size) return proof.length === 0 && olderRoot.equals(root);
  if (!hashes([olderRoot, root, ...proof])) return false;
  // RFC 9162, 2.1.4.2. A complete older tree is its own first proof hash.
  const path = Number.isInteger(Math.log2(older)) ? [olderRoot, ...proof] : [...proof];
  const first = path.shift();
  if (!first) return false;
  let at = older - 1;
  let last = size - 1;
  while (at % 2 === 1) [at, last] = [(at - 1) / 2, Math.floor(last / 2)];
  let olderHash = first;
  let hash = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      olderHash = nodeHash(sibling, olderHash);
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && olderHash.equals(olderRoot) && hash.equals(root);
}

const counts = (...values: number[]): boolean => values.every((value) => Number.isSafeInteger(value) && value >= 0);
const hashes = (values: readonly Buffer[]): boolean => values.every((value) => value.length === HASH_BYTES);
