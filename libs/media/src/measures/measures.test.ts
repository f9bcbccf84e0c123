// Measures against footage made here, whose truth is known: what ffmpeg was told to do.
import { execFileSync } from 'node:child_process';
import { expect, jest, test } from '@jest/globals';
import type { Measures } from '../types.js';
import { FrameMeter, type FrameFacts } from './frame.js';
import { pictureOf, ShotMeter } from './shot.js';
import { TrackMeter } from './track.js';

jest.setTimeout(120_000);

// Taken out of Math once: inside jest's sandbox each look at a global costs a microsecond.
const { cos, imul, log, sqrt, PI } = Math;
const FPS = 24;
const SIZE = 256 * 144;

/** The facts of each frame of a lavfi graph, seen as the pass sees them; `input` takes its place where the frames are made here. */
function seen(graph: string, input?: { args: string[]; data: Uint8Array }): FrameFacts[] {
  const scaled = `${graph}${graph && ','}scale=256:144:flags=fast_bilinear,format=yuv420p`;
  const from = input ? [...input.args, '-i', '-', '-vf', scaled] : ['-f', 'lavfi', '-i', scaled];
  const raw = execFileSync('ffmpeg', ['-v', 'error', ...from, '-f', 'rawvideo', '-'], { maxBuffer: 1 << 30, ...(input && { input: input.data }) });
  const meter = new FrameMeter({ tick: 1 / FPS, fps: FPS });
  return Array.from({ length: raw.length / (SIZE * 1.5) }, (_, frame) => {
    const data = new Uint8Array(raw.buffer, raw.byteOffset + frame * SIZE * 1.5, SIZE * 1.5);
    return meter.look({ frame, pts: frame, width: 256, height: 144, y: data.subarray(0, SIZE), u: data.subarray(SIZE, SIZE * 1.25), v: data.subarray(SIZE * 1.25) });
  });
}

function measured(graph: string, size = { width: 1280, height: 720 }): Measures {
  const meter = new ShotMeter();
  for (const facts of seen(graph)) meter.add(facts);
  return meter.result(pictureOf({ ...size, colour: { space: 'bt709' } }, { width: 256, height: 144 }));
}

const source = (filters: string, seconds = 2, size = '256x144'): string => `color=gray:s=${size}:r=${FPS}:d=${seconds},format=yuv420p${filters && `,${filters}`}`;
/** Texture of many sizes, larger than the picture, the same in each frame. */
const TEXTURE = `geq=lum='126+40*sin(X/23)*cos(Y/31)+30*sin(X/71+Y/47)+24*sin(X/9-Y/13)':cb=128:cr=128`;
const plane = (width: number, height: number, seconds: number): string => `color=gray:s=${width}x${height}:r=${FPS}:d=${1 / FPS},format=yuv420p,${TEXTURE},loop=${Math.round(seconds * FPS) - 1}:1:0`;

test.each([[64, 'right'], [-64, 'left']] as const)('a pan of %d px a second is a pan to the %s at its speed', (speed, direction) => {
  const from = speed > 0 ? 0 : 1200;
  const { motionKind, motionDirection, motion } = measured(`${plane(2600, 720, 2)},crop=1280:720:'${from}+${speed}*n/${FPS}':0`);
  expect([motionKind, motionDirection]).toEqual(['pan', direction]);
  expect(Math.abs(motion / ((100 * Math.abs(speed)) / 1280) - 1)).toBeLessThan(0.03);
});

test('a tilt of 100 px a second upwards is one', () => {
  const { motionKind, motionDirection, motion } = measured(`${plane(1280, 1400, 2)},crop=1280:720:0:'600-100*n/${FPS}'`);
  expect([motionKind, motionDirection]).toEqual(['tilt', 'up']);
  // The small frame is in percent of its width each way, and its pixels are square here.
  expect(Math.abs(motion / ((100 * 100) / 1280) - 1)).toBeLessThan(0.03);
});

test.each([[0.08, 'in'], [-0.08, 'out']] as const)('a zoom by %d a second goes %s, and is no dolly', (rate, direction) => {
  const from = rate > 0 ? 1 : 1.4;
  const { motionKind, motionDirection } = measured(`${plane(2560, 1440, 3)},zoompan=z='${from}*exp(${rate}*on/${FPS})':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d=1:s=1280x720:fps=${FPS}`);
  expect([motionKind, motionDirection]).toEqual(['zoom', direction]);
});

test('a still picture is static, with or without noise and flicker; a flat one says nothing', () => {
  expect(measured(plane(1280, 720, 2)).motionKind).toBe('static');
  expect(measured(`${plane(1280, 720, 2)},noise=alls=12:allf=t:all_seed=1`).motionKind).toBe('static');
  expect(measured(`${plane(1280, 720, 2)},eq=brightness='0.1*sin(2*PI*5*n/${FPS})':eval=frame`).motionKind).toBe('static');
  expect(measured(source('')).motionKind).toBeUndefined();
});

