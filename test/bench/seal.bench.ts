import { FileStore, openRange, SealStream } from '#libs/platform';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { median, type Bench, type Figure } from './figure.js';

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
const ROUNDS = 5;
const CHUNK = randomBytes(MIB);

function* clear(): Generator<Buffer> {
  for (let sent = 0; sent < SIZE; sent += CHUNK.length) yield CHUNK;
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

async function drain(bytes: AsyncIterable<Buffer>): Promise<void> {
  let read = 0;
  for await (const chunk of bytes) read += chunk.length;
  if (read !== SIZE) throw new Error(`read ${read} bytes of ${SIZE}`);
}

/** Sealed segments beside one plain AES-256-GCM stream of the same bytes, both through the same store; aim .8 of its speed. */
async function run(): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'backlot-bench-'));
  try {
    const store = new FileStore(folder);
    const key = randomBytes(32);
    const iv = randomBytes(12);
    const took = { sealedWrite: [] as number[], plainWrite: [] as number[], sealedRead: [] as number[], plainRead: [] as number[] };
    for (let round = 0; round <= ROUNDS; round++) {
      const [sealedKey, plainKey] = [`sealed-${round}`, `plain-${round}`];
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const write = (through: NodeJS.ReadWriteStream, name: string) => async () => {
        const out = new PassThrough({ highWaterMark: MIB });
        await Promise.all([pipeline(Readable.from(clear(), { objectMode: false, highWaterMark: MIB }), through, out), store.put(name, out)]);
      };
      const sealedWrite = await seconds(write(new SealStream(key, 'bench'), sealedKey));
      const plainWrite = await seconds(write(cipher, plainKey));
      const sealedBytes = (await store.size(sealedKey))!;
      const sealedRead = await seconds(() => drain(openRange(key, 'bench', sealedBytes, (from, to) => store.read(sealedKey, from, to))));
      const plainRead = await seconds(async () => {
        const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(cipher.getAuthTag());
        const opened = new PassThrough({ highWaterMark: MIB });
        await Promise.all([pipeline(store.read(plainKey, 0, SIZE), decipher, opened), drain(opened)]);
      });
      await Promise.all([store.remove(sealedKey), store.remove(plainKey)]);
      if (round === 0) continue; // The first round warms the compiler and the disk's cache.
      took.sealedWrite.push(sealedWrite);
      took.plainWrite.push(plainWrite);
      took.sealedRead.push(sealedRead);
      took.plainRead.push(plainRead);
    }
    const figure = (name: string, sealed: number[], plain: number[]): Figure => ({
      name,
      value: SIZE / MIB / median(sealed),
      unit: 'MiB/s',
      against: SIZE / MIB / median(plain),
      ratio: median(sealed.map((time, round) => plain[round]! / time)),
      peer: 'one plain AES-256-GCM stream, same bytes and store; aim at least .8',
    });
    return [figure('seal.write', took.sealedWrite, took.plainWrite), figure('seal.read', took.sealedRead, took.plainRead)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export default { name: 'seal', run } satisfies Bench;
