import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Refusal } from '#libs/platform';
import type { BaseSpec } from './types.js';

/** What a base model's makers say of it in `backlot.json`; the defaults are Wan 2.1's own and what its LoRA trainers commonly use. */
const hints = z.object({
  name: z.string().min(1).max(120).optional(),
  width: z.int().positive().multipleOf(16).default(832),
  height: z.int().positive().multipleOf(16).default(480),
  frames: z.int().positive().default(81),
  fps: z.number().positive().default(16),
  maxSequenceLength: z.int().positive().default(512),
  training: z
    .object({ steps: z.int().positive().default(1500), rank: z.int().positive().default(32), batch: z.int().positive().default(1), learningRate: z.number().positive().default(1e-4) })
    .prefault({}),
  generation: z.object({ steps: z.int().positive().default(50), guidance: z.number().min(0).default(5) }).prefault({}),
});

/** The parts that the trainer needs in a Wan pipeline folder. */
const PARTS = ['transformer', 'vae', 'text_encoder', 'tokenizer', 'scheduler'];

/** Reads a folder of a diffusers Wan pipeline; throws Refusal BASE_MISSING or BAD_BASE, naming what is wrong with it. */
export async function describeBase(folder: string): Promise<{ sha256: string; name: string | undefined; spec: BaseSpec }> {
  const bad = (message: string): Refusal => new Refusal('BAD_BASE', `${folder}: ${message}.`, 'Give a folder saved by diffusers (save_pretrained) of a WanPipeline in safetensors.');
  const index = await json(join(folder, 'model_index.json'));
  if (index === undefined) throw new Refusal('BASE_MISSING', `There is no base model in ${folder}: model_index.json is missing.`, 'Give the folder that holds model_index.json.');
  const pipeline = z.object({ _class_name: z.string().startsWith('Wan') }).safeParse(index);
  if (!pipeline.success) throw bad('its model_index.json does not name a pipeline of the Wan family');
  let parameters = 0;
  for (const part of PARTS) {
    const files = await readdir(join(folder, part)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw bad(`it has no ${part}`);
      throw error;
    });
    const weights = files.filter((file) => file.endsWith('.safetensors'));
    if (['transformer', 'vae', 'text_encoder'].includes(part) && !weights.length) throw bad(`its ${part} has no safetensors`);
    for (const file of weights) {
      const numbers = await countParameters(join(folder, part, file));
      if (numbers === undefined) throw bad(`${part}/${file} is not a whole safetensors file`);
      parameters += numbers;
    }
  }
  const said = hints.safeParse((await json(join(folder, 'backlot.json'))) ?? {});
  if (!said.success) throw bad(`its backlot.json is not usable: ${said.error.issues[0]!.path.join('.')} ${said.error.issues[0]!.message}`);
  const { name, ...spec } = said.data;
  return { sha256: await hashFolder(folder), name, spec: { class: pipeline.data._class_name, parameters, ...spec } };
}

async function json(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    if (error instanceof SyntaxError) throw new Refusal('BAD_BASE', `${file} is not JSON.`, 'Copy the base model again.');
    throw error;
  }
}

/** Numbers in a safetensors file, from its header: 8 bytes of length, then JSON {tensor: {shape}}. Undefined for anything else. */
async function countParameters(path: string): Promise<number | undefined> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(8);
    await file.read(length, 0, 8, 0);
    const size = Number(length.readBigUInt64LE());
    const { size: bytes } = await file.stat();
    if (size > Math.min(bytes - 8, 100_000_000)) return undefined;
    const header = Buffer.alloc(size);
    await file.read(header, 0, size, 8);
    let end = 0;
    let numbers = 0;
    for (const [name, tensor] of Object.entries(JSON.parse(header.toString('utf8')) as Record<string, { shape: number[]; data_offsets: [number, number] }>)) {
      if (name === '__metadata__') continue;
      numbers += tensor.shape.reduce((product, side) => product * side, 1);
      end = Math.max(end, tensor.data_offsets[1]);
    }
    return 8 + size + end === bytes ? numbers : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * SHA-256 (hex) over a folder: a line `<sha256 of the file>  <path from the folder>\n` per file, sorted by path as bytes, names that begin
 * with a dot left out; what `sha256sum` prints of it. apps/trainer computes the same before it loads a base model.
 */
async function hashFolder(folder: string): Promise<string> {
  const paths = (await readdir(folder, { recursive: true })).filter((path) => !path.split('/').some((part) => part.startsWith('.')));
  const whole = createHash('sha256');
  for (const path of paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    if (!(await stat(join(folder, path))).isFile()) continue;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, path), { highWaterMark: 1_048_576 })) hash.update(chunk as Buffer);
    whole.update(`${hash.digest('hex')}  ${path}\n`);
  }
  return whole.digest('hex');
}
