import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { Refusal } from './errors.js';

/**
 * Sealed format v1. A 32-byte header (magic, segment size, nonce prefix), then segments of AES-256-GCM: ciphertext and 16-byte tag.
 * Nonce = prefix(7) || segment index(4, big-endian) || last flag(1): the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015),
 * so a segment that is moved, dropped, or cut off the end fails to open. AAD = header || object id: bytes of one object never open as another's.
 * apps/trainer reads and writes the same format.
 */
export const HEADER_BYTES = 32;
export const TAG_BYTES = 16;
/** 1 MiB: a cipher costs some 40 µs to make, which at 256 KiB held writing at .6 of plain AES-256-GCM (`npm run bench seal`). Headers say their own size. */
export const SEGMENT_BYTES = 1_048_576;
const MAGIC = Buffer.from('BLSEAL1\0', 'latin1');

export interface SealedHeader {
  segmentBytes: number;
  noncePrefix: Buffer;
  raw: Buffer;
}

function makeHeader(segmentBytes: number): SealedHeader {
  const raw = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(raw);
  raw.writeUInt32BE(segmentBytes, 8);
  const noncePrefix = randomBytes(7);
  noncePrefix.copy(raw, 12);
  return { segmentBytes, noncePrefix, raw };
}

/** Reads a header; throws Refusal SEAL_BROKEN when the bytes are not one. */
export function readHeader(raw: Buffer): SealedHeader {
  const segmentBytes = raw.length >= HEADER_BYTES ? raw.readUInt32BE(8) : 0;
  if (raw.length < HEADER_BYTES || !raw.subarray(0, 8).equals(MAGIC) || segmentBytes < 1024 || segmentBytes > 16_777_216) throw broken('its header is not one of ours');
  return { segmentBytes, noncePrefix: Buffer.from(raw.subarray(12, 19)), raw: Buffer.from(raw.subarray(0, HEADER_BYTES)) };
}

function broken(why: string): Refusal {
  return new Refusal('SEAL_BROKEN', `A sealed object does not open: ${why}.`, 'Restore the object from a backup; the bytes or the key were changed.', 500);
}

function nonce(header: SealedHeader, index: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  header.noncePrefix.copy(bytes);
  bytes.writeUInt32BE(index, 7);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

/** Seals one segment given in pieces; the sealed bytes come in pieces as well, so that nothing is copied together first. */
function sealSegment(key: Buffer, objectId: string, header: SealedHeader, index: number, last: boolean, pieces: Buffer[]): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(header, index, last));
  cipher.setAAD(Buffer.concat([header.raw, Buffer.from(objectId)]));
  const sealed = pieces.map((piece) => cipher.update(piece));
  cipher.final();
  return [...sealed, cipher.getAuthTag()];
}

/** Opens one segment given in pieces; throws Refusal SEAL_BROKEN when the key, the place or the bytes are wrong. */
function openSegment(key: Buffer, objectId: string, header: SealedHeader, index: number, last: boolean, pieces: Buffer[]): Buffer[] {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (bytes < TAG_BYTES) throw broken(`segment ${index} is cut off`);
  // The tag may lie across two pieces.
  const sealed = [...pieces];
  let tail = sealed.pop()!;
  while (tail.length < TAG_BYTES) tail = Buffer.concat([sealed.pop()!, tail]);
  sealed.push(tail.subarray(0, tail.length - TAG_BYTES));
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(header, index, last));
  decipher.setAAD(Buffer.concat([header.raw, Buffer.from(objectId)]));
  decipher.setAuthTag(tail.subarray(tail.length - TAG_BYTES));
  const plain = sealed.map((piece) => decipher.update(piece));
  try {
    decipher.final();
  } catch {
    // final() throws for one reason only: the tag does not fit.
    throw broken(`segment ${index} was changed or belongs to another object`);
  }
  return plain;
}

/** Clear bytes in, sealed bytes out; holds at most two segments. */
export class SealStream extends Transform {
  private readonly header: SealedHeader;
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private index = 0;
  /** Bytes taken in so far. */
  plainBytes = 0;

