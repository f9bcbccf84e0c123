import { Refusal } from '#libs/platform';
import { toBt709 } from './colour.js';
import { inputArgs, runTool } from './ffmpeg.js';
import { ratio } from './probe.js';
import type { ClipSpec, Letterbox, VideoStream } from './types.js';

/** Seconds decoded before a clip, so that it never begins on a frame whose references were cut off by the seek. */
const RUN_UP = 1.5;

/**
 * A training sample: H.264 yuv420p BT.709 in a (fragmented) mp4 of exactly `frames` frames at `fps`. Frame i is the source frame on
 * screen i/fps seconds after the beginning, always one inside startPts..endPts. Same input, same ffmpeg, same bytes.
 * Throws Refusal CLIP_TOO_SHORT when the shot has not so many frames, CLIP_UNREADABLE when the master's frames are not there.
 */
export async function cutClip(input: string, spec: ClipSpec): Promise<Buffer> {
  const { video } = spec.probe;
  const tick = ratio(video.timeBase);
  const offsetPts = Math.round((spec.offsetSeconds ?? 0) / tick);
  const firstPts = spec.startPts + offsetPts;
  const lastAt = firstPts + (spec.frames - 1) / (spec.fps * tick);
  if (lastAt >= spec.endPts) {
    const has = Math.max(0, Math.floor((spec.endPts - firstPts) * tick * spec.fps));
    throw new Refusal('CLIP_TOO_SHORT', `The shot has ${has} frames at ${spec.fps} a second; the clip needs ${spec.frames}.`, 'Take a shorter clip length, or leave this shot out.');
  }
  const begin = firstPts * tick;
  const seeks = begin - RUN_UP > video.startPts * tick ? [['-seek_timestamp', '1', '-noaccurate_seek', '-ss', (begin - RUN_UP).toFixed(3)], []] : [[]];
  let reason = '';
  for (const seek of seeks) {
    const run = await runTool('ffmpeg', clipArgs(input, spec, firstPts, tick, seek), spec);
    const shown = /\] n: *0 pts: *(-?\d+)/.exec(run.stderr);
    // Some containers seek to behind the wish; the beginning tells, and then everything before is decoded instead.
    const exact = shown !== null && (offsetPts > 0 || Number(shown[1]) === spec.startPts);
    if (run.code === 0 && exact) return run.stdout;
    reason = /\[(?:error|fatal)\] (.*)/.exec(run.stderr)?.[1] ?? `the first frame found is ${shown?.[1] ?? 'none'}, not ${spec.startPts}`;
  }
  throw new Refusal('CLIP_UNREADABLE', `The clip's frames could not be read from the master: ${reason}`, 'Analyse the master again; if it stays, upload it again.', 500);
}

function clipArgs(input: string, spec: ClipSpec, firstPts: number, tick: number, seek: string[]): string[] {
  const { video } = spec.probe;
  // The frame on screen at the beginning may have begun before it, but never before the shot.
  const filters = [
    `trim=start_pts=${spec.startPts}:end_pts=${spec.endPts}`,
    'showinfo=checksum=0',
    `setpts=PTS-${firstPts}`,
    // round=up: a frame is taken from the first output time at which it is on screen. tpad: the last one stays until the shot ends.
    `fps=${spec.fps}:start_time=0:round=up,tpad=stop=-1:stop_mode=clone`,
    cropFilter(video, spec.letterbox, spec.width / spec.height),
    toBt709(video, spec.width, spec.height),
  ];
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info', '-copyts', '-filter_threads', '1'],
    ...inputArgs(input, ['-threads', '2', ...seek]),
    ...['-map', `0:${video.index}`, '-vf', filters.join(','), '-frames:v', String(spec.frames), '-fps_mode', 'passthrough'],
    ...['-enc_time_base', `1:${spec.fps}`, '-video_track_timescale', String(spec.fps * 1024)],
    ...['-c:v', 'libx264', '-preset', 'medium', '-crf', '17', '-threads:v', '1', '-bf', '0'],
    ...['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'],
    ...['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact', '-movflags', '+empty_moov+default_base_moof+frag_keyframe', '-f', 'mp4', 'pipe:1'],
  ];
}

/** The largest centred rectangle of the wanted shape inside the picture without its bars, in decoded (not yet square) pixels. */
export function cropFilter(video: VideoStream, bars: Letterbox | undefined, shape: number): string {
  const turned = video.rotation % 180 !== 0;
  const kx = (turned ? video.storedHeight : video.storedWidth) / video.width;
  const ky = (turned ? video.storedWidth : video.storedHeight) / video.height;
  const { left, right, top, bottom } = bars ?? { left: 0, right: 0, top: 0, bottom: 0 };
  const pictureW = Math.max(2, video.width - left - right);
  const pictureH = Math.max(2, video.height - top - bottom);
  const width = Math.min(pictureW, pictureH * shape);
  const height = Math.min(pictureH, pictureW / shape);
  const x = left + (pictureW - width) / 2;
  const y = top + (pictureH - height) / 2;
  const even = (n: number): number => Math.max(2, 2 * Math.floor(n / 2));
  return `crop=${even(width * kx)}:${even(height * ky)}:${Math.round(x * kx)}:${Math.round(y * ky)}`;
}
