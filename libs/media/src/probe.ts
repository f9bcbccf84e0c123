import { Refusal } from '#libs/platform';
import { z } from 'zod';
import { decodableCodecs, inputArgs, runTool, type Run } from './ffmpeg.js';
import type { AudioStream, Colour, Probe, Ratio, Tools, VideoStream, Warning } from './types.js';

const count = z.coerce.number().optional().catch(undefined);
const streamShape = z.object({
  index: z.number(),
  codec_type: z.string().default('unknown'),
  codec_name: z.string().optional(),
  profile: z.coerce.string().optional(),
  width: count,
  height: count,
  sample_aspect_ratio: z.string().optional(),
  pix_fmt: z.string().optional(),
  bits_per_raw_sample: count,
  field_order: z.string().optional(),
  color_range: z.string().optional(),
  color_space: z.string().optional(),
  color_transfer: z.string().optional(),
  color_primaries: z.string().optional(),
  avg_frame_rate: z.string().default('0/0'),
  r_frame_rate: z.string().default('0/0'),
  time_base: z.string().default('1/1000'),
  start_pts: count,
  duration: count,
  nb_frames: count,
  channels: count,
  sample_rate: count,
  disposition: z.record(z.string(), z.number()).default({}),
  tags: z.record(z.string(), z.string()).default({}),
  side_data_list: z.array(z.looseObject({ side_data_type: z.string().optional(), rotation: z.number().optional(), displaymatrix: z.string().optional() })).default([]),
});
type Stream = z.infer<typeof streamShape>;
const answerShape = z.object({
  streams: z.array(streamShape).default([]),
  format: z.object({ format_name: z.string(), duration: count, size: count }).optional(),
});

export const ratio = (text: Ratio): number => {
  const [a = 0, b = 1] = text.split(/[/:]/).map(Number);
  return b === 0 ? 0 : a / b;
};

const notAFilm = (why: string): Refusal =>
  new Refusal('NOT_A_FILM', why, 'Upload the film itself: MP4, MOV, MXF, MKV, WebM, AVI, MPEG-TS or MPEG-PS, as the camera or the post house exported it.');

/**
 * What a file is. Refuses (Refusal with NOT_A_FILM, NO_VIDEO, TRUNCATED or UNDECODABLE) what does not play as a film: the start,
 * the middle and the end are really decoded. `input` is a path or an http URL of a server that answers range requests.
 */
export async function probe(input: string, options: Tools & { signal?: AbortSignal } = {}): Promise<Probe> {
  const run = await runTool(
    'ffprobe',
    ['-hide_banner', '-loglevel', 'warning', '-of', 'json', '-show_format', '-show_streams', ...inputArgs(input)],
    options,
  );
  const answer = readAnswer(run);
  const format = answer.format!;
  const videos = answer.streams.filter((s) => s.codec_type === 'video' && !s.disposition['attached_pic'] && s.codec_name !== undefined);
  // The default stream, else the largest: some masters carry a thumbnail track first.
  const stream = videos.sort(
    (a, b) => (b.disposition['default'] ?? 0) - (a.disposition['default'] ?? 0) || (b.width ?? 0) * (b.height ?? 0) - (a.width ?? 0) * (a.height ?? 0),
  )[0];
  if (!stream) {
    if (!answer.streams.some((s) => s.codec_type === 'audio')) throw notAFilm('The file has neither picture nor sound in it.');
    throw new Refusal('NO_VIDEO', 'The file holds sound but no picture.', 'Upload the master that has the picture; sound alone cannot be split into shots.');
  }
  if (!stream.width || !stream.height || !stream.pix_fmt) {
    throw unplayable(isCutShort(run.stderr) ? 'TRUNCATED' : 'UNDECODABLE', 0, stream.nb_frames ?? claimFrom(stream.duration, stream.r_frame_rate));
  }
  const warnings: Warning[] = [];
  const video = describeVideo(stream, warnings);
  const durationSeconds = stream.duration ?? format.duration ?? 0;
  await decodeSamples(input, video, durationSeconds, format.format_name, options, warnings);
  const decodable = await decodableCodecs(options);
  const audio = answer.streams.filter((s) => s.codec_type === 'audio').map((s) => describeAudio(s, decodable));
  const mute = audio.filter((a) => a.undecodable).map((a) => `stream ${a.index} (${a.codec})`);
  if (mute.length) warnings.push({ code: 'SOUND_NOT_DECODED', message: `There is no decoder here for the sound of ${mute.join(', ')}; it is neither listened to nor in the proxy. An ffmpeg that has one can be named with BACKLOT_FFMPEG.` });
  if (videos.length > 1) warnings.push({ code: 'SEVERAL_VIDEO_STREAMS', message: `The file has ${videos.length} pictures; stream ${video.index} is used.` });
  return {
    container: format.format_name,
    durationSeconds,
    ...(format.size !== undefined && { bytes: format.size }),
    video,
    audio,
    otherStreams: answer.streams
      .filter((s) => s !== stream && s.codec_type !== 'audio')
      .map((s) => ({ index: s.index, type: s.codec_type, ...(s.codec_name && { codec: s.codec_name }) })),
    warnings,
  };
}