  constructor(
    private readonly key: Buffer,
    private readonly objectId: string,
    segmentBytes = SEGMENT_BYTES,
  ) {
    super({ writableHighWaterMark: segmentBytes, readableHighWaterMark: segmentBytes });
    this.header = makeHeader(segmentBytes);
    this.push(this.header.raw);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.plainBytes += chunk.length;
    const sealed: Buffer[] = [];
    // The last segment carries the flag, so a full one waits until a further byte proves that it is not the last.
    for (let rest = chunk; rest.length > 0; ) {
      if (this.pendingBytes === this.header.segmentBytes) {
        sealed.push(...sealSegment(this.key, this.objectId, this.header, this.index++, false, this.pending));
        this.pending = [];
        this.pendingBytes = 0;
      }
      const piece = rest.subarray(0, this.header.segmentBytes - this.pendingBytes);
      this.pending.push(piece);
      this.pendingBytes += piece.length;
      rest = rest.subarray(piece.length);
    }
    // One push a chunk: pushing 16-byte tags by themselves made writing a file 1.6 times slower.
    if (sealed.length > 0) this.push(Buffer.concat(sealed));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.push(Buffer.concat(sealSegment(this.key, this.objectId, this.header, this.index, true, this.pending)));
    done();
  }
}

/** Clear size of a sealed object of `sealedBytes`; throws Refusal SEAL_BROKEN for an impossible size. */
export function plainSize(sealedBytes: number, segmentBytes: number): number {
  const body = sealedBytes - HEADER_BYTES;
  const segments = Math.max(1, Math.ceil(body / (segmentBytes + TAG_BYTES)));
  const plain = body - segments * TAG_BYTES;
  if (plain < 0) throw broken('it is shorter than its header and one tag');
  return plain;
}

/** Where clear bytes [start, end) lie: first and last segment, and the sealed bytes [from, to) that hold them. */
export function sealedRange(start: number, end: number, sealedBytes: number, segmentBytes: number): { firstSegment: number; lastSegment: number; finalSegment: number; from: number; to: number } {
  const step = segmentBytes + TAG_BYTES;
  const firstSegment = Math.floor(start / segmentBytes);
  const lastSegment = Math.max(firstSegment, Math.ceil(end / segmentBytes) - 1);
  const finalSegment = Math.max(0, Math.ceil((sealedBytes - HEADER_BYTES) / step) - 1);
  return { firstSegment, lastSegment, finalSegment, from: HEADER_BYTES + firstSegment * step, to: Math.min(sealedBytes, HEADER_BYTES + (lastSegment + 1) * step) };
}

/**
 * Opens the clear bytes [start, end) from a source of sealed ranges, segment by segment: memory is one segment whatever the range.
 * `read(from, to)` streams sealed bytes of that half-open range.
 */
export async function* openRange(
  key: Buffer,
  objectId: string,
  sealedBytes: number,
  read: (from: number, to: number) => AsyncIterable<Buffer>,
  start = 0,
  end = Infinity,
): AsyncGenerator<Buffer> {
  const head: Buffer[] = [];
  for await (const chunk of read(0, HEADER_BYTES)) head.push(chunk);
  const header = readHeader(Buffer.concat(head));
  const size = plainSize(sealedBytes, header.segmentBytes);
  const stop = Math.min(end, size);
  if (start >= stop && size > 0) return;
  const range = sealedRange(start, stop, sealedBytes, header.segmentBytes);
  const step = header.segmentBytes + TAG_BYTES;
  let index = range.firstSegment;
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Clear pieces of the held segment that lie in the range; none is given out before the whole segment proved right. */
  const open = (): Buffer[] => {
    let offset = index * header.segmentBytes;
    const plain = openSegment(key, objectId, header, index, index === range.finalSegment, held).map((piece) => {
      const within = piece.subarray(Math.max(0, start - offset), Math.max(0, Math.min(piece.length, stop - offset)));
      offset += piece.length;
      return within;
    });
    index++;
    held = [];
    heldBytes = 0;
    return plain.filter((piece) => piece.length > 0);
  };
  for await (const chunk of read(range.from, range.to)) {
    for (let rest = chunk; rest.length > 0; ) {
      const piece = rest.subarray(0, step - heldBytes);
      held.push(piece);
      heldBytes += piece.length;
      rest = rest.subarray(piece.length);
      if (heldBytes === step) yield* open();
    }
  }
  if (heldBytes > 0) yield* open();
  if (index <= range.lastSegment) throw broken(`segment ${index} is missing`);
}
