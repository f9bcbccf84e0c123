// Interlace through the pass, on films made here: what the file says of itself must not matter.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { analyse } from './analyse.js';
import { probe } from './probe.js';
import type { Analysis } from './types.js';

jest.setTimeout(120_000);
const dir = mkdtempSync(path.join(tmpdir(), 'backlot-fields-'));
afterAll(() => rmSync(dir, { recursive: true }));

let films = 0;
async function analysed(source: string, filters: string, ...codec: string[]): Promise<Analysis> {
  const file = path.join(dir, `${films++}.ts`);
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', source, '-vf', `${filters},format=yuv420p`, ...(codec.length ? codec : ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18']), file]);
  return analyse(file, { probe: await probe(file) });
}
/** A picture full of edges that goes to and fro, fifty moments a second. */
const PAN = "mandelbrot=s=1080x576:start_scale=0.4:r=50,trim=end_frame=1,loop=-1:1:0,setpts=N/50/TB,trim=end_frame=400,crop=720:576:abs(mod(4*n\\,720)-360):0";
const MPEG2 = ['-c:v', 'mpeg2video', '-q:v', '3', '-flags', '+ildct+ilme', '-top', '1'];

test.each([
  ['interlaced, top field first, and says so', PAN, 'tinterlace=interleave_top,setfield=tff', MPEG2, 'interlaced', ['INTERLACED']],
  ['interlaced, bottom field first, and says that it is not', PAN, 'tinterlace=interleave_bottom,setfield=prog', [], 'interlaced', ['COMBED']],
  ['of whole pictures', PAN, 'fps=25', [], 'progressive', []],
  ['of whole pictures, and says that it is interlaced', PAN, 'fps=25,setfield=tff', MPEG2, 'progressive', ['INTERLACED', 'NOT_INTERLACED']],
  ['brought from 24 to 30 by pulldown', PAN, 'fps=24000/1001,telecine=pattern=23', [], 'telecined', ['TELECINED']],
] as const)('a film that is %s is told so, whatever it says', async (_, source, filters, codec, fields, codes) => {
  const { shots, warnings } = await analysed(source, filters, ...codec);
  const { measures } = shots[0]!;
  expect(measures.fields).toBe(fields);
  const [low, high] = { interlaced: [0.7, 1], progressive: [0, 0.1], telecined: [0.2, 0.6] }[fields] as [number, number];
  expect(measures.combing).toBeGreaterThanOrEqual(low);
  expect(measures.combing).toBeLessThanOrEqual(high);
  expect(warnings.map(({ code }) => code)).toEqual(codes);
});

test.each([
  ['that move sideways', "geq=lum='if(mod(Y\\,2)\\,200\\,60)+30*sin((X+6*N)/20)'"],
  ['that move up a little', "geq=lum='128+90*sin((Y+1.3*N)*2.6)'"],
])('fine stripes %s in whole pictures are not called combed', async (_, stripes) => {
  const { shots } = await analysed('nullsrc=s=320x288:r=25:d=5,format=gray', stripes);
  for (const { measures } of shots) expect(measures).toMatchObject({ combing: 0, fields: 'progressive' });
});

test('of a picture that stands still nothing is said', async () => {
  const { shots } = await analysed('smptebars=s=720x576:r=50:d=6', 'tinterlace=interleave_top,setfield=tff', ...MPEG2);
  expect(shots[0]!.measures).not.toHaveProperty('combing');
  expect(shots[0]!.measures).not.toHaveProperty('fields');
});

test('it is told of each shot by itself, with stills and proxy from the same decode', async () => {
  const file = path.join(dir, 'two.ts');
  const half = (label: string, filters: string): string => `${filters},scale=720:576,setsar=1,format=yuv420p[${label}]`;
  execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', PAN, '-f', 'lavfi', '-i', 'testsrc2=s=720x576:r=25:d=5', '-filter_complex', `${half('a', '[0:v]tinterlace=interleave_top,setfield=prog')};${half('b', '[1:v]null')};[a][b]concat=n=2`, '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', file]);
  let pictures = 0;
  const { shots } = await analyse(file, { probe: await probe(file), onKeyframe: () => void pictures++ });
  expect(shots.at(-1)!.measures).toMatchObject({ fields: 'progressive', combing: 0 });
  expect(shots[0]!.measures.fields).toBe('interlaced');
  expect(pictures).toBeGreaterThan(2);
});

const media = path.join(repositoryRoot, '../shared/media/film');
(existsSync(media) ? test : test.skip).each(['sintel_rooftop_26s.mp4', 'nosferatu_47s_bw.mp4', 'bbb_480p_30s.mp4', 'tears_of_steel_battle_70s.webm'])(`no shot of %s is called combed${existsSync(media) ? '' : ' (skipped: ../shared/media is missing)'}`, async (name) => {
  const file = path.join(media, name);
  const { shots, warnings } = await analyse(file, { probe: await probe(file) });
  expect(shots.some(({ measures }) => measures.fields === 'progressive')).toBe(true);
  expect(shots.filter(({ measures }) => measures.fields !== undefined && measures.fields !== 'progressive')).toEqual([]);
  expect(warnings.map(({ code }) => code)).toEqual([]);
});