test('a picture that jumps about is handheld', () => {
  const { motionKind } = measured(`${plane(1400, 840, 3)},crop=1280:720:'60+34*sin(n*0.9)+20*sin(n*2.3)':'60+30*sin(n*1.1+1)+18*sin(n*1.9)'`);
  expect(motionKind).toBe('handheld');
});

test('near things that grow faster than far ones make a dolly, not a zoom', () => {
  // Two planes: the far one grows by 4 % a second, the near one, a comb of posts, by 16 %.
  const at = (rate: number): string => `exp(-${rate}*N/${FPS})`;
  const u = (rate: number): string => `(4*(X-160)*${at(rate)})`;
  const v = (rate: number): string => `(4*(Y-90)*${at(rate)})`;
  const far = `(126+44*sin(${u(0.04)}/23)*cos(${v(0.04)}/31)+26*sin(${u(0.04)}/51+${v(0.04)}/47))`;
  const near = `(110+60*sin(${u(0.16)}/21)*cos(${v(0.16)}/27))`;
  const graph = source(`geq=lum='if(gt(mod(abs(${u(0.16)}),420),200),${near},${far})':cb=128:cr=128`, 2.5, '320x180');
  expect(measured(graph)).toMatchObject({ motionKind: 'dolly', motionDirection: 'in' });
});

