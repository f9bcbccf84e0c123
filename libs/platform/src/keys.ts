import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from './errors.js';

/** Wraps data keys under a studio's own key. Destroying a wrapped key destroys what it sealed. */
export interface KeyManagement {
  wrap(studioId: string, dataKey: Buffer): Promise<Buffer>;
  /** Throws Refusal KEY_UNAVAILABLE when the studio's key is missing or does not fit. */
  unwrap(studioId: string, wrapped: Buffer): Promise<Buffer>;
}

/** A key of 32 bytes per studio in a file of its own (0600). For one machine; a cluster uses a key service. */
export class LocalKeys implements KeyManagement {
  private readonly cache = new Map<string, Promise<Buffer>>();

  constructor(private readonly folder: string) {}

  private studioKey(studioId: string, create: boolean): Promise<Buffer> {
    let key = this.cache.get(studioId);
    if (!key) {
      key = this.load(studioId, create);
      this.cache.set(studioId, key);
      key.catch(() => this.cache.delete(studioId));
    }
    return key;
  }

  private async load(studioId: string, create: boolean): Promise<Buffer> {
    const path = join(this.folder, `studio-${studioId}.key`);
    try {
      return await readKey(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (!create) throw new Refusal('KEY_UNAVAILABLE', "The studio's key is not here.", 'Restore the keys folder from its backup.', 500);
    }
    return createKeyFile(path);
  }

  async wrap(studioId: string, dataKey: Buffer): Promise<Buffer> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', await this.studioKey(studioId, true), nonce);
    cipher.setAAD(Buffer.from(studioId));
    return Buffer.concat([nonce, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
  }

  async unwrap(studioId: string, wrapped: Buffer): Promise<Buffer> {
    const decipher = createDecipheriv('aes-256-gcm', await this.studioKey(studioId, false), wrapped.subarray(0, 12));
    decipher.setAAD(Buffer.from(studioId));
    decipher.setAuthTag(wrapped.subarray(wrapped.length - 16));
    try {
      return Buffer.concat([decipher.update(wrapped.subarray(12, wrapped.length - 16)), decipher.final()]);
    } catch (error) {
      throw new Refusal('KEY_UNAVAILABLE', `The studio's key does not fit this object (${(error as Error).message}).`, 'Restore the keys folder from its backup.', 500);
    }
  }
}

async function readKey(path: string): Promise<Buffer> {
  const key = await readFile(path);
  if (key.length !== 32) throw new Refusal('KEY_UNAVAILABLE', `The key file ${path} is not 32 bytes.`, 'Restore the keys folder from its backup.', 500);
  return key;
}

/** Makes a random 32-byte key file once, even when two processes ask at the same moment; gives the key that won. */
export async function createKeyFile(path: string): Promise<Buffer> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  await file.writeFile(randomBytes(32));
  await file.sync();
  await file.close();
  // link() fails where the name exists: of two processes that make the same key, one wins and both read the winner's.
  await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(temporary);
  return readKey(path);
}
