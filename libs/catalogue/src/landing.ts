import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, type Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskFull, isId, Refusal } from '#libs/platform';
import type { RangeSource } from './loopback.js';

/** A part as the database knows it. */
export interface LandedPart {
  number: number;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** Room that is left free for the database and the logs whatever is uploaded. */
const RESERVE_BYTES = 256 * 1024 * 1024;

/** Uploads on their way, as files: ROOT/studio/upload/NUMBER.part. A part has its name only when it is whole and on the disk. */
export class Landing {
  constructor(
    private readonly root: string,
    private readonly freeBytes = async (folder: string): Promise<number> => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  ) {}

  private folder(studioId: string, uploadId: string): string {
    return join(this.root, studioId, uploadId);
  }

  private part(studioId: string, uploadId: string, number: number): string {
    return join(this.folder(studioId, uploadId), `${number}.part`);
  }

  /** Throws Refusal DISK_FULL when a file of `bytes` does not fit twice: here, and sealed beside it before this copy goes. */
  async makeRoom(bytes: number): Promise<void> {
    await mkdir(this.root, { recursive: true });
    if ((await this.freeBytes(this.root)) < 2 * bytes + RESERVE_BYTES) throw diskFull();
  }

  /** Takes one part whole or not at all. Throws Refusal WRONG_SIZE, WRONG_DIGEST, DISK_FULL. */
  async put(studioId: string, uploadId: string, part: LandedPart, content: Readable): Promise<void> {
    const folder = this.folder(studioId, uploadId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `${part.number}.${randomBytes(6).toString('hex')}.tmp`);
    const hash = createHash('sha256');
    let bytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        if (bytes > part.bytes) return done(wrongSize(part, `more than ${part.bytes}`));
        hash.update(chunk);
        done(null, chunk);
      },
    });
    try {
      await pipeline(content, measure, createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
      if (bytes !== part.bytes) throw wrongSize(part, String(bytes));
      const digest = hash.digest('hex');
      if (digest !== part.sha256) {
        throw new Refusal('WRONG_DIGEST', `Part ${part.number} arrived with SHA-256 ${digest.slice(0, 12)}…, ${part.sha256.slice(0, 12)}… was announced; it was not kept.`, 'Send the part again; if it stays, the file changes while it is read.');
      }
      await rename(temporary, this.part(studioId, uploadId, part.number));
      const handle = await open(folder);
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      await rm(temporary, { force: true });
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull();
      throw error;
    }
  }

  /** Numbers of the parts whose file is missing or has another size. */
  async missing(studioId: string, uploadId: string, parts: LandedPart[]): Promise<number[]> {
    const gone: number[] = [];
    for (const part of parts) {
      const found = await stat(this.part(studioId, uploadId, part.number)).catch(absent);
      if (found?.size !== part.bytes) gone.push(part.number);
    }
    return gone;
  }

  /** The parts as one file; `partBytes` is the size of every part but the last. */
  source(studioId: string, uploadId: string, partBytes: number, bytes: number): RangeSource {
    const part = (number: number): string => this.part(studioId, uploadId, number);
    return {
      bytes,
      async *open(start, end) {
        for (let number = Math.floor(start / partBytes); number * partBytes < end; number++) {
          const offset = number * partBytes;
          const from = Math.max(0, start - offset);
          const to = Math.min(partBytes, end - offset);
          if (from < to) yield* createReadStream(part(number), { start: from, end: to - 1, highWaterMark: 524_288 }) as AsyncIterable<Buffer>;
        }
      },
    };
  }

  /** The whole file once, each part checked against the digest it arrived with. Throws Refusal LANDING_CHANGED. */
  async *read(studioId: string, uploadId: string, parts: LandedPart[]): AsyncGenerator<Buffer> {
    for (const part of parts) {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(this.part(studioId, uploadId, part.number), { highWaterMark: 524_288 }) as AsyncIterable<Buffer>) {
        hash.update(chunk);
        yield chunk;
      }
      if (hash.digest('hex') !== part.sha256) {
        throw new Refusal('LANDING_CHANGED', `Part ${part.number} of the upload changed on the disk after it arrived.`, 'Upload the file again, and have the disk looked at.');
      }
    }
  }

  async remove(studioId: string, uploadId: string): Promise<void> {
    await rm(this.folder(studioId, uploadId), { recursive: true, force: true });
  }

  /** Every upload that has files here. */
  async *uploads(): AsyncGenerator<{ studioId: string; uploadId: string }> {
    for (const studio of await folders(this.root)) {
      for (const upload of await folders(join(this.root, studio))) yield { studioId: studio, uploadId: upload };
    }
  }
}

async function folders(path: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory() && isId(entry.name)).map((entry) => entry.name);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function wrongSize(part: LandedPart, got: string): Refusal {
  return new Refusal('WRONG_SIZE', `Part ${part.number} must have ${part.bytes} bytes; ${got} arrived.`, 'Cut the file into parts of partBytes, the last one shorter, and send the part again.');
}
