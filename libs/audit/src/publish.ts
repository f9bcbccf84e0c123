import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from '#libs/platform';
import { canonicalBytes, type StoredEntry } from './entry.js';
import { leafHash, treeHash } from './merkle.js';
import { signCheckpoint, verifierOf, verifyCheckpoint, type Checkpoint } from './note.js';
import { fold, payloadPath, readIfThere, readTile, splitHashes, tilePath, tileReader, tileWidth, TILE_WIDTH, writeBundle } from './tiles.js';

export interface Publication {
  /** The log's folder; made when it is not there. */
  directory: string;
  /** Signer key string (note.ts); its name is the log's origin. */
  signer: string;
  /** The head to publish. */
  size: number;
  root: Buffer;
  /** The entries [from, to) in order. */
  read: (from: number, to: number) => AsyncIterable<StoredEntry>;
}

/**
 * Brings the files of a log to `size` entries: bundles, payloads and tiles first, each whole under its name or not at all, and the
 * signed checkpoint only when everything it covers is on disk and hashes to it. Called again after a kill at any point it completes.
 *
 * Refuses, and signs nothing, when the folder holds a newer head (LOG_ROLLBACK: the database is an older copy), or files that do not
 * lead to the head given (LOG_DIVERGED).
 */
export async function publish({ directory, signer, size, root, read }: Publication): Promise<Checkpoint & { note: string }> {
  const verifier = verifierOf(signer);
  await mkdir(directory, { recursive: true });
  const previous = await readIfThere(directory, 'checkpoint');
  const published = previous ? verifyCheckpoint(previous.toString('utf8'), verifier) : undefined;
  if (published && published.size > size)
    throw new Refusal('LOG_ROLLBACK', `The log ${published.origin} has ${published.size} published entries, the database only ${size}.`, 'Restore the newest copy of the database: a signed head is never taken back.', 409);
  if (previous && published?.size === size && published.root.equals(root)) return { ...published, note: previous.toString('utf8') };

  const writer = await TileWriter.resume(directory, published?.size ?? 0);
  let count = writer.start;
  for await (const entry of read(writer.start, size)) {
    await writer.add(entry);
    count += 1;
  }
  if (count !== size) throw new Error(`the log has ${count} entries to publish, not ${size}`);
  await writer.finish();

  // What is signed is what is on disk: both heads are computed again from the files.
  const tiles = tileReader(directory, size);
  const extended = !published || (await treeHash(tiles, published.size)).equals(published.root);
  if (!extended || !(await treeHash(tiles, size)).equals(root)) throw diverged(directory);

  await writeFileAtomic(join(directory, 'key'), `${verifier}\n`);
  const note = signCheckpoint({ size, root }, signer);
  await writeFileAtomic(join(directory, 'checkpoint'), note);
  await writer.removeReplaced();
  return { ...verifyCheckpoint(note, verifier), note };
}

/** Overwrites the payload of an entry with the fact that it was erased; leaf, proofs and head stay right. */
export async function erasePayload(directory: string, index: number): Promise<void> {
  const path = payloadPath(Math.floor(index / TILE_WIDTH));
  const lines = (await readIfThere(directory, path))?.toString('utf8').split('\n') ?? [];
  if ((lines[index % TILE_WIDTH] ?? '') === '') throw new Refusal('NOT_FOUND', `The log has no payload of entry ${index}.`, 'Check the index.', 404);
  lines[index % TILE_WIDTH] = payloadLine(index, { salt: null, payload: null });
  await writeFileAtomic(join(directory, path), lines.join('\n'));
}

function payloadLine(index: number, { salt, payload }: Pick<StoredEntry, 'salt' | 'payload'>): string {
  return canonicalBytes(salt ? { seq: index, salt: salt.toString('base64'), payload } : { seq: index, erased: true }).toString('utf8');
}

