// Every file of ../shared/media/broken is refused with its reason; every file of odd/ is analysed rightly or refused with one.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { analyse, probe } from '#libs/media';
import { repositoryRoot } from '#libs/platform';

const shared = path.join(repositoryRoot, '../shared/media');
const here = existsSync(shared);
if (!here) console.warn(`skipped: odd and broken films are not at ${shared}`);
const files = (folder: string): string[] => (here ? readdirSync(path.join(shared, folder)) : ['(none)']);
const onShared = here ? test : test.skip;

const reasons: Record<string, string> = {
  'corrupted_h264.mp4': 'UNDECODABLE',
  'moov_no_data.mp4': 'TRUNCATED',
  'random_bytes.mp4': 'NOT_A_FILM',
  'sintel_truncated_faststart.mp4': 'TRUNCATED',
  'text.mp4': 'NOT_A_FILM',
  'truncated_dnxhd.mxf': 'TRUNCATED',
  'zero_bytes.mp4': 'NOT_A_FILM',
};
onShared.each(files('broken'))('broken/%s is refused with its reason and a way out', async (name) => {
  await expect(probe(path.join(shared, 'broken', name))).rejects.toMatchObject({ code: reasons[name], wayOut: expect.stringMatching(/\w/) });
}, 60_000);

/** Frames of a plain decode of the stream that the probe chose. */
const plainCount = (file: string, stream: number): number =>
  Number([...execFileSync('ffmpeg', ['-v', 'fatal', '-nostdin', '-threads', '2', '-i', file, '-map', `0:${stream}`, '-fps_mode', 'passthrough', '-f', 'null', '-progress', 'pipe:1', '-']).toString().matchAll(/^frame=(\d+)/gm)].at(-1)?.[1] ?? 0);

onShared.each(files('odd'))('odd/%s has every frame that a plain decode has, or is refused as sound alone', async (name) => {
  const file = path.join(shared, 'odd', name);
  if (name.startsWith('audio_only')) {
    await expect(probe(file)).rejects.toMatchObject({ code: 'NO_VIDEO' });
    return;
  }
  const known = await probe(file);
  const analysis = await analyse(file, { probe: known, onKeyframe: () => undefined });
  expect(analysis.frames).toBe(plainCount(file, known.video.index));
  expect(analysis.shots[0]).toMatchObject({ first: 0 });
  expect(analysis.shots.at(-1)!.last).toBe(analysis.frames - 1);
  expect(analysis.shots.every((s) => s.endPts > s.startPts)).toBe(true);
}, 240_000);
