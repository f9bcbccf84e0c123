import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { type ReleasedKey, Refusal, type Vault } from '#libs/platform';

/** Bytes [start, end) that a Range header asks of `size`; undefined: all of them. Several ranges at once are answered with all, as RFC 9110 allows. Throws Refusal BAD_RANGE (416). */
export function rangeOf(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (!asked || (asked[1] === '' && asked[2] === '')) return undefined;
  const [first, last] = [asked[1]!, asked[2]!];
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start >= size || start >= end) throw new Refusal('BAD_RANGE', `There are ${size} bytes; the range starts behind them.`, 'Ask for a range inside them.', 416);
  return { start, end };
}

/** While bytes flow, the rights are asked again this often: a slow client may take hours over a film. */
const ASK_AGAIN_MS = 500;

/**
 * Streams a released object, or the range asked for, as fast as the client takes it, and only as long as `allowed` does not throw. The bytes
 * of an object never change, so its id is its tag; but a browser must ask before it shows what it kept: a licence may end at any time.
 */
export async function sendObject(vault: Vault, released: ReleasedKey, request: Request, response: Response, allowed: () => Promise<unknown>): Promise<void> {
  const { id, plainBytes: size, contentType } = released.object;
  const tag = `"${id}"`;
  response.set({ etag: tag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes', 'content-type': contentType, vary: 'Cookie' });
  if (request.headers['if-none-match']?.split(',').some((given) => given.trim().replace(/^W\//, '') === tag)) {
    response.status(304).end();
    return;
  }
  const ifRange = request.headers['if-range'];
  let range: ReturnType<typeof rangeOf>;
  try {
    range = ifRange === undefined || ifRange === tag ? rangeOf(request.headers.range, size) : undefined;
  } catch (error) {
    response.set('content-range', `bytes */${size}`);
    throw error;
  }
  const { start, end } = range ?? { start: 0, end: size };
  response.status(range ? 206 : 200).set('content-length', String(end - start));
  if (range) response.set('content-range', `bytes ${start}-${end - 1}/${size}`);
  if (request.method === 'HEAD') response.end();
  else await stream(whileAllowed(vault.open(released, start, end), allowed), response);
}

async function* whileAllowed(bytes: AsyncIterable<Buffer>, allowed: () => Promise<unknown>): AsyncGenerator<Buffer> {
  let asked = performance.now();
  for await (const chunk of bytes) {
    if (performance.now() - asked > ASK_AGAIN_MS) {
      await allowed();
      asked = performance.now();
    }
    yield chunk;
  }
}

/** Sends bytes with backpressure; a client that goes away ends the reading and is no error. */
export async function stream(bytes: AsyncIterable<Buffer>, response: Response): Promise<void> {
  try {
    await pipeline(Readable.from(bytes, { objectMode: false }), response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