function readAnswer(run: Run): z.infer<typeof answerShape> {
  if (run.stalled) throw new Refusal('UNDECODABLE', 'The file could not be read: nothing came from it for a minute.', 'Upload it again; if it stays, export it again.');
  if (/not on whitelist|whitelist/i.test(run.stderr)) throw notAFilm('The file is a playlist or a description that points to other files, not a film.');
  let answer: z.infer<typeof answerShape> | undefined;
  try {
    answer = answerShape.parse(JSON.parse(run.stdout.toString('utf8') || '{}'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!answer?.format) throw notAFilm('The file is not a film: no container of pictures and sound is recognised in it.');
  return answer;
}

function describeVideo(s: Stream, warnings: Warning[]): VideoStream {
  const matrix = s.side_data_list.find((d) => d.displaymatrix !== undefined);
  const turned = (((-(matrix?.rotation ?? 0) % 360) + 360) % 360) as number;
  const rotation = ((Math.round(turned / 90) * 90) % 360) as VideoStream['rotation'];
  const sar = s.sample_aspect_ratio && ratio(s.sample_aspect_ratio) > 0 ? s.sample_aspect_ratio : '1:1';
  let width = Math.max(1, Math.round(s.width! * ratio(sar)));
  let height = s.height!;
  if (rotation % 180 !== 0) [width, height] = [height, width];
  const average = ratio(s.avg_frame_rate);
  const nominal = ratio(s.r_frame_rate);
  const frameRate = average > 0 ? s.avg_frame_rate : nominal > 0 && nominal < 1000 ? s.r_frame_rate : '25/1';
  const interlaced = s.field_order !== undefined && !['progressive', 'unknown'].includes(s.field_order);
  const colour = describeColour(s);
  if (interlaced) warnings.push({ code: 'INTERLACED', message: 'The picture is interlaced; clips made from it keep the comb lines.' });
  if (colour.hdr === 'dolby-vision' && !['smpte2084', 'arib-std-b67'].includes(colour.transfer ?? '')) {
    warnings.push({ code: 'DOLBY_VISION_BASE', message: 'Only the Dolby Vision base layer is read; colours of keyframes and proxy are off.' });
  }
  return {
    index: s.index,
    codec: s.codec_name!,
    ...(s.profile && { profile: s.profile }),
    width,
    height,
    storedWidth: s.width!,
    storedHeight: s.height!,
    rotation,
    mirrored: isMirrored(matrix?.displaymatrix),
    sar,
    pixFmt: s.pix_fmt!,
    bitDepth: s.bits_per_raw_sample || Number(/(?:p|gray|gbrp|p0)(9|10|12|14|16)(?:le|be)/.exec(s.pix_fmt!)?.[1] ?? 8),
    frameRate,
    // Not exactly equal: ffprobe's average of a constant 23.976 film may be off by one frame over its length.
    variableFrameRate: average > 0 && nominal > 0 && Math.abs(average - nominal) / nominal > 0.005,
    timeBase: s.time_base,
    startPts: s.start_pts ?? 0,
    ...(s.nb_frames !== undefined && { claimedFrames: s.nb_frames }),
    ...(s.duration !== undefined && { durationSeconds: s.duration }),
    interlaced,
    colour,
  };
}

/** The first two numbers of both rows of the matrix: a reflection has a negative determinant. */
function isMirrored(matrix: string | undefined): boolean {
  if (!matrix) return false;
  const rows = matrix.split('\n').filter((line) => line.includes(':')).map((line) => line.split(':')[1]!.trim().split(/\s+/).map(Number));
  const [a = 1, b = 0] = rows[0] ?? [];
  const [c = 0, d = 1] = rows[1] ?? [];
  return a * d - b * c < 0;
}

function describeColour(s: Stream): Colour {
  const known = (value: string | undefined): string | undefined => (value && value !== 'unknown' ? value : undefined);
  const dolby = s.side_data_list.some((d) => /DOVI|Dolby/i.test(d.side_data_type ?? ''));
  const hdr = dolby ? 'dolby-vision' : s.color_transfer === 'smpte2084' ? 'pq' : s.color_transfer === 'arib-std-b67' ? 'hlg' : undefined;
  const colour: Colour = {};
  for (const [key, value] of Object.entries({ primaries: s.color_primaries, transfer: s.color_transfer, space: s.color_space, range: s.color_range })) {
    const told = known(value);
    if (told) colour[key as 'primaries'] = told;
  }
  if (hdr) colour.hdr = hdr;
  return colour;
}

/** The sound that is listened to and goes into the proxy: the stream marked as default, else the first, of those that decode. */
export function heardStream({ audio }: Pick<Probe, 'audio'>): AudioStream | undefined {
  const able = audio.filter((a) => a.sampleRate > 0 && a.channels > 0 && a.codec !== 'unknown' && !a.undecodable);
  return able.find((a) => a.isDefault) ?? able[0];
}

const describeAudio = (s: Stream, decodable: ReadonlySet<string>): AudioStream => ({
  index: s.index,
  codec: s.codec_name ?? 'unknown',
  channels: s.channels ?? 0,
  sampleRate: s.sample_rate ?? 0,
  ...(s.tags['language'] && { language: s.tags['language'] }),
  ...(s.disposition['default'] === 1 && { isDefault: true }),
  ...(!(s.codec_name && decodable.has(s.codec_name)) && { undecodable: true }),
});

const claimFrom = (seconds: number | undefined, rate: Ratio): number | undefined =>
  seconds && ratio(rate) > 0 ? Math.round(seconds * ratio(rate)) : undefined;

/** What ffmpeg says when an index points behind the end of the file. */
const isCutShort = (stderr: string): boolean => /partial file|incorrect frame size|truncat/i.test(stderr);

interface Sample {
  frames: number;
  firstPts?: number;
  lastPts?: number;
  errors: number;
  stderr: string;
}

/** Decodes a window. `strict`: a frame with any error in it does not count. */
async function decodeWindow(
  input: string,
  stream: number,
  window: { from?: number; seconds?: number; frames?: number; strict?: boolean },
  options: Tools & { signal?: AbortSignal },
): Promise<Sample> {
  const before = ['-copyts', '-threads', '2'];
  // Seconds of the container's own clock, which need not begin at 0.
  if (window.from) before.push('-seek_timestamp', '1', '-ss', window.from.toFixed(3));
  // A few frames may as well be those after the key frame before: ten seconds and more need not be decoded to reach the moment itself.
  if (window.from && window.frames) before.push('-noaccurate_seek');
  if (window.seconds) before.push('-t', window.seconds.toFixed(3));
  if (window.strict) before.push('-err_detect', 'explode');
  const run = await runTool(
    'ffmpeg',
    [
      ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info', ...inputArgs(input, before), '-map', `0:${stream}`],
      ...['-vf', 'showinfo=checksum=0', '-fps_mode', 'passthrough', ...(window.frames ? ['-frames:v', String(window.frames)] : []), '-f', 'null', '-'],
    ],
    options,
  );
  const shown = [...run.stderr.matchAll(/\] n: *\d+ pts: *(-?\d+|NOPTS)/g)].map((m) => Number(m[1]));
  const pts = shown.filter((n) => Number.isFinite(n));
  return {
    frames: shown.length,
    ...(pts.length && { firstPts: pts[0]!, lastPts: pts.at(-1)! }),
    errors: (run.stderr.match(/\[(error|fatal)\]/g) ?? []).length,
    stderr: run.stderr,
  };
}

const SAMPLE_FRAMES = 48;

async function decodeSamples(
  input: string,
  video: VideoStream,
  duration: number,
  container: string,
  options: Tools & { signal?: AbortSignal },
  warnings: Warning[],
): Promise<void> {
  const start = await decodeWindow(input, video.index, { frames: SAMPLE_FRAMES, strict: true }, options);
  const claimed = video.claimedFrames ?? claimFrom(duration, video.frameRate);
  const plain = start.errors || start.frames === 0 ? await decodeWindow(input, video.index, { frames: SAMPLE_FRAMES }, options) : start;
  if (plain.frames === 0) {
    throw unplayable(isCutShort(plain.stderr) ? 'TRUNCATED' : 'UNDECODABLE', 0, claimed);
  }
  // Concealed damage still gives frames; a file where a fifth of them is damaged is no master.
  if (start.frames < 0.8 * plain.frames) throw unplayable('UNDECODABLE', start.frames, Math.min(claimed ?? plain.frames, SAMPLE_FRAMES));
  if (start.firstPts !== undefined) video.startPts = start.firstPts;
  if (start.errors) warnings.push({ code: 'DECODE_ERRORS', message: 'Some of the first frames are damaged; those that cannot be decoded are left out.' });
  // Only an index can be cut short without its container saying so; a stream without one just ends earlier.
  if (!(duration > 4) || !/mov|matroska|mxf|avi|nut|asf|flv|webm/.test(container)) return;
  const begin = video.startPts * ratio(video.timeBase);
  const middle = await decodeWindow(input, video.index, { from: begin + duration / 2, frames: 8, seconds: 15 }, options);
  let end: Sample = { frames: 0, errors: 0, stderr: '' };
  for (const back of [3, 12, 40]) {
    if (end.frames > 0 || back > duration * 1.5 + 3) break;
    end = await decodeWindow(input, video.index, { from: Math.max(0.001, begin + duration - back) }, options);
  }
  if (middle.frames > 0 && end.frames > 0 && !/partial file/.test(end.stderr)) return;
  const whole = await countFrames(input, video.index, options);
  if (claimed !== undefined && whole >= 0.98 * claimed) return;
  throw unplayable('TRUNCATED', whole, claimed);
}

/** Frames that decode, by decoding them all. */
async function countFrames(input: string, stream: number, options: Tools & { signal?: AbortSignal }): Promise<number> {
  const run = await runTool(
    'ffmpeg',
    [...['-hide_banner', '-nostdin', '-loglevel', 'fatal', '-nostats', '-progress', 'pipe:1', ...inputArgs(input, ['-threads', '2'])], '-map', `0:${stream}`, '-fps_mode', 'passthrough', '-f', 'null', '-'],
    options,
  );
  return Number([...run.stdout.toString('latin1').matchAll(/^frame=(\d+)/gm)].at(-1)?.[1] ?? 0);
}

function unplayable(code: 'TRUNCATED' | 'UNDECODABLE', decoded: number, claimed: number | undefined): Refusal {
  const figures = claimed === undefined ? `${decoded} frames decode` : `${decoded} of ${claimed} frames decode`;
  return code === 'TRUNCATED'
    ? new Refusal(code, `The file ends before its film does: ${figures} whole.`, 'Copy the master again from its source and compare sizes; then upload it again.')
    : new Refusal(code, `The picture is damaged: ${figures} without errors.`, 'Export the master again and check that it plays to the end before uploading.');
}
