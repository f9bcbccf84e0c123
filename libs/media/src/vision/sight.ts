import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { z } from 'zod';
import { loadModel } from '../model.js';
import { resized } from '../stills.js';
import type { Labels, RgbImage, Warning } from '../types.js';
import { blazefaceBoxes, nanodetBoxes, type Box, type Output } from './detect.js';
import { planes } from './planes.js';
import { openText, TEXT_MODEL } from './text.js';
import { FACE, PERSON, settled, vote, type Sight } from './vote.js';

const FILES = {
  nanodet: { file: 'nanodet.onnx', title: 'nanodet-g 3.0.4', sha256: '84eb610175d1edf72a4b2e1f80322647ea950083e089692c3338541e45a08c28' },
  blazeface: { file: 'blazeface.onnx', title: 'blazeface-back 3.0.4', sha256: '820ce6ecad03d18b9ffec8e84c810b1f94626fd42c5cd26ec292cca7e46fb908' },
  efflite0: { file: 'efflite0.onnx', title: 'efficientnet-lite0 0.1.0', sha256: '8163fa16be1dd7a9b8583f18062c1078aad7cca35267d3ff029e03b010916eb3' },
} as const;
type Name = keyof typeof FILES;

/** Share of the picture under text above which things are not named: logos and letters are read as clocks and birds. Two lines of subtitles cover .04. */
const MUCH_TEXT = 0.05;

/** What the vision thread holds. */
export interface Sights {
  warnings: Warning[];
  loaded: string[];
  label(keyframes: RgbImage[], whole: RgbImage | undefined): Promise<Labels>;
}

/** The models of a folder (models/vision), those that are there and are the ones that were measured. */
export async function openSights(dir: string): Promise<Sights> {
  const warnings: Warning[] = [];
  const sessions = new Map<Name, InferenceSession>();
  for (const [name, model] of Object.entries(FILES) as [Name, (typeof FILES)[Name]][]) {
    const session = await loadModel(path.join(dir, model.file), model.sha256, warnings, 'what it sees is left out of the labels');
    if (session) sessions.set(name, session);
  }
  const imagenet = await readNames(path.join(dir, 'imagenet-labels.json'), warnings);
  if (!imagenet) sessions.delete('efflite0');
  const names = { imagenet: imagenet ?? [], by: { people: FILES.nanodet.title, faces: FILES.blazeface.title, scene: FILES.efflite0.title } };
  const reader = await openText(warnings);
  return {
    warnings,
    loaded: [...[...sessions.keys()].map((name) => FILES[name].title), ...(reader ? [TEXT_MODEL] : [])],
    async label(keyframes, whole): Promise<Labels> {
      const sights: Sight[] = [];
      for (const [at, image] of outerFirst(keyframes).entries()) {
        if (at === keyframes.length - 1 && settled(sights)) break;
        sights.push(await see(image, sessions));
      }
      const labels = vote(sights, names);
      const text = whole && (await reader?.read(whole));
      if (!text) return labels;
      if (text.area <= MUCH_TEXT) return { ...labels, text };
      const { objects: _objects, scene: _scene, ...rest } = labels;
      return { ...rest, text };
    },
  };
}

async function readNames(file: string, warnings: Warning[]): Promise<string[] | undefined> {
  try {
    return z.array(z.string()).length(1000).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    warnings.push({ code: 'MODEL_MISSING', message: 'The names of the scene classes are not there; scenes are left out of the labels.' });
    return undefined;
  }
}

/** What differs in a shot differs most between its ends. */
const outerFirst = (keyframes: RgbImage[]): RgbImage[] => (keyframes.length > 2 ? [keyframes[0]!, keyframes.at(-1)!, ...keyframes.slice(1, -1)] : keyframes);

