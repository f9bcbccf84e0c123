import type { PassOutput } from './pass.js';
import { ratio } from './probe.js';
import type { FieldOrder, Probe, Warning } from './types.js';

/** Columns that are looked at, each time elsewhere in the picture. */
const COLUMNS = 64;
/** Levels that a pixel changes by between the frames before and after where something moves. */
const MOVES = 12;
/** With fewer moving pixels than this share of a strip nothing can be told. */
const MOVING = 0.01;
/**
 * A frame is combed where its own lines fit together no better than with the lines of the frame that is nearer in time (`OWN`), and that
 * one is plainly nearer than the other (`NEARER`: at most 1.06 in 700 strips of progressive film, half of combed ones above 1.4): stripes in a
 * whole picture fit both neighbours alike, and a whole picture fits itself best.
 */
const OWN = 0.8;
const NEARER = 1.15;
/** Shares of combed frames: of pulldown from 24 to 30 two in five; fewer strips than this are too few to know it by. */
const FEW = 0.1;
const MOST = 0.7;
const ENOUGH = 8;

interface Seen {
  first: number;
  last: number;
  combed: boolean;
}

/** What the fields of a stretch are. */
export interface Fields {
  /** Share of the frames that were looked at and in which something moves. */
  combing: number;
  order?: FieldOrder;
}

/**
 * Interlace measured: a strip of each three frames in a row, some twice a second, at the full height of the master, for combs are lost when
 * a picture is scaled. The strips cost a cut of pointers and some 200 kB a second. Compares lines as ffmpeg's idet does: those of a frame
 * with each other, and with the lines between them of the frames before and after.
 */
export class FieldsBranch implements PassOutput {
  readonly picture: string;
  readonly args = ['-map', '[fields]', '-fps_mode', 'passthrough', '-c:v', 'rawvideo', '-f', 'rawvideo'];
  private announced: { pts: number; width: number; height: number }[] = [];
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private strips: (Strip & { pts: number })[] = [];
  private readonly seen: Seen[] = [];

  constructor(private readonly probe: Probe) {
    // Not a multiple of five, or of a film that was brought from 24 to 30 the same frames of the five would be seen each time.
    let every = Math.max(4, Math.round(0.45 * Math.min(240, ratio(probe.video.frameRate))));
    if (every % 5 === 0) every++;
    const x = '(iw-ow)*mod(0.37+0.618034*floor(n/3),1)'.replaceAll(',', '\\,');
    this.picture = `select=lt(mod(n\\,${every})\\,3),crop=min(${COLUMNS}\\,iw):ih:${x}:0,format=gray,showinfo@fields=checksum=0[fields]`;
  }

  line(line: string): void {
    const told = /^\[showinfo@fields @ [^\]]*\] \[info\] n: *\d+ pts: *(-?\d+|NOPTS).* s:(\d+)x(\d+)/.exec(line);
    if (!told) return;
    this.announced.push({ pts: Number(told[1]), width: Number(told[2]), height: Number(told[3]) });
    this.read();
  }

  take(piece: Buffer): void {
    this.pending.push(piece);
    this.pendingBytes += piece.length;
    this.read();
  }

  /** Strips whose line is read and whose pixels are; the log and the pixels are two pipes. */
  private read(): void {
    for (let next = this.announced[0]; next && this.pendingBytes >= next.width * next.height; next = this.announced[0]) {
      this.announced.shift();
      const { pts, width, height } = next;
      const all = this.pending.length === 1 ? this.pending[0]! : Buffer.concat(this.pending);
      const luma = all.subarray(0, width * height);
      this.pendingBytes -= luma.length;
      this.pending = this.pendingBytes ? [all.subarray(luma.length)] : [];
      this.strips.push({ pts, width, height, luma });
      if (this.strips.length === 3) this.judge();
    }
  }

  private judge(): void {
    const [before, here, after] = this.strips as [Strip & { pts: number }, Strip & { pts: number }, Strip & { pts: number }];
    this.strips = [];
    // Where the film changes its size two strips may be of different ones.
    if (before.height !== here.height || after.height !== here.height || before.width !== here.width || after.width !== here.width) return;
    const combed = isCombed(before, here, after);
    if (combed !== undefined) this.seen.push({ first: before.pts, last: after.pts, combed });
  }

  /** Of frames with startPts <= pts < endPts; undefined where nothing moves. */
  between(startPts: number, endPts: number): Fields | undefined {
    // Films have ten thousand strips and thousands of shots: the first inside by halving.
    let low = 0;
    for (let high = this.seen.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.seen[middle]!.first < startPts) low = middle + 1;
      else high = middle;
    }
    let end = low;
    let combed = 0;
    for (; end < this.seen.length && this.seen[end]!.last < endPts; end++) if (this.seen[end]!.combed) combed++;
    if (end === low) return undefined;
    const share = combed / (end - low);
    const order = share <= FEW ? 'progressive' : share >= MOST ? 'interlaced' : end - low >= ENOUGH ? 'telecined' : undefined;
    return { combing: Number(share.toFixed(3)), ...(order && { order }) };
  }

  /** Where the whole film is another than its file says. */
  warnings(startPts: number, endPts: number): Warning[] {
    const order = this.between(startPts, endPts)?.order;
    const { interlaced } = this.probe.video;
    if (order === 'progressive' && interlaced) return [{ code: 'NOT_INTERLACED', message: 'The file says that it is interlaced; its pictures are whole. It needs no deinterlacing.' }];
    if (order === 'interlaced' && !interlaced) return [{ code: 'COMBED', message: 'The file says that its pictures are whole, but they are interlaced; clips made from it keep the comb lines.' }];
    if (order === 'telecined') return [{ code: 'TELECINED', message: 'Some of the pictures are combed, in turn with whole ones: film brought to video by pulldown. Clips made from it keep the comb lines.' }];
    return [];
  }
}

export interface Strip {
  width: number;
  height: number;
  luma: Uint8Array;
}

const { abs, max, min } = Math;

/** Undefined where too little moves to tell. */
export function isCombed(before: Strip, { width, height, luma: here }: Strip, after: Strip): boolean | undefined {
  const [prev, next] = [before.luma, after.luma];
  /** How badly lines fit those around them: in the same frame, and in the frame before or after, for the two orders of fields. */
  let own = 0;
  const others = [0, 0];
  let moving = 0;
  for (let row = 1; row < height - 1; row++) {
    const parity = row & 1;
    let [toPrev, toNext] = [0, 0];
    // Every other pixel: half the cost, and combs are wide.
    for (let i = row * width, end = i + width; i < end; i += 2) {
      const [up, down] = [i - width, i + width];
      if (abs(prev[i]! - next[i]!) < MOVES && abs(prev[up]! - next[up]!) < MOVES && abs(prev[down]! - next[down]!) < MOVES) continue;
      moving++;
      const twice = 2 * here[i]!;
      own += abs(here[up]! + here[down]! - twice);
      toPrev += abs(prev[up]! + prev[down]! - twice);
      toNext += abs(next[up]! + next[down]! - twice);
    }
    others[parity]! += toPrev;
    others[1 - parity]! += toNext;
  }
  if (moving < (MOVING * width * height) / 2) return undefined;
  const [near, far] = [min(...others), max(...others)];
  return own >= OWN * near && far >= NEARER * near;
}