test.each([[2, '640x360'], [5, '640x360'], [10, '640x360'], [5, '1280x720'], [5, '1920x1080'], [5, '640x480']] as const)('noise of sigma %d on %s is measured to 30 %', (sigma, size) => {
  const [width, height] = size.split('x').map(Number);
  let seed = 1;
  const uniform = (): number => (seed = (imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  // Box and Muller's normal numbers.
  const pixels = width! * height!;
  const data = new Uint8Array(8 * pixels);
  for (let i = 0; i < 2 * pixels; i++) data[i] = 128.5 + sigma * sqrt(-2 * log(uniform() || 1e-9)) * cos(2 * PI * uniform());
  // Two draws in turn.
  for (let n = 2; n < 8; n += 2) data.copyWithin(n * pixels, 0, 2 * pixels);
  const meter = new ShotMeter();
  for (const facts of seen('', { args: ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', size, '-r', String(FPS), '-color_range', 'tv'], data })) meter.add(facts);
  const { noise } = meter.result(pictureOf({ width: width!, height: height!, colour: {} }, { width: 256, height: 144 }));
  expect(Math.abs(noise! / sigma - 1)).toBeLessThan(0.3);
});

test('detail that stands still is no noise', () => {
  const { noise } = measured(`${source('noise=alls=30:allf=p:all_seed=2', 1 / FPS)},loop=23:1:0,noise=alls=1:allf=t:all_seed=3`);
  expect(noise).toBeLessThan(2);
});

test.each([[2, 5], [4, 12]])('flicker of %d levels, %d times a second, is measured to a fifth; slow light is none', (amplitude, hertz) => {
  const light = (hz: number): string => source(`geq=lum='128+${amplitude}*sin(2*PI*${hz}*N/${FPS}+0.7)':cb=128:cr=128`, 4);
  const { flicker } = measured(light(hertz));
  const expected = hertz === 12 ? amplitude * Math.sin(0.7) * Math.SQRT2 : amplitude;
  expect(Math.abs(flicker! / expected - 1)).toBeLessThan(0.2);
  expect(measured(light(0.5)).flicker).toBeLessThan(0.15 * amplitude);
});

test.each([2856, 4000, 5000, 6500, 9300])('a scene that is grey on the mean in the light of %d K has that colour temperature within 6 %', (kelvin) => {
  // Black body, CIE 1931, through XYZ to BT.709 and its curve.
  const t = 1000 / kelvin;
  const x = kelvin < 4000 ? ((-0.2661239 * t - 0.234358) * t + 0.8776956) * t + 0.17991 : ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.24039;
  const y = kelvin < 4000 ? ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867 : ((3.081758 * x - 5.8733867) * x + 3.75112997) * x - 0.37001483;
  const [X, Z] = [x / y, (1 - x - y) / y];
  const linear = [3.2406 * X - 1.5372 - 0.4986 * Z, -0.9689 * X + 1.8758 + 0.0415 * Z, 0.0557 * X - 0.204 + 1.057 * Z];
  const most = Math.max(...linear);
  const [r, g, b] = linear.map((c) => Math.max(0, c / most) * 0.4).map((c) => 255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055)) as [number, number, number];
  const luma = 16 + (219 / 255) * (0.2126 * r + 0.7152 * g + 0.0722 * b);
  const [u, v] = [128 + (224 / 255) * ((b - (0.2126 * r + 0.7152 * g + 0.0722 * b)) / 1.8556), 128 + (224 / 255) * ((r - (0.2126 * r + 0.7152 * g + 0.0722 * b)) / 1.5748)];
  const { colourTemperature } = measured(source(`geq=lum='${luma}+30*sin(X/40)':cb=${Math.round(u)}:cr=${Math.round(v)}`, 1));
  expect(Math.abs(colourTemperature! / kelvin - 1)).toBeLessThan(0.06);
});

test('a green picture has no colour temperature', () => {
  expect(measured(source('', 1).replace('gray', '0x208030')).colourTemperature).toBeUndefined();
});

test('the palette has each colour with its share, most first', () => {
  const { palette } = measured(`${source('', 1).replace('gray', '0x3050a0')},drawbox=0:0:256:43:0xd0a040:fill,drawbox=0:43:26:101:0x101010:fill`);
  expect(palette).toHaveLength(3);
  for (const [at, { hex, share }] of ([['3050a0', 0.63], ['d0a040', 0.3], ['101010', 0.07]] as const).map(([hex, share]) => ({ hex, share })).entries()) {
    expect(Math.abs(palette![at]!.share - share)).toBeLessThan(0.02);
    for (const from of [0, 2, 4]) expect(Math.abs(parseInt(palette![at]!.hex.slice(1 + from, 3 + from), 16) - parseInt(hex.slice(from, from + 2), 16))).toBeLessThan(12);
  }
});

test.each([[1280, 720, 90, 0], [1280, 720, 0, 160], [1920, 1080, 138, 0], [1920, 1080, 0, 240]])('%dx%d with bars of %d rows and %d columns: found to one small row, and what is measured is the picture', (width, height, rows, columns) => {
  const inside = `${plane(width - 2 * columns, height - 2 * rows, 2)}`;
  const plain = measured(inside, { width: width - 2 * columns, height: height - 2 * rows });
  const barred = measured(`${inside},pad=${width}:${height}:${columns}:${rows}:black`, { width, height });
  const small = height / 144;
  for (const side of ['top', 'bottom'] as const) expect(Math.abs(barred.letterbox[side] - rows)).toBeLessThanOrEqual(rows ? 2 * small : 0);
  for (const side of ['left', 'right'] as const) expect(Math.abs(barred.letterbox[side] - columns)).toBeLessThanOrEqual(columns ? 2 * small : 0);
  expect(barred.brightness).toBeCloseTo(plain.brightness, 1);
  expect(Math.abs(barred.contrast - plain.contrast)).toBeLessThan(0.02);
  expect(barred.crushed).toBeLessThan(0.02);
});

test('a title on black has no bars', () => {
  const { letterbox } = measured(`${source('', 2).replace('gray', 'black')},drawbox=100:68:56:8:white:fill,drawbox=104:70:6:4:black:fill`);
  expect(letterbox).toEqual({ top: 0, bottom: 0, left: 0, right: 0 });
});

test('exposure: shares of white and black pixels, brightness and contrast from 0 to 1', () => {
  const m = measured(`${source('', 1)},drawbox=0:0:64:144:white:fill,drawbox=64:0:26:144:black:fill`);
  expect(m.clipped).toBeCloseTo(0.25, 2);
  expect(m.crushed).toBeCloseTo(0.1, 2);
  expect(m.brightness).toBeCloseTo(0.25 + 0.65 * ((126 - 16) / 219), 1);
});

test('blur grows with what the picture is blurred by, and a frozen or black frame is one', () => {
  const blurs = [0, 3, 8].map((sigma) => measured(`${source('drawgrid=w=48:h=48:t=16:c=white', 1 / FPS)},loop=11:1:0${sigma ? `,gblur=${sigma}` : ''}`).blur);
  expect(blurs).toEqual([...blurs].sort((a, b) => a - b));
  expect(blurs[2]! - blurs[0]!).toBeGreaterThan(0.3);
  const half = measured(`${plane(1280, 720, 1)}[a];color=black:s=1280x720:r=${FPS}:d=1[b];[a][b]concat=n=2`);
  expect(half.blackFraction).toBe(0.5);
  expect(half.frozenFraction).toBeCloseTo(46 / 48, 5);
});

test('a second on the track is the mean of its frames; a clock that jumps ahead leaves seconds of which nothing is known', () => {
  const facts = seen(`${source(`geq=lum='16+floor(N/${FPS})*73':cb=128:cr=128`, 4)}`);
  const track = new TrackMeter();
  for (const one of facts) track.add({ ...one, seconds: one.seconds >= 3 ? one.seconds + 2 : one.seconds });
  track.add({ ...facts.at(-1)!, seconds: 1e12 });
  const { seconds, brightness, cutRhythm } = track.result([0, 1, 2]);
  expect(seconds).toBe(6);
  expect(brightness).toEqual([0, 0.333, 0.667, null, null, 1]);
  expect(cutRhythm[0]).toBe(30);
});
