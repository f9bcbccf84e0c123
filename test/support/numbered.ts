import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '#libs/platform';

// Films whose every frame shows its own number, so that a decoded frame tells which one it is.
const WIDTH = 192;
const HEIGHT = 128;
const BLOCK = 16;
const BITS = 15;
const ffmpeg = process.env.BACKLOT_FFMPEG ?? 'ffmpeg';

function run(args: string[], input?: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync(ffmpeg, ['-hide_banner', '-loglevel', 'error', ...args], { input, maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(String(stderr));
  return stdout;
}

/** A moving picture, another one in each shot, with the frame's number as two rows of eight blocks; the first block is always white. */
function picture(frame: number, shot: number): Buffer {
  const y = Buffer.alloc(WIDTH * HEIGHT);
  const light = [150, 70, 200, 110, 40][shot % 5]!;
  for (let r = 0; r < HEIGHT; r++) for (let c = 0; c < WIDTH; c++) y[r * WIDTH + c] = light + ((((c + frame * 2) >> (3 + (shot % 3))) ^ (r >> (2 + (shot % 2)))) & 1 ? 35 : -20);
  for (let block = 0; block <= BITS; block++) {
    const on = block === 0 || (frame >> (block - 1)) & 1;
    const [left, top] = [32 + (block % 8) * BLOCK, 48 + Math.floor(block / 8) * BLOCK];
    for (let r = top; r < top + BLOCK; r++) y.fill(on ? 235 : 16, r * WIDTH + left, r * WIDTH + left + BLOCK);
  }
  return Buffer.concat([y, Buffer.alloc((WIDTH * HEIGHT) / 4, 90 + 40 * (shot % 3)), Buffer.alloc((WIDTH * HEIGHT) / 4, 170 - 40 * (shot % 4))]);
}

export interface Numbered {
  frames: number;
  /** First frames of shots. */
  cuts: number[];
  /** Frames a second. */
  rate: string;
  /** Ticks of 1/timescale at which frame n is shown, as an ffmpeg expression of N; absent: evenly. */
  pts?: string;
  timescale?: number;
  /** A tone throughout. */
  sound?: boolean;
  container?: 'mp4' | 'mkv' | 'mpegts';
}

/** The bytes of such a film. */
export function numberedFilm({ frames, cuts, rate, pts, timescale, sound, container = 'mp4' }: Numbered): Buffer {
  const file = join(tmpdir(), `numbered-${newId()}.${container === 'mpegts' ? 'ts' : container}`);
  const raw = Buffer.concat(Array.from({ length: frames }, (_, n) => picture(n, cuts.filter((cut) => cut <= n).length)));
  try {
    run(
      [
        ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${WIDTH}x${HEIGHT}`, '-r', rate, '-i', 'pipe:0', ...(sound ? ['-f', 'lavfi', '-i', `sine=frequency=997:sample_rate=48000:duration=${frames / 12}`] : [])],
        ...['-map', '0:v', ...(sound ? ['-map', '1:a', '-c:a', 'aac', '-shortest'] : [])],
        ...(pts ? ['-vf', `settb=1/${timescale},setpts='${pts}'`, '-fps_mode', 'passthrough', '-enc_time_base', `1:${timescale}`] : []),
        ...(timescale && container === 'mp4' ? ['-video_track_timescale', String(timescale)] : []),
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '12', '-bf', '2', '-g', '30', '-color_range', 'tv', '-y', file],
      ],
      raw,
    );
    return readFileSync(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** The number that each decoded frame shows; null where it is black. */
export function numbersIn(film: Buffer): (number | null)[] {
  return withFile(film, (file) => {
    const raw = run(['-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough', '-vf', `scale=${WIDTH}:${HEIGHT}`, '-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1']);
    return Array.from({ length: raw.length / (WIDTH * HEIGHT) }, (_, n) => numberOf(raw.subarray(n * WIDTH * HEIGHT, (n + 1) * WIDTH * HEIGHT)));
  });
}

function numberOf(y: Buffer): number | null {
  const light = (block: number): number => {
    const [left, top] = [32 + (block % 8) * BLOCK, 48 + Math.floor(block / 8) * BLOCK];
    let sum = 0;
    for (let r = top + 4; r < top + 12; r++) for (let c = left + 4; c < left + 12; c++) sum += y[r * WIDTH + c]!;
    return sum / 64;
  };
  if (light(0) < 120) {
    const brightest = y.reduce((most, value) => Math.max(most, value), 0);
    if (brightest > 30) throw new Error(`a frame is neither black nor numbered (${brightest})`);
    return null;
  }
  let number = 0;
  for (let bit = 1; bit <= BITS; bit++) if (light(bit) > 120) number |= 1 << (bit - 1);
  return number;
}

/** Timestamps of its frames, in seconds. */
export function timesIn(film: Buffer): number[] {
  return withFile(film, (file) => {
    const { stderr } = spawnSync(ffmpeg, ['-hide_banner', '-nostats', '-copyts', '-i', file, '-map', '0:v:0', '-vf', 'showinfo=checksum=0', '-fps_mode', 'passthrough', '-f', 'null', '-'], { maxBuffer: 1 << 30 });
    return [...String(stderr).matchAll(/ pts_time:([\d.]+)/g)].map((found) => Number(found[1]));
  });
}

/** Loudness of its sound by sample at 48 kHz, one channel, from its first picture on. */
export function soundIn(film: Buffer): Float32Array {
  return withFile(film, (file) => {
    const raw = run(['-i', file, '-map', '0:a:0', '-af', 'aresample=48000:async=1:first_pts=0', '-ac', '1', '-f', 'f32le', 'pipe:1']);
    return new Float32Array(Uint8Array.from(raw).buffer);
  });
}

function withFile<T>(film: Buffer, use: (file: string) => T): T {
  const file = join(tmpdir(), `numbered-${newId()}`);
  writeFileSync(file, film);
  try {
    return use(file);
  } finally {
    rmSync(file, { force: true });
  }
}
