import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Refusal } from '#libs/platform';
import { toBt709Picture, toSmall } from './colour.js';
import { inputArgs, missingTool, toolPath, watch } from './ffmpeg.js';
import { FragmentIndex } from './proxy.js';
import { heardStream, ratio } from './probe.js';
import { SMALL_BYTES, SMALL_H, SMALL_W, smallFrame } from './small.js';
import type { Probe, SmallFrame, Tools } from './types.js';

/**
 * Each how manieth frame is offered as a still: eight a second, every third one of a film of 24. A shot has at least eight frames, so at
 * least two stills there. With four or six a second fewer of the people in short shots are seen by two pictures (recall .78 and not .81 on
 * the sheet of test/support/people-sheet.json). Each costs a millisecond to scale and pipe, a third of what decoding a frame of 1080p does.
 */
export const stillEvery = (frameRate: number): number => Math.min(8, Math.max(3, Math.round(frameRate / 8)));

export interface Still {
  frame: number;
  pts: number;
  width: number;
  height: number;
  /** yuv420p, rows packed. */
  data: Buffer;
}

export interface PassPlan extends Tools {
  probe: Probe;
  threads: number;
  stallSeconds: number;
  signal?: AbortSignal | undefined;
  proxy?: { height: number; writable: Writable } | undefined;
  /** In order, numbered from 0; reading of frames waits for it. */
  onFrame(frame: SmallFrame): void | Promise<void>;
  /** Asked for when there is a taker for stills; a still's data is the taker's only until it returns. */
  onStill?: ((still: Still) => void) | undefined;
  /** A promise while the consumer has more work than it should hold; reading of frames waits for it, and ffmpeg for that. */
  busy(): Promise<unknown> | undefined;
  /** What else this decode gives, one pipe each. */
  outputs?: readonly PassOutput[] | undefined;
}

export interface PassOutput {
  /** A chain of filters of the master's own frames, with the pad that `args` map. */
  picture?: string;
  /** An output of ffmpeg without its address: map, filters, codec and format. */
  args: readonly string[];
  /** Reading of this pipe waits for it. It must not wait for frames: ffmpeg gives none while one of its pipes is full. */
  take(piece: Buffer): void | Promise<void>;
  /** Each line that ffmpeg logs. */
  line?(line: string): void;
  /** ffmpeg has ended and logs no more. */
  end?(): void;
}

export interface PassResult {
  frames: number;
  base: { width: number; height: number };
  index: FragmentIndex | undefined;
  exitCode: number | null;
  stalled: boolean;
  /** Lines that ffmpeg logged as errors, and the last of them. */
  errors: number;
  lastError: string;
}

/** Size with the short side at most `short` and the long side at most 2.4 times that, never larger than the film, both even. */
export function baseSize(width: number, height: number, short: number): { width: number; height: number } {
  const scale = Math.min(1, short / Math.min(width, height), (2.4 * short) / Math.max(width, height));
  const even = (n: number): number => Math.max(2, 2 * Math.round((n * scale) / 2));
  return { width: even(width), height: even(height) };
}

/**
 * The small frames are scaled from the master's own frames, whatever else is wanted: shots do not depend on who wants pictures, and it
 * costs less than scaling twice (1080p H.264, user CPU over the bare decode: 1.1 so, 1.3 through the base size). Stills are
 * chosen before they are scaled unless the proxy needs every frame at the base size anyway.
 */
function filterGraph(plan: PassPlan, base: { width: number; height: number }): string {
  const { video } = plan.probe;
  const small = `${toSmall(video, SMALL_W, SMALL_H)}[small]`;
  const more = (plan.outputs ?? []).flatMap(({ picture }) => (picture ? [picture] : []));
  const head = `[0:${video.index}]showinfo@pass=checksum=0${more.length ? `,split=${more.length + 1}${more.map((_, n) => `[more${n}]`).join('')}[main];${more.map((picture, n) => `[more${n}]${picture}`).join(';')};[main]null` : ''}`;
  if (!plan.onStill && !plan.proxy) return `${head},${small}`;
  const scaled = toBt709Picture(video, base.width, base.height);
  const choose = `select=not(mod(n\\,${stillEvery(ratio(video.frameRate))}))+gte(t-prev_selected_t\\,0.5)`;
  const told = 'showinfo@still=checksum=0[still]';
  const pictures = !plan.proxy ? `${choose},${scaled},${told}` : plan.onStill ? `${scaled},split=2[proxy][still0];[still0]${choose},${told}` : `${scaled}[proxy]`;
  return `${head},split=2[small0][pictures];[small0]${small};[pictures]${pictures}`;
}