/** Writes bundles, payloads and tiles of a growing log, from the start of the last bundle that was not full. */
class TileWriter {
  private leaves: Buffer[] = [];
  private payloads: string[] = [];
  private readonly folders = new Set<string>();
  private readonly replaced: string[] = [];

  private constructor(
    private readonly directory: string,
    readonly start: number,
    /** Hashes of the tile that is being filled, per level. */
    private readonly rows: Buffer[][],
  ) {
    this.position = start;
  }

  private position: number;

  static async resume(directory: string, published: number): Promise<TileWriter> {
    const rows: Buffer[][] = [[]];
    for (let level = 1; TILE_WIDTH ** level <= published; level += 1) {
      const tile = Math.floor(published / TILE_WIDTH ** (level + 1));
      const width = tileWidth(level, tile, published);
      const hashes = width === 0 ? [] : splitHashes((await readTile(directory, level, tile, width))?.bytes ?? Buffer.alloc(0)).slice(0, width);
      if (hashes.length < width) throw diverged(directory);
      rows.push(hashes);
    }
    return new TileWriter(directory, Math.floor(published / TILE_WIDTH) * TILE_WIDTH, rows);
  }

  async add(entry: StoredEntry): Promise<void> {
    this.leaves.push(entry.leaf);
    this.payloads.push(payloadLine(this.position, entry));
    this.rows[0]!.push(leafHash(entry.leaf));
    this.position += 1;
    if (this.leaves.length < TILE_WIDTH) return;
    await this.writeBundle();
    for (let level = 0; this.rows[level]?.length === TILE_WIDTH; level += 1) {
      const full = this.rows[level]!;
      await this.writeTile(level);
      this.replaced.push(`${this.tile(level, TILE_WIDTH)}.p`);
      (this.rows[level + 1] ??= []).push(fold(full));
      this.rows[level] = [];
    }
  }

  /** Writes the partial bundle and tiles, and makes every name durable. */
  async finish(): Promise<void> {
    if (this.leaves.length > 0) await this.writeBundle();
    for (const [level, row] of this.rows.entries()) if (row.length > 0) await this.writeTile(level);
    for (const folder of this.folders) await sync(folder);
  }

  /** Partial tiles whose full one is published are not needed any more. */
  async removeReplaced(): Promise<void> {
    for (const path of this.replaced) await rm(join(this.directory, path), { recursive: true, force: true });
  }

  private async writeBundle(): Promise<void> {
    const index = Math.floor((this.position - 1) / TILE_WIDTH);
    const path = tilePath('entries', index, this.leaves.length);
    if (this.leaves.length === TILE_WIDTH) this.replaced.push(`${path}.p`);
    await this.write(path, writeBundle(this.leaves));
    await this.write(payloadPath(index), `${this.payloads.join('\n')}\n`);
    this.leaves = [];
    this.payloads = [];
  }

  private writeTile(level: number): Promise<void> {
    return this.write(this.tile(level, this.rows[level]!.length), Buffer.concat(this.rows[level]!));
  }

  /** The path of the tile that row `level` fills now; hashes above it are those of full subtrees up to the position. */
  private tile(level: number, width: number): string {
    return tilePath(level, Math.floor((this.position / TILE_WIDTH ** level - 1) / TILE_WIDTH), width);
  }

  private async write(path: string, content: Buffer | string): Promise<void> {
    const file = join(this.directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, content, false);
    // Every folder up to the log's own: a new one is a name in the one above.
    for (let folder = dirname(file); folder.length >= this.directory.length; folder = dirname(folder)) this.folders.add(folder);
  }
}

/** The file is either what it was or all of `content`, also after a power cut (with `syncFolder`, or once its folder is synced). */
async function writeFileAtomic(file: string, content: Buffer | string, syncFolder = true): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', 0o644);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  if (syncFolder) await sync(dirname(file));
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const diverged = (directory: string): Refusal =>
  new Refusal('LOG_DIVERGED', `The files in ${directory} do not lead to the head that the database holds.`, 'Run `backlot log verify` on the folder: it names the file that was changed or lost.', 409);
