import { expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { extract } from 'tar-stream';
import { STANDARD } from './filters/rules.js';
import { type ClipLine, ManifestHash, shard, type ShardFile } from './manifest.js';
import type { Recipe } from './selection.js';

const recipe: Recipe = { bucket: { width: 96, height: 64, frames: 17, fps: 16 }, minSeconds: 0, captionContains: null, clipsPerShot: 4, rules: STANDARD };
const clip: ClipLine = { master: 'aa', first: 0, last: 24, startPts: 0, caption: 'Snow.', split: 'train', sha256: 'bb', terms: ['cc'] };

const hashOf = (fill: (manifest: ManifestHash) => void, of = recipe): string => {
  const manifest = new ManifestHash(of);
  fill(manifest);
  return manifest.digest();
};

test('the content address changes with everything that a trainer would see, and with nothing else', () => {
  const whole = hashOf((manifest) => manifest.clip(clip));
  expect(hashOf((manifest) => manifest.clip({ terms: ['cc'], sha256: 'bb', split: 'train', caption: 'Snow.', startPts: 0, last: 24, first: 0, master: 'aa' }))).toBe(whole);
  const changes: Partial<ClipLine>[] = [{ master: 'ab' }, { first: 1 }, { last: 25 }, { startPts: 1 }, { caption: 'Snow' }, { split: 'heldout' }, { sha256: 'b' }, { terms: ['cc', 'dd'] }];
  for (const change of changes) expect(hashOf((manifest) => manifest.clip({ ...clip, ...change }))).not.toBe(whole);
  expect(hashOf((manifest) => manifest.clip(clip), { ...recipe, minSeconds: 1 })).not.toBe(whole);
  const [first, ...others] = STANDARD;
  expect(hashOf((manifest) => manifest.clip(clip), { ...recipe, rules: [{ ...first!, threshold: 0.4, values: null, comparison: 'at_most' }, ...others] })).not.toBe(whole);
  expect(hashOf((manifest) => manifest.clip(clip), { ...recipe, rules: others })).not.toBe(whole);
  expect(hashOf((manifest) => manifest.clip(clip), { ...recipe, rules: STANDARD.map((rule) => ({ ...rule, words: 'Said otherwise.' })) })).toBe(whole);
  const dropped = hashOf((manifest) => {
    manifest.clip(clip);
    manifest.drop({ master: 'aa', first: 25, last: 30, code: 'TOO_SHORT', value: 0.2 });
  });
  expect(dropped).not.toBe(whole);
});

async function bytesOf(files: ShardFile[]): Promise<Buffer> {
  async function* each(): AsyncGenerator<ShardFile> {
    for (const file of files) {
      await new Promise((later) => setTimeout(later, 1));
      yield file;
    }
  }
  const parts: Buffer[] = [];
  for await (const part of shard(each())) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

test('a shard is a tar of the same bytes every time', async () => {
  const files = [{ name: '00000000.mp4', bytes: Buffer.alloc(700_000, 7) }, { name: '00000000.txt', bytes: Buffer.from('Schnee fällt.') }, { name: '00000000.json', bytes: Buffer.alloc(0) }];
  const [one, two] = [await bytesOf(files), await bytesOf(files)];
  expect(createHash('sha256').update(two).digest('hex')).toBe(createHash('sha256').update(one).digest('hex'));
  const found: ShardFile[] = [];
  const tar = extract();
  tar.end(one);
  for await (const entry of tar) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    expect(entry.header).toMatchObject({ uid: 0, gid: 0, mtime: new Date(0), mode: 0o644 });
    found.push({ name: entry.header.name, bytes: Buffer.concat(parts) });
  }
  expect(found.map(({ name }) => name)).toEqual(files.map(({ name }) => name));
  expect(found.every(({ bytes }, i) => bytes.equals(files[i]!.bytes))).toBe(true);
});

test('a file that cannot be made ends the shard, and a reader that stops ends the making', async () => {
  async function* failing(): AsyncGenerator<ShardFile> {
    yield { name: 'a', bytes: Buffer.alloc(10) };
    throw new Error('no clip');
  }
  await expect(async () => {
    for await (const _ of shard(failing()));
  }).rejects.toThrow('no clip');

  let ended = false;
  async function* endless(): AsyncGenerator<ShardFile> {
    try {
      for (;;) yield { name: 'a', bytes: Buffer.alloc(100_000) };
    } finally {
      ended = true;
    }
  }
  const reading = shard(endless());
  for await (const _ of reading) break;
  await new Promise((closed) => (reading.closed ? closed(null) : reading.once('close', closed)));
  expect(ended).toBe(true);
});
