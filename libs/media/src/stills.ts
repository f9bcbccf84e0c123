import sharp, { type Sharp } from 'sharp';
import type { Still } from './pass.js';
import type { FilmstripLayout, FilmstripSheet, RgbImage } from './types.js';

// libvips' own threads would compete with the decoder for the two cores that a worker has.
sharp.concurrency(1);
// No picture is made twice.
sharp.cache(false);

// BT.709 limited range in 16.16 fixed point.
const Y = 76309;
const VR = 117489;
const UG = -13975;
const VG = -34925;
const UB = 138438;

/** BT.709 limited-range yuv420p to RGB. */
export function toRgb({ width: w, height: h, data }: Pick<Still, 'width' | 'height' | 'data'>): RgbImage {
  const out = Buffer.allocUnsafe(w * h * 3);
  const clamped = new Uint8ClampedArray(out.buffer, out.byteOffset, out.length);
  const cw = w >> 1;
  const uAt = w * h;
  const vAt = uAt + cw * (h >> 1);
  for (let r = 0, o = 0; r < h; r++) {
    for (let c = 0, k = (r >> 1) * cw; c < w; c += 2, k++) {
      const u = data[uAt + k]! - 128;
      const v = data[vAt + k]! - 128;
      const red = VR * v + 32768;
      const green = UG * u + VG * v + 32768;
      const blue = UB * u + 32768;
      for (let i = r * w + c, end = i + 2; i < end; i++, o += 3) {
        const y = Y * (data[i]! - 16);
        clamped[o] = (y + red) >> 16;
        clamped[o + 1] = (y + green) >> 16;
        clamped[o + 2] = (y + blue) >> 16;
      }
    }
  }
  return { width: w, height: h, data: out };
}

const raw = (image: RgbImage): Sharp =>
  sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });

/** A keyframe's JPEG is at most 640 wide. */
export function jpegSize({ width, height }: { width: number; height: number }): { width: number; height: number } {
  return width <= 640 ? { width, height } : { width: 640, height: Math.max(1, Math.round((640 * height) / width)) };
}

export const toJpeg = (image: RgbImage): Promise<Buffer> => raw(image).resize({ ...jpegSize(image), fit: 'fill' }).jpeg({ quality: 86 }).toBuffer();

/** Cuts and resizes in one go; `size` may change the shape. */
export async function resized(image: RgbImage, crop: { left: number; top: number; width: number; height: number }, size: { width: number; height: number }): Promise<RgbImage> {
  const whole = crop.width === image.width && crop.height === image.height;
  const { data } = await (whole ? raw(image) : raw(image).extract(crop)).resize({ ...size, fit: 'fill', kernel: 'linear' }).raw().toBuffer({ resolveWithObject: true });
  return { ...size, data };
}

/**
 * Stills of the stretch that is still undecided, in bounded memory. The newest frames keep every still, because a shot may
 * turn out to begin there; what is older belongs to the open shot and is thinned to `kept`, evenly. Their memory is used again: a film
 * has tens of thousands of stills, and collecting those cost a tenth of the pass.
 */
export class StillStore {
  private stills: (Still & { number: number })[] = [];
  private readonly free: Buffer[] = [];
  private next = 0;
  /** Of the settled stills every so manieth is kept, so that they lie evenly however long the shot is. */
  private step = 1;
  /** Frame of the newest still. */
  newest = -1;

  constructor(private readonly kept = 24) {}

  /** `lag`: how many of the newest frames are undecided. The still's data is copied. */
  add(still: Still, lag: number): void {
    const data = this.free.pop() ?? Buffer.allocUnsafeSlow(still.data.length);
    still.data.copy(data);
    this.stills.push({ ...still, data, number: this.next++ });
    this.newest = still.frame;
    const settled = (s: Still): boolean => s.frame <= still.frame - lag;
    const thin = (): void => this.keep((s) => !settled(s) || s.number % this.step === 0);
    thin();
    while (this.stills.filter(settled).length >= 2 * this.kept) {
      this.step *= 2;
      thin();
    }
  }

