import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, opendir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { Refusal } from './errors.js';
import { newId } from './ids.js';

/** Where sealed bytes lie. Keys are slash-separated; a put is whole or absent; a second put of a key is refused. */
export interface ObjectStore {
  put(key: string, bytes: Readable): Promise<number>;
  /** Bytes [from, to) as a stream. */
  read(key: string, from: number, to: number): AsyncIterable<Buffer>;
  size(key: string): Promise<number | undefined>;
  remove(key: string): Promise<void>;
  /** What lies there, half-written puts included, whose last byte is older than `olderThanMs`. */
  list(olderThanMs: number): AsyncIterable<string>;
}

/** Objects as files under one folder. */
export class FileStore implements ObjectStore {
  private readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  private path(key: string): string {
    const path = resolve(join(this.root, key));
    if (!path.startsWith(this.root + sep)) throw new Error(`object key ${JSON.stringify(key)} leaves the store`);
    return path;
  }

  async put(key: string, bytes: Readable): Promise<number> {
    const path = this.path(key);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${newId()}.writing`;
    try {
      const file = createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(bytes, file);
      await rename(temporary, path);
      const folder = await open(dirname(path));
      await folder.sync().finally(() => folder.close());
      return file.bytesWritten;
    } catch (error) {
      await rm(temporary, { force: true });
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull();
      throw error;
    }
  }

  read(key: string, from: number, to: number): AsyncIterable<Buffer> {
    return createReadStream(this.path(key), { start: from, end: to - 1, highWaterMark: 524_288 });
  }

  async size(key: string): Promise<number | undefined> {
    try {
      return (await stat(this.path(key))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  async *list(olderThanMs: number): AsyncGenerator<string> {
    const before = Date.now() - olderThanMs;
    for (const studio of await names(this.root)) {
      for (const kind of await names(join(this.root, studio))) {
        // One folder at a time, entry by entry: a folder may hold millions.
        for await (const entry of await opendir(join(this.root, studio, kind))) {
          const key = `${studio}/${kind}/${entry.name}`;
          const found = entry.isFile() ? await stat(this.path(key)).catch(absent) : undefined;
          if (found && found.mtimeMs < before) yield key;
        }
      }
    }
  }
}

async function names(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(absent);
  return (entries ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** The refusal for a full disk, wherever bytes are written. */
export function diskFull(): Refusal {
  return new Refusal('DISK_FULL', 'The disk is full; what was being written was removed.', 'Free space in the data folder, then send it again: finished parts are kept.', 507);
}