async function see(image: RgbImage, sessions: Map<Name, InferenceSession>): Promise<Sight> {
  const sight: Sight = { card: isCard(image) };
  const [nanodet, blazeface, efflite0] = [sessions.get('nanodet'), sessions.get('blazeface'), sessions.get('efflite0')];
  const boxes = nanodet && (await findThings(nanodet, image));
  if (boxes) sight.boxes = boxes.filter(({ score }) => score >= PERSON);
  // A face has a person around it: where there is not even a hint of one, nothing is looked for.
  if (blazeface) sight.faces = !boxes || boxes.some(({ label }) => label === 'person') ? await findFaces(blazeface, image) : [];
  if (efflite0) {
    const side = Math.min(image.width, image.height);
    const square = { left: (image.width - side) >> 1, top: (image.height - side) >> 1, width: side, height: side };
    const small = await resized(image, square, { width: 224, height: 224 });
    const out = await efflite0.run({ image: new Tensor('uint8', Uint8Array.from(small.data), [1, 224, 224, 3]) });
    sight.classes = out['prob']!.data as Float32Array;
    sight.vector = out['embedding']!.data as Float32Array;
  }
  return sight;
}

const whole = (image: RgbImage): { left: number; top: number; width: number; height: number } => ({ left: 0, top: 0, width: image.width, height: image.height });
const outputsOf = (run: InferenceSession.OnnxValueMapType): Output[] =>
  Object.values(run).map((t) => ({ dims: (t as Tensor).dims, data: (t as Tensor).data as Float32Array }));

const BGR_MEAN = [103.53, 116.28, 123.675];
const BGR_SCALE = [57.375, 57.12, 58.395];
/** NanoDet's score from which on there may be a person. */
const HINT = 0.15;

/** Boxes of what may be there, people and things, from HINT on. */
async function findThings(session: InferenceSession, image: RgbImage): Promise<Box[]> {
  // The long side becomes 448, the shape is kept within a 32-pixel step. At 512 it costs a quarter more and, at its best threshold, finds the same people.
  const scale = 448 / Math.max(image.width, image.height);
  const step = (n: number): number => Math.max(32, 32 * Math.round((n * scale) / 32));
  const width = step(image.width);
  const height = step(image.height);
  const small = await resized(image, whole(image), { width, height });
  const run = await session.run({ [session.inputNames[0]!]: new Tensor('float32', planes(small, BGR_MEAN, BGR_SCALE), [1, 3, height, width]) });
  return nanodetBoxes(outputsOf(run), width, height, HINT);
}

async function findFaces(session: InferenceSession, image: RgbImage): Promise<Box[]> {
  const scale = 256 / Math.max(image.width, image.height);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const small = await resized(image, whole(image), { width, height });
  // Letterboxed: the picture in the middle, black (-1) around it.
  const left = (256 - width) >> 1;
  const top = (256 - height) >> 1;
  const input = new Float32Array(256 * 256 * 3).fill(-1);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < width * 3; i++) input[((top + y) * 256 + left) * 3 + i] = small.data[y * width * 3 + i]! / 127.5 - 1;
  }
  const run = await session.run({ [session.inputNames[0]!]: new Tensor('float32', input, [1, 256, 256, 3]) });
  return blazefaceBoxes(outputsOf(run), FACE).map((b) => ({
    ...b,
    left: (b.left * 256 - left) / width,
    top: (b.top * 256 - top) / height,
    width: (b.width * 256) / width,
    height: (b.height * 256) / height,
  }));
}

/** Six tenths of the picture within a few levels of one brightness: logos on such cards were read as clocks and birds. */
function isCard(image: RgbImage): boolean {
  const histogram = new Uint32Array(32);
  const { data } = image;
  let pixels = 0;
  // Every fifth pixel is enough to tell six tenths.
  for (let i = 0; i < data.length; i += 15, pixels++) histogram[(data[i]! + 2 * data[i + 1]! + data[i + 2]!) >> 5]!++;
  let most = 0;
  for (let i = 1; i < 32; i++) most = Math.max(most, histogram[i]! + histogram[i - 1]!);
  return most > 0.6 * pixels;
}
