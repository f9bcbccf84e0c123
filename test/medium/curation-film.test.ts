import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { extract } from 'tar-stream';
import { Catalogue } from '#libs/catalogue';
import { Curation } from '#libs/curation';
import * as media from '#libs/media';
import { type JobContext, newId, relayEvents, repositoryRoot, type Scope } from '#libs/platform';
import { Rights } from '#libs/rights';
import { licence, sha256, upload } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(400_000);

let world: World;
let scope: Scope & { memberId: string };
let rights: Rights;
let catalogue: Catalogue;
let curation: Curation;
beforeAll(async () => {
  world = await makeWorld();
  scope = await world.studio();
  rights = new Rights(world);
  catalogue = new Catalogue({ ...world, rights, probe: media.probe, landing: join(world.folder, 'landing') });
  curation = new Curation({ ...world, rights, media, models: async () => undefined, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }) });
});
afterAll(() => world.close());

const context = (subjectId: string): JobContext => ({ jobId: newId(), scope: { studioId: scope.studioId }, subjectId, payload: {}, attempt: 1, signal: new AbortController().signal, progress: () => undefined });

async function onboard(path: string): Promise<string> {
  const { id } = await catalogue.createTitle(scope, { name: path.split('/').at(-1)!, licenceIds: [await licence(rights, scope)] });
  await upload(catalogue, scope, id, readFileSync(path));
  const master = (await catalogue.mastersOf(scope, [id])).get(id)!;
  await catalogue.ingest.run(context(master.id));
  await relayEvents(world.database, { curation: curation.reactions });
  await curation.analyse.run(context(master.id));
  return id;
}

test('a real film goes from upload to a frozen dataset with nothing but sealed bytes on the disk, and freezes to the same hash again', async () => {
  const file = join(world.folder, 'film.mp4');
  const scenes = ['testsrc2=s=160x96:r=15', 'gradients=s=160x96:r=15:seed=3:speed=0.1', 'smptehdbars=s=160x96:r=15,hue=H=t*3'];
  execFileSync(process.env.BACKLOT_FFMPEG ?? 'ffmpeg', ['-loglevel', 'error', ...scenes.flatMap((scene) => ['-f', 'lavfi', '-t', '1.2', '-i', scene]), '-filter_complex', `concat=n=${scenes.length}`, '-pix_fmt', 'yuv420p', file]);
  const plain = readFileSync(file);
  const titleId = await onboard(file);
  expect(await catalogue.title(scope, titleId)).toMatchObject({ state: 'ready' });
  const analysis = (await curation.analysesOf(scope, [titleId])).get(titleId)!;
  const shots = (await curation.shots(scope, titleId, { first: 100 })).items;
  expect(shots.length).toBeGreaterThan(1);
  expect(shots.at(-1)!.last).toBeLessThan(analysis.frames);
  for (const shot of shots) expect(shot.keyframes.length).toBeGreaterThan(0);
  expect(await curation.playlist(scope, titleId, (id) => `/objects/${id}`)).toMatch(/#EXT-X-MAP:URI="\/objects\/[0-9a-f-]{36}",BYTERANGE="\d+@0"\n#EXTINF:/);

  const freeze = async () => {
    const { id } = await curation.buildDataset(scope, { name: 'set', titleIds: [titleId] });
    await curation.freeze.run(context(id));
    return curation.datasetVersion(scope, id);
  };
  const [one, two] = [await freeze(), await freeze()];
  expect(one).toMatchObject({ state: 'frozen', hash: two.hash, clipCount: two.clipCount });
  expect(one.clipCount).toBeGreaterThan(0);
  const decision = await rights.requirePermit(scope, { action: 'fineTune', scopeKind: 'dataset', scopeId: one.id, titleIds: [titleId], actor: 'test' });
  const chunks: Buffer[] = [];
  for await (const chunk of world.vault.open(await world.vault.release(scope, decision.id, one.objectId!))) chunks.push(chunk);
  const tar = extract();
  tar.end(Buffer.concat(chunks));
  const names: string[] = [];
  for await (const entry of tar) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    names.push(entry.header.name);
    if (entry.header.name === '00000000.mp4') expect(Buffer.concat(parts).subarray(4, 8).toString()).toBe('ftyp');
  }
  expect(names).toHaveLength(3 * one.clipCount);

  // Sealed files begin with the format's name; the film's own bytes, or a piece of them, are nowhere.
  rmSync(file);
  const files = execFileSync('find', [world.folder, '-type', 'f', '-size', '+1k'], { encoding: 'utf8' }).trim().split('\n');
  for (const path of files.filter((path) => !path.includes('/keys/'))) expect(readFileSync(path).subarray(0, 8).toString('latin1')).toBe('BLSEAL1\0');
  expect(files.length).toBeGreaterThan(shots.length);
  expect(sha256(plain)).toBe((await catalogue.mastersOf(scope, [titleId])).get(titleId)!.sha256);
});

const shared = join(repositoryRoot, '../shared/media/broken');
// All of them go through the whole product in the e2e tests.
const broken = ['text.mp4', 'sintel_truncated_faststart.mp4'];
(existsSync(shared) ? test : test.skip).each(broken)('a broken file is refused with a reason and leaves nothing: %s (needs ../shared/media)', async (name) => {
  const failing = onboard(join(shared, name));
  await expect(failing).rejects.toMatchObject({ name: 'Refusal' });
  const [title] = (await catalogue.titles(scope, { first: 1 }, { search: name })).items;
  expect(title).toMatchObject({ state: 'refused' });
  expect(title!.reason!.wayOut.length).toBeGreaterThan(10);
});
