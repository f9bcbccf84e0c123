import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HASH_BYTES, nodeHash, type HashReader } from './merkle.js';

/** c2sp.org/tlog-tiles: where the hashes and entries of a log lie as files, and how they are read back. */

/** Hashes in a full tile and entries in a full bundle. */
export const TILE_WIDTH = 256;

/**
 * The path of a tile (level 0, 1, …) or entry bundle ("entries") below the log's folder, with "/" between parts.
 * `width` below 256 is a partial one.
 */
export function tilePath(level: number | 'entries', index: number, width: number = TILE_WIDTH): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g)!;
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** The payloads beside entry bundle `index`: one JSON line an entry. */
export function payloadPath(index: number): string {
  return `payload/${index}.jsonl`;
}

/** How many hashes the tile at this place has in a log of `size` entries: 0 (none) to 256. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** The hash of consecutive hashes whose number is a power of two. */
export function fold(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, at) => nodeHash(row[at * 2]!, row[at * 2 + 1]!));
  return row[0]!;
}

export function splitHashes(bytes: Buffer): Buffer[] {
  return Array.from({ length: Math.floor(bytes.length / HASH_BYTES) }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

/** An entry bundle: every leaf after its length as a big-endian uint16. */
export function writeBundle(leaves: readonly Buffer[]): Buffer {
  return Buffer.concat(
    leaves.flatMap((leaf) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(leaf.length);
      return [length, leaf];
    }),
  );
}

/** The leaves of a bundle; what cannot be cut into leaves is left over, so `complete` tells a damaged one. */
export function readBundle(bytes: Buffer): { leaves: Buffer[]; complete: boolean } {
  const leaves: Buffer[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) break;
    leaves.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { leaves, complete: at === bytes.length };
}

/** A file below the log's folder, or undefined when it is not there. */
export async function readIfThere(directory: string, path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(directory, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The file of a tile or bundle in a log of some size, with the path it was found at. A partial one may have been replaced by a wider
 * or the full one since; its beginning is the same.
 */
export async function readTile(directory: string, level: number | 'entries', index: number, width: number): Promise<{ path: string; bytes: Buffer } | undefined> {
  for (const path of width < TILE_WIDTH ? [tilePath(level, index, width), tilePath(level, index)] : [tilePath(level, index)]) {
    const bytes = await readIfThere(directory, path);
    if (bytes) return { path, bytes };
  }
  return undefined;
}

/** Reads subtree hashes from the tiles of a log of `size` entries. Throws when a tile is missing or short. */
export function tileReader(directory: string, size: number): HashReader {
  const recent = new Map<string, Buffer[]>();
  return async (level, index) => {
    const tileLevel = Math.floor(level / 8);
    const span = 2 ** (level % 8);
    const first = index * span;
    const tile = Math.floor(first / TILE_WIDTH);
    const width = tileWidth(tileLevel, tile, size);
    const key = `${tileLevel}/${tile}`;
    let hashes = recent.get(key);
    if (!hashes) {
      hashes = splitHashes((await readTile(directory, tileLevel, tile, width))?.bytes ?? Buffer.alloc(0)).slice(0, width);
      // A proof touches at most two tiles a level.
      if (recent.size >= 32) recent.clear();
      recent.set(key, hashes);
    }
    const part = hashes.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + span);
    if (part.length < span) throw new Error(`${tilePath(tileLevel, tile, width)} is missing or short`);
    return fold(part);
  };
}
