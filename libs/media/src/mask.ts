import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { Refusal } from '#libs/platform';
import sharp from 'sharp';
import { inputArgs, missingTool, toolPath, watch } from './ffmpeg.js';
import { FragmentIndex } from './proxy.js';
import { ratio } from './probe.js';
import type { MaskSpec, ProxyFragment, ProxyLayout, Ratio } from './types.js';

/** ffmpeg takes a filter of 128 kB at most; nearer stretches are then masked as one. */
const MOST_STRETCHES = 1500;
/** Sound is muted in steps of a millisecond, rounded to more silence. */
const STEP_SAMPLES = 48;
const SAMPLE_RATE = 48_000;

/**
 * A copy of a proxy in which the given frames are black and silent, the others as they were and each at its time. What is masked is not in
 * the copy at all: the picture is painted over and the sound muted before they are coded. Rejects when the copy has not as many frames.
 */
export async function maskProxy(input: string, { stretches, times, timeBase, proxy, writable, signal, onProgress, ...tools }: MaskSpec): Promise<{ proxy: ProxyLayout; fragments: ProxyFragment[] }> {
  signal?.throwIfAborted();
  const frames = times.length - 1;
  const child = spawn(toolPath('ffmpeg', tools), maskArgs(input, fewer(stretches), times, timeBase, proxy.hasAudio), { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [, , log, told] = child.stdio as unknown as [null, Readable, Readable, Readable];
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  const stall = watch(child, 120, () => undefined);
  let done = 0;
  let error = '';
  log.setEncoding('utf8').on('data', (text: string) => (error = (error + text).slice(-2000)));
  told.setEncoding('utf8').on('data', (text: string) => {
    stall.alive();
    done = Number([...text.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1] ?? done);
    onProgress?.(done / frames);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', () => reject(missingTool('ffmpeg')));
    child.on('close', resolve);
  });
  try {
    const index = new FragmentIndex(writable);
    for await (const chunk of child.stdout!) await index.write(chunk as Buffer);
    const code = await ended;
    signal?.throwIfAborted();
    if (code !== 0 || done !== frames) throw new Error(`the masked proxy has ${done} of ${frames} frames: ${error.trim().split('\n').at(-1) ?? ''}`);
    const [num = 1] = timeBase.split('/').map(Number);
    const { initBytes, bytes, codecs } = index;
    return { proxy: { ...proxy, initBytes, bytes, codecs }, fragments: index.fragments((time) => times[0]! + time / num, times[frames]!, ratio(timeBase)) };
  } catch (failure) {
    kill();
    await ended.catch(() => undefined);
    signal?.throwIfAborted();
    throw failure;
  } finally {
    stall.stop();
    signal?.removeEventListener('abort', kill);
  }
}

function maskArgs(input: string, stretches: MaskSpec['stretches'], times: ArrayLike<number>, timeBase: Ratio, sound: boolean): string[] {
  const [, den = 1000] = timeBase.split('/').map(Number);
  const second = (frame: number): number => (times[frame]! - times[0]!) * ratio(timeBase);
  const pictures = stretches.map(({ first, end }) => `between(n,${first},${end - 1})`).join('+');
  const silence = stretches.map(({ first, end }) => `gt(t,${(second(first) - STEP_SAMPLES / SAMPLE_RATE).toFixed(6)})*lt(t,${second(end).toFixed(6)})`).join('+');
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-copyts', '-progress', 'pipe:3', '-filter_threads', '1'],
    ...inputArgs(input, ['-threads', '1']),
    ...['-map', '0:v:0', '-vf', `drawbox=x=0:y=0:w=iw:h=ih:color=black:t=fill:enable='${pictures}'`],
    ...['-fps_mode', 'passthrough', '-enc_time_base', `1:${den}`, '-video_track_timescale', String(den)],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-profile:v', 'main', '-bf', '0', '-g', '100000', '-sc_threshold', '0', '-threads:v', '1'],
    ...['-force_key_frames', 'expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))'],
    // As in the proxy, sound is cut by the encoder's priming, so that priming begins with the picture.
    ...(sound ? ['-map', '0:a:0', '-af', `asetnsamples=n=${STEP_SAMPLES}:p=0,volume=volume=0:enable='${silence}',atrim=start=${(1024 / SAMPLE_RATE).toFixed(6)}`, '-c:a', 'aac', '-b:a', '96k', '-ac', '2'] : []),
    ...['-map_metadata', '-1', '-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', 'pipe:1'],
  ];
}

/** No more stretches than fit: those with the least between them are masked together with it. */
export function fewer(stretches: MaskSpec['stretches']): MaskSpec['stretches'] {
  const extra = stretches.length - MOST_STRETCHES;
  if (extra <= 0) return stretches;
  const gaps = stretches.slice(1).map(({ first }, at) => ({ at: at + 1, gap: first - stretches[at]!.end }));
  const closed = new Set(gaps.toSorted((a, b) => a.gap - b.gap).slice(0, extra).map(({ at }) => at));
  const left: { first: number; end: number }[] = [];
  for (const [at, { first, end }] of stretches.entries()) {
    if (closed.has(at)) left.at(-1)!.end = end;
    else left.push({ first, end });
  }
  return left;
}

/** A filmstrip's sheet with some of its tiles black; `tiles` are their places on it, row by row. */
export async function maskSheet(jpeg: Buffer, tiles: readonly number[], { tileWidth, tileHeight, columns }: { tileWidth: number; tileHeight: number; columns: number }): Promise<Buffer> {
  const image = sharp(jpeg);
  const { width = 0, height = 0 } = await image.metadata();
  if (!width || !height) throw new Refusal('UNDECODABLE', 'A sheet of the filmstrip does not open.', 'Analyse the title again.', 500);
  const black = { create: { width: tileWidth, height: tileHeight, channels: 3 as const, background: '#000' } };
  return image.composite(tiles.map((tile) => ({ input: black, left: (tile % columns) * tileWidth, top: Math.floor(tile / columns) * tileHeight }))).jpeg({ quality: 75 }).toBuffer();
}