function proxyArgs(plan: PassPlan, fd: number): string[] {
  const { video } = plan.probe;
  const [num = 1, den = 1000] = video.timeBase.split('/').map(Number);
  const sound = heardStream(plan.probe);
  // AAC starts with 1024 samples of priming. Sound is cut that much later than the picture begins, so that priming starts with it
  // and the picture's first frame is time 0 of the proxy.
  const soundStart = video.startPts * ratio(video.timeBase) + 1024 / 48000;
  return [
    ...['-map', '[proxy]', '-fps_mode', 'passthrough', '-enc_time_base', `${num}:${den}`, '-video_track_timescale', String(den)],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-profile:v', 'main', '-bf', '0', '-g', '100000', '-sc_threshold', '0', '-threads:v', '1'],
    ...['-force_key_frames', 'expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+2))'],
    ...(sound
      ? ['-map', `0:${sound.index}`, '-filter:a', `aresample=48000:async=1,atrim=start=${soundStart.toFixed(6)}`, '-c:a', 'aac', '-b:a', '96k', '-ac', '2']
      : []),
    ...['-map_metadata', '-1', '-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', `pipe:${fd}`],
  ];
}

/** One decode of a master. Resolves when ffmpeg has ended, whatever its exit code; rejects on abort and on errors of the callbacks. */
export async function runPass(input: string, plan: PassPlan): Promise<PassResult> {
  plan.signal?.throwIfAborted();
  const { video } = plan.probe;
  const base = baseSize(video.width, video.height, plan.proxy?.height ?? 360);
  const raw = ['-fps_mode', 'passthrough', '-c:v', 'rawvideo', '-f', 'rawvideo'];
  const stillFd = 4;
  const proxyFd = plan.onStill ? 5 : 4;
  const outputs = plan.outputs ?? [];
  const outputFd = proxyFd + (plan.proxy ? 1 : 0);
  const args = [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info', '-copyts', '-max_error_rate', '1', '-filter_complex_threads', '1'],
    ...inputArgs(input, ['-threads', String(plan.threads)]),
    ...['-filter_complex', filterGraph(plan, base), '-map', '[small]', ...raw, 'pipe:3'],
    ...(plan.onStill ? ['-map', '[still]', ...raw, `pipe:${stillFd}`] : []),
    ...(plan.proxy ? proxyArgs(plan, proxyFd) : []),
    ...outputs.flatMap((output, at) => [...output.args, `pipe:${outputFd + at}`]),
  ];
  const pipes = outputFd - 3 + outputs.length;
  const child = spawn(toolPath('ffmpeg', plan), args, { stdio: ['ignore', 'ignore', 'pipe', ...Array<'pipe'>(pipes).fill('pipe')] });
  const stdio = child.stdio as unknown as (Readable | null)[];
  const kill = (): void => void child.kill('SIGKILL');
  plan.signal?.addEventListener('abort', kill, { once: true });
  let stalled = false;
  const stall = watch(child, plan.stallSeconds, () => (stalled = true));
  const log = new PassLog(video.startPts, (line) => outputs.forEach((output) => output.line?.(line)));
  stdio[2]!.setEncoding('utf8').on('data', (text: string) => log.read(text));
  const index = plan.proxy ? new FragmentIndex(plan.proxy.writable) : undefined;
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', () => reject(missingTool('ffmpeg')));
    child.on('close', (code) => {
      log.end();
      for (const output of outputs) output.end?.();
      resolve(code);
    });
  });
  let frames = 0;
  const waiting = async (): Promise<void> => {
    for (let wait = plan.busy(); wait; wait = plan.busy()) {
      stall.alive();
      await wait;
      stall.alive();
    }
  };
  try {
    const readers = [
      readPacked(stdio[3]!, SMALL_BYTES, async (data) => {
        stall.alive();
        const pts = await log.ptsOf(frames);
        await plan.onFrame(smallFrame(frames++, pts, data));
        await waiting();
      }),
    ];
    if (plan.onStill) {
      const onStill = plan.onStill;
      let stills = 0;
      readers.push(
        readPacked(stdio[stillFd]!, (base.width * base.height * 3) / 2, async (data) => {
          stall.alive();
          const at = await log.still(stills++);
          if (at) onStill({ ...at, ...base, data });
        }),
      );
    }
    const readPieces = async (fd: number, take: (piece: Buffer) => void | Promise<void>): Promise<void> => {
      for await (const piece of stdio[fd]!) {
        stall.alive();
        await take(piece as Buffer);
        stall.alive();
      }
    };
    if (index) readers.push(readPieces(proxyFd, (piece) => index.write(piece)));
    readers.push(...outputs.map((output, at) => readPieces(outputFd + at, (piece) => output.take(piece))));
    await Promise.all(readers);
    const exitCode = await closed;
    plan.signal?.throwIfAborted();
    return { frames, base, index, exitCode, stalled, errors: log.errors, lastError: log.lastError };
  } catch (error) {
    kill();
    // The readers of a killed ffmpeg end with their own errors; what the caller wants to know is that he cancelled.
    plan.signal?.throwIfAborted();
    throw error;
  } finally {
    stall.stop();
    plan.signal?.removeEventListener('abort', kill);
  }
}