  /** The stills nearest to 1/6, 1/2 and 5/6 of a shot (more for a long one), each once; then forgets all up to its end. To be given back. */
  take(first: number, last: number, howMany: number): Still[] {
    const inside = this.stills.filter((s) => s.frame >= first && s.frame <= last);
    const picked = new Set<Still>();
    for (let i = 0; i < howMany && inside.length; i++) {
      const at = first + ((last - first) * (2 * i + 1)) / (2 * howMany);
      picked.add(inside.reduce((a, b) => (Math.abs(b.frame - at) < Math.abs(a.frame - at) ? b : a)));
    }
    this.stills = this.stills.filter((s) => !picked.has(s));
    this.keep((s) => s.frame > last);
    this.step = 1;
    return [...picked].sort((a, b) => a.frame - b.frame);
  }

  /** Stills that were taken and are done with: their memory is used again. */
  giveBack(stills: readonly Still[]): void {
    for (const { data } of stills) this.free.push(data);
  }

  private keep(wanted: (still: Still & { number: number }) => boolean): void {
    this.giveBack(this.stills.filter((s) => !wanted(s)));
    this.stills = this.stills.filter(wanted);
  }
}

const COLUMNS = 10;
const ROWS = 10;
const TILE_W = 160;

/** Small stills at a fixed distance, ten by ten on a sheet. */
export class Filmstrip {
  private readonly tiles: { frame: number; pts: number }[] = [];
  private sheet: Buffer | undefined;
  private onSheet = 0;
  private sheets = 0;
  private nextPts: number;
  readonly tileHeight: number;

  constructor(
    size: { width: number; height: number },
    private readonly everySeconds: number,
    private readonly tick: number,
    startPts: number,
  ) {
    this.tileHeight = Math.max(2, Math.min(400, Math.round((TILE_W * size.height) / size.width)));
    this.nextPts = startPts;
  }

  /** Whether the next tile is due; asked once a still, in order. */
  due(still: Still): boolean {
    if (still.pts < this.nextPts) return false;
    this.nextPts = still.pts + this.everySeconds / this.tick - 1;
    return true;
  }

  /** A full sheet when this picture completed one. */
  async add({ frame, pts }: Pick<Still, 'frame' | 'pts'>, image: RgbImage): Promise<FilmstripSheet | undefined> {
    const small = await resized(image, { left: 0, top: 0, width: image.width, height: image.height }, { width: TILE_W, height: this.tileHeight });
    this.sheet ??= Buffer.alloc(COLUMNS * TILE_W * ROWS * this.tileHeight * 3);
    const x = (this.onSheet % COLUMNS) * TILE_W;
    const y = Math.floor(this.onSheet / COLUMNS) * this.tileHeight;
    for (let r = 0; r < this.tileHeight; r++) {
      this.sheet.set(small.data.subarray(r * TILE_W * 3, (r + 1) * TILE_W * 3), ((y + r) * COLUMNS * TILE_W + x) * 3);
    }
    this.tiles.push({ frame, pts });
    return ++this.onSheet === COLUMNS * ROWS ? this.finish() : undefined;
  }

  /** The open sheet, if it has any tile. */
  async finish(): Promise<FilmstripSheet | undefined> {
    if (!this.sheet || this.onSheet === 0) return undefined;
    const image = { width: COLUMNS * TILE_W, height: ROWS * this.tileHeight, data: this.sheet };
    const rows = Math.ceil(this.onSheet / COLUMNS);
    const jpeg = await raw(image).extract({ left: 0, top: 0, width: image.width, height: rows * this.tileHeight }).jpeg({ quality: 75 }).toBuffer();
    const tiles = this.tiles.slice(-this.onSheet);
    this.onSheet = 0;
    this.sheet.fill(0);
    return { sheet: this.sheets++, jpeg, tiles };
  }

  layout(): FilmstripLayout {
    return { tileWidth: TILE_W, tileHeight: this.tileHeight, columns: COLUMNS, rows: ROWS, everySeconds: this.everySeconds, sheets: this.sheets, tiles: this.tiles };
  }
}
