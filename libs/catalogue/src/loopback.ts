import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes that can be read from any place: a released object of the vault, or the parts of an upload. */
export interface RangeSource {
  bytes: number;
  /** Clear bytes [start, end). */
  open(start: number, end: number): AsyncIterable<Buffer>;
}

export interface RangeServer extends AsyncDisposable {
  /** http://127.0.0.1:PORT/TOKEN; whoever does not know the 256-bit token gets 404. */
  url: string;
  /** What reading the source failed with: the cause behind an "input/output error" of the reader. */
  failure(): Error | undefined;
}

/**
 * Serves one source on this machine's loopback until it is disposed of, so that ffmpeg reads sealed bytes by ranges and no clear copy
 * touches the disk. The token lives as long as the server: one pass.
 */
export async function serveRanges(source: RangeSource): Promise<RangeServer> {
  const token = randomBytes(32).toString('hex');
  const path = Buffer.from(`/${token}`);
  let failure: Error | undefined;
  const server = createServer((request, response) => {
    const asked = Buffer.from(request.url ?? '');
    if (asked.length !== path.length || !timingSafeEqual(asked, path)) {
      response.writeHead(404).end();
      return;
    }
    answer(source, request, response).catch((error: NodeJS.ErrnoException) => {
      // A reader that seeks hangs up in the middle of an answer: that is how it works, not a failure.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE' && error.code !== 'ECONNRESET') failure ??= error;
      response.destroy();
    });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', listening);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`,
    failure: () => failure,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(source: RangeSource, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405).end();
    return;
  }
  const range = byteRange(request.headers.range, source.bytes);
  if (!range) {
    response.writeHead(416, { 'content-range': `bytes */${source.bytes}` }).end();
    return;
  }
  const { start, end, partial } = range;
  response.writeHead(partial ? 206 : 200, {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    ...(partial ? { 'content-range': `bytes ${start}-${end - 1}/${source.bytes}` } : {}),
  });
  if (request.method === 'HEAD' || start === end) response.end();
  else await pipeline(Readable.from(source.open(start, end)), response);
}

/** The half-open range that a Range header asks for (RFC 9110, one range); undefined when none of it is there. */
export function byteRange(header: string | undefined, bytes: number): { start: number; end: number; partial: boolean } | undefined {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  // No header, several ranges or another unit: the whole.
  if (!asked || (asked[1] === '' && asked[2] === '')) return { start: 0, end: bytes, partial: false };
  const [, first, last] = asked;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  return start < end ? { start, end, partial: true } : undefined;
}
