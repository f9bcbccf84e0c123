import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { ProxyFragment } from './types.js';

interface RawFragment {
  offset: number;
  bytes: number;
  /** Decode time of the first video sample, in the video track's time scale. */
  time: number;
}

/**
 * Passes a fragmented mp4 through and notes where its fragments lie. Understands just enough of ISO 14496-12: top-level box sizes,
 * and in a moof the tfdt of the video track (track 1, because ffmpeg is told to write it first).
 */
export class FragmentIndex {
  initBytes = 0;
  bytes = 0;
  codecs = '';
  private readonly raw: RawFragment[] = [];
  private header = Buffer.alloc(0);
  private skip = 0;
  private keep: Buffer[] = [];
  private keepLeft = 0;
  private open: RawFragment | undefined;

  constructor(private readonly sink: Writable) {}

  /** Resolves when the sink has room again. */
  async write(chunk: Buffer): Promise<void> {
    this.scan(chunk);
    if (!this.sink.write(chunk)) await once(this.sink, 'drain');
  }

  private scan(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.keepLeft > 0) {
        const part = chunk.subarray(at, at + this.keepLeft);
        this.keep.push(Buffer.from(part));
        this.keepLeft -= part.length;
        at += part.length;
        if (this.keepLeft === 0) this.read(Buffer.concat(this.keep));
        continue;
      }
      if (this.skip > 0) {
        const part = Math.min(this.skip, chunk.length - at);
        this.skip -= part;
        at += part;
        continue;
      }
      const part = chunk.subarray(at, at + 8 - this.header.length);
      this.header = Buffer.concat([this.header, part]);
      at += part.length;
      if (this.header.length === 8) {
        this.begin(this.header.readUInt32BE(0), this.header.toString('latin1', 4), this.bytes + at - 8);
        this.header = Buffer.alloc(0);
      }
    }
    this.bytes += chunk.length;
  }

  private begin(size: number, type: string, offset: number): void {
    if (type === 'moof' || type === 'moov') {
      this.keep = [];
      this.keepLeft = size - 8;
      if (type === 'moof') this.raw.push((this.open = { offset, bytes: size, time: 0 }));
      else this.initBytes = offset + size;
      return;
    }
    if (type === 'mdat' && this.open) this.open.bytes = offset + size - this.open.offset;
    this.skip = size - 8;
  }

  private read(box: Buffer): void {
    if (this.open && this.initBytes <= this.open.offset) {
      const tfdt = box.indexOf('tfdt', 0, 'latin1');
      if (tfdt > 0) this.open.time = box[tfdt + 4] === 1 ? Number(box.readBigUInt64BE(tfdt + 8)) : box.readUInt32BE(tfdt + 8);
      return;
    }
    const avcc = box.indexOf('avcC', 0, 'latin1');
    const codecs = avcc > 0 ? [`avc1.${box.toString('hex', avcc + 5, avcc + 8)}`] : [];
    if (box.includes('mp4a', 0, 'latin1')) codecs.push('mp4a.40.2');
    this.codecs = codecs.join(',');
  }

  /** `toPts` turns proxy time into the master's timestamps; `endPts` is where the film ends. */
  fragments(toPts: (time: number) => number, endPts: number, tick: number): ProxyFragment[] {
    return this.raw.map((f, i) => {
      const startPts = toPts(f.time);
      const next = this.raw[i + 1];
      return { offset: f.offset, bytes: f.bytes, startPts, durationSeconds: ((next ? toPts(next.time) : endPts) - startPts) * tick };
    });
  }
}
