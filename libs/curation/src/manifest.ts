import canonicalize from 'canonicalize';
import type { CaptionLength } from '#libs/media';
import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';
import { Readable } from 'node:stream';
import { contentOf } from './filters/rules.js';
import type { Recipe } from './selection.js';

/** What a clip's shot is called in each length. */
export type Captions = Record<CaptionLength, string>;

/** One kept clip, in nothing but content: no id, no time of making. */
export interface ClipLine {
  /** SHA-256 of the master, hex. */
  master: string;
  first: number;
  last: number;
  startPts: number;
  caption: string;
  /** Of all lengths, where the version holds them. */
  captions?: Captions;
  split: 'train' | 'heldout';
  /** SHA-256 of the clip's mp4, hex. */
  sha256: string;
  /** SHA-256 of the terms of every policy that allowed it, sorted. */
  terms: string[];
}

export interface DropLine {
  master: string | null;
  first: number;
  last: number;
  code: string;
  value: number | string | null;
}

/**
 * The content address of a dataset version: SHA-256 over one line of RFC 8785 canonical JSON for the recipe and one for each clip and
 * drop, in the order of master digest and frame. Lines are hashed as they come: memory does not grow with the dataset.
 */
export class ManifestHash {
  private readonly hash = createHash('sha256');

  constructor(recipe: Recipe) {
    this.line({ recipe: { ...recipe, rules: recipe.rules.map(contentOf) } });
  }

  clip(clip: ClipLine): void {
    this.line({ clip });
  }

  drop(drop: DropLine): void {
    this.line({ drop });
  }

  digest(): string {
    return this.hash.digest('hex');
  }

  private line(value: object): void {
    this.hash.update(`${canonicalize(value)}\n`);
  }
}

/** Bytes of one file of the shard. */
export interface ShardFile {
  name: string;
  bytes: Buffer;
}

/** A WebDataset tar as a stream; the same files give the same bytes (no times, no owners). One file is in memory at a time. */
export function shard(files: AsyncIterable<ShardFile>): Readable {
  const tar = pack();
  const fill = async (): Promise<void> => {
    for await (const { name, bytes } of files) {
      await new Promise<void>((written, failed) => {
        tar.entry({ name, size: bytes.length, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }, bytes, (error) => (error ? failed(error) : written()));
      });
    }
    tar.finalize();
  };
  async function* content(): AsyncGenerator<Buffer> {
    // What goes wrong with a file ends the tar with it, and so reaches whoever reads.
    const filling = fill().catch((error: Error) => tar.destroy(error));
    try {
      yield* tar as AsyncIterable<Buffer>;
    } finally {
      // A reader that stops early must also stop the one who makes the files.
      tar.destroy();
      await filling;
    }
  }
  return Readable.from(content());
}
