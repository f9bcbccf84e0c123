import { spawn, type ChildProcess } from 'node:child_process';
import { Refusal } from '#libs/platform';
import type { Tools } from './types.js';

// Uploads are hostile: a "film" may be a playlist that names other files or hosts. So ffmpeg may open containers of media only
// (no hls, concat, dash, image sequences, svg), from a file or a loopback http server.
const CONTAINERS = [
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,mxf,ogg,flv,asf,nut,dv,gxf,wtv,yuv4mpegpipe,h264,hevc,m4v,ivf,obu',
  'wav,mp3,flac,aac,aiff,ac3,eac3,dts,w64,caf,amr',
].join(',');

export const toolPath = (name: 'ffmpeg' | 'ffprobe', tools: Tools | undefined): string =>
  tools?.[name] ?? process.env[`BACKLOT_${name.toUpperCase()}`] ?? name;

/** The options that open a master. `before` are input options (seek, decoder threads). */
export function inputArgs(input: string, before: string[] = []): string[] {
  const url = /^http:\/\//i.test(input) ? input : `file:${input}`;
  return [...before, '-protocol_whitelist', 'file,http,tcp,pipe', '-format_whitelist', CONTAINERS, '-i', url];
}

export interface Stall {
  stop(): void;
  alive(): void;
}

/** Kills a process that gave no sign of life for so many seconds. A slow film is no reason to give up, a silent one is. */
export function watch(child: ChildProcess, seconds: number, stalled: () => void): Stall {
  let last = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - last < seconds * 1000) return;
    stalled();
    child.kill('SIGKILL');
  }, 1000);
  timer.unref();
  return { alive: () => (last = Date.now()), stop: () => clearInterval(timer) };
}

export const missingTool = (name: string): Refusal =>
  new Refusal('FFMPEG_MISSING', `${name} could not be started.`, `Install ffmpeg 5 or later, or name it with BACKLOT_${name.toUpperCase()}.`, 503);

export interface Run {
  code: number | null;
  stdout: Buffer;
  stderr: string;
  stalled: boolean;
}

/** Runs ffmpeg or ffprobe to its end and keeps what it printed (stderr: its last 64 kB). Throws only when it cannot start or `signal` aborts. */
export async function runTool(
  name: 'ffmpeg' | 'ffprobe',
  args: string[],
  options: Tools & { signal?: AbortSignal; stallSeconds?: number; maxBytes?: number } = {},
): Promise<Run> {
  options.signal?.throwIfAborted();
  const child = spawn(toolPath(name, options), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill, { once: true });
  let stalled = false;
  const stall = watch(child, options.stallSeconds ?? 60, () => (stalled = true));
  const chunks: Buffer[] = [];
  let bytes = 0;
  let stderr = '';
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stall.alive();
    bytes += chunk.length;
    if (bytes > (options.maxBytes ?? 512 << 20)) kill();
    else chunks.push(chunk);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stall.alive();
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    // Dolby Vision makes showinfo print 4 kB of side data for each frame; of it only the line with the timestamp is wanted.
    stderr = (stderr + lines.filter((l) => !l.includes('showinfo') || l.includes(' pts:')).map((l) => `${l}\n`).join('')).slice(-65536);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', () => reject(missingTool(name)));
      child.on('close', resolve);
    });
    options.signal?.throwIfAborted();
    return { code, stdout: Buffer.concat(chunks), stderr: stderr + rest, stalled };
  } finally {
    stall.stop();
    options.signal?.removeEventListener('abort', kill);
  }
}

const decoders = new Map<string, Promise<ReadonlySet<string>>>();

/** Names (ffprobe's) of the codecs that this ffmpeg can decode: builds differ, and one stream without a decoder fails a whole run. Asked once. */
export function decodableCodecs(tools: Tools): Promise<ReadonlySet<string>> {
  const program = toolPath('ffmpeg', tools);
  const known = decoders.get(program) ?? listDecodable(tools);
  decoders.set(program, known);
  return known;
}

async function listDecodable({ ffmpeg, ffprobe }: Tools): Promise<ReadonlySet<string>> {
  const { stdout } = await runTool('ffmpeg', ['-hide_banner', '-codecs'], { ...(ffmpeg && { ffmpeg }), ...(ffprobe && { ffprobe }) });
  // " DEA.L. aac   AAC (Advanced Audio Coding) …": the first letter is about decoding.
  return new Set([...stdout.toString('utf8').matchAll(/^ D[E.][VASDT][I.][L.][S.] (\S+)/gm)].map(([, name]) => name!));
}