/** Gives piece after piece of `size` bytes in the same memory. */
async function readPacked(stream: Readable, size: number, take: (data: Buffer) => Promise<void>): Promise<void> {
  const whole = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const piece of stream) {
    const chunk = piece as Buffer;
    for (let at = 0; at < chunk.length; ) {
      const n = chunk.copy(whole, filled, at, at + size - filled);
      at += n;
      filled += n;
      if (filled < size) continue;
      filled = 0;
      await take(whole);
    }
  }
}

/** What ffmpeg says on stderr: the exact timestamp of each frame (showinfo), and its errors. */
class PassLog {
  errors = 0;
  lastError = '';
  private rest = '';
  private count = 0;
  /** Timestamps by frame, the last few thousand: pipes hold far fewer. */
  private readonly pts = new Map<number, number>();
  private readonly frameAt = new Map<number, number>();
  private readonly stills = new Map<number, { frame: number; pts: number } | undefined>();
  private stillCount = 0;
  private last: number;
  private ended = false;
  private wake: (() => void)[] = [];

  constructor(
    startPts: number,
    private readonly onLine: (line: string) => void,
  ) {
    this.last = startPts - 1;
  }

  read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.line(line);
    const wake = this.wake;
    this.wake = [];
    for (const go of wake) go();
  }

  private line(line: string): void {
    this.onLine(line);
    if (line.includes('] [error] ') || line.startsWith('[error]') || line.includes('[fatal]')) {
      this.errors++;
      this.lastError = line.replace(/^.*\[(error|fatal)\] /, '').slice(0, 300);
      return;
    }
    const shown = /^\[showinfo@(pass|still) @ [^\]]*\] \[info\] n: *\d+ pts: *(-?\d+|NOPTS)/.exec(line);
    if (!shown) return;
    const told = shown[2] === 'NOPTS' ? this.last + 1 : Number(shown[2]);
    if (shown[1] === 'still') {
      const frame = this.frameAt.get(told);
      this.stills.set(this.stillCount++, frame === undefined ? undefined : { frame, pts: told });
      return;
    }
    this.last = told;
    this.pts.set(this.count, told);
    this.frameAt.set(told, this.count);
    this.count++;
    const old = this.pts.get(this.count - 4096);
    if (old === undefined) return;
    this.pts.delete(this.count - 4096);
    this.frameAt.delete(old);
  }

  async ptsOf(frame: number): Promise<number> {
    while (!this.pts.has(frame)) await this.more();
    return this.pts.get(frame)!;
  }

  async still(n: number): Promise<{ frame: number; pts: number } | undefined> {
    while (!this.stills.has(n)) await this.more();
    const at = this.stills.get(n);
    this.stills.delete(n);
    return at;
  }

  private more(): Promise<void> {
    if (this.ended) throw new Refusal('UNDECODABLE', 'ffmpeg gave a frame without saying when it is shown.', 'Install ffmpeg 5 or later.');
    return new Promise((resolve) => this.wake.push(resolve));
  }

  end(): void {
    this.ended = true;
    this.read('\n');
  }
}
