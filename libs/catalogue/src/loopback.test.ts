import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byteRange, type RangeServer, serveRanges } from './loopback.js';

const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251));

describe('a Range header names bytes as RFC 9110 has it', () => {
  test.each([
    [undefined, { start: 0, end: 1000, partial: false }],
    ['bytes=0-0', { start: 0, end: 1, partial: true }],
    ['bytes=10-', { start: 10, end: 1000, partial: true }],
    ['bytes=-10', { start: 990, end: 1000, partial: true }],
    ['bytes=-5000', { start: 0, end: 1000, partial: true }],
    ['bytes=990-2000', { start: 990, end: 1000, partial: true }],
    ['bytes=1000-', undefined],
    ['bytes=20-10', undefined],
    ['bytes=-0', undefined],
    ['bytes=0-1,5-6', { start: 0, end: 1000, partial: false }],
    ['frames=0-1', { start: 0, end: 1000, partial: false }],
  ])('%s', (header, range) => expect(byteRange(header, 1000)).toEqual(range));
});

describe('a range server', () => {
  let server: RangeServer;
  beforeAll(async () => {
    server = await serveRanges({
      bytes: bytes.length,
      async *open(start, end) {
        for (let at = start; at < end; at += 64) yield bytes.subarray(at, Math.min(end, at + 64));
      },
    });
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  test('gives the whole, ranges, and the size', async () => {
    const whole = await fetch(server.url);
    expect([whole.status, Buffer.from(await whole.arrayBuffer()).equals(bytes)]).toEqual([200, true]);
    const part = await fetch(server.url, { headers: { range: 'bytes=100-299' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 100-299/1000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 300))).toBe(true);
    const head = await fetch(server.url, { method: 'HEAD' });
    expect([head.headers.get('content-length'), head.headers.get('accept-ranges')]).toEqual(['1000', 'bytes']);
    expect((await fetch(server.url, { headers: { range: 'bytes=1000-' } })).status).toBe(416);
  });

  test('answers nobody who lacks the token, and listens on the loopback only', async () => {
    const { origin, hostname, pathname } = new URL(server.url);
    expect(hostname).toBe('127.0.0.1');
    expect(pathname).toMatch(/^\/[0-9a-f]{64}$/);
    for (const path of ['/', '/x', pathname.slice(0, -1) + (pathname.endsWith('0') ? '1' : '0'), `${pathname}/`]) expect((await fetch(origin + path)).status).toBe(404);
    expect((await fetch(server.url, { method: 'PUT', body: 'x' })).status).toBe(405);
  });
});

test('a source that breaks is told as the cause, and the address is gone when the server is', async () => {
  const broken = await serveRanges({
    bytes: 10,
    async *open() {
      yield Buffer.from('ab');
      throw new Error('a segment is missing');
    },
  });
  await expect(fetch(broken.url).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  expect(broken.failure()?.message).toBe('a segment is missing');
  await broken[Symbol.asyncDispose]();
  await expect(fetch(broken.url)).rejects.toThrow();
});
