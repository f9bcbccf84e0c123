import path from 'node:path';
import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appendEntry, generateLogKey, PLATFORM_LOG, proveInclusion, publishLog, recordedHeads, recordHead, verifyLog, verifyProof } from '#libs/audit';
import { newId, rows, type Scope } from '#libs/platform';
import { makeWorld, type World } from '../support/studio.js';

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

const append = (scope: Scope, payload: object): Promise<void> => world.database.inStudio(scope, () => appendEntry('decision', payload));

async function newLog() {
  const scope = await world.studio();
  const key = generateLogKey(`backlot/studio/${scope.studioId}`);
  const directory = path.join(world.folder, 'log', scope.studioId);
  return { scope, key, directory, publish: () => publishLog(world.database, scope.studioId, directory, key.signer) };
}

test('entries of transactions that committed are published in order, those of rolled back ones never', async () => {
  const { scope, key, directory, publish } = await newLog();
  expect(await publish()).toBeUndefined();
  for (let number = 0; number < 5; number += 1) await append(scope, { number, nested: { b: 1.5, a: ['ü', null] } });
  await expect(world.database.inStudio(scope, async () => {
    await appendEntry('decision', { number: 'never' });
    throw new Error('rolled back');
  })).rejects.toThrow('rolled back');
  expect(await publish()).toMatchObject({ size: 5, origin: `backlot/studio/${scope.studioId}` });
  await append(scope, { number: 5, typed: 'a\0b\ud800c', left: undefined, big: 1e21, small: -0 });
  expect(await publish()).toMatchObject({ size: 6 });
  expect(await verifyLog(directory, key.verifier)).toMatchObject({ size: 6, payloadsChecked: 6, problems: [] });
  expect(readFileSync(path.join(directory, 'payload/0.jsonl'), 'utf8')).not.toContain('never');
  expect(verifyProof(await proveInclusion(directory, 4), key.verifier).index).toBe(4);
});

test('publishers at the same time and writers meanwhile: every entry once, no head taken back', async () => {
  const { scope, key, directory, publish } = await newLog();
  await Promise.all([
    ...Array.from({ length: 120 }, (_, number) => append(scope, { number })),
    ...Array.from({ length: 6 }, () => publish()),
  ]);
  await publish();
  expect(await verifyLog(directory, key.verifier)).toMatchObject({ size: 120, payloadsChecked: 120, problems: [] });
  const places = await world.database.inStudio(scope, () => rows<{ place: string }>(`select leaf_index as place from audit_entry where studio_id = $1 order by leaf_index`, [scope.studioId]));
  expect(places.map(({ place }) => Number(place))).toEqual(Array.from({ length: 120 }, (_, at) => at));
});

test('an entry with a smaller id that commits later comes later in the log; what was published stays', async () => {
  const { scope, key, directory, publish } = await newLog();
  let commit!: () => void;
  const held = new Promise<void>((resolve) => (commit = resolve));
  let appended!: () => void;
  const begun = new Promise<void>((resolve) => (appended = resolve));
  const slow = world.database.inStudio(scope, async () => {
    await appendEntry('decision', { who: 'slow' });
    appended();
    await held;
  });
  await begun;
  await append(scope, { who: 'fast' });
  const first = await publish();
  commit();
  await slow;
  await publish();
  const report = await verifyLog(directory, { key: key.verifier, heads: [first!] });
  expect(report).toMatchObject({ size: 2, extends: 1, problems: [] });
  expect(readFileSync(path.join(directory, 'payload/0.jsonl'), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { payload: { who: string } }).payload.who)).toEqual(['fast', 'slow']);
});

test('files that were lost are written again from the database, under the same head', async () => {
  const { scope, key, directory, publish } = await newLog();
  for (let number = 0; number < 300; number += 50) await world.database.inStudio(scope, async () => {
    for (let at = 0; at < 50; at += 1) await appendEntry('decision', { number: number + at });
  });
  const before = await publish();
  rmSync(directory, { recursive: true });
  expect((await publish())?.root).toEqual(before!.root);
  expect(await verifyLog(directory, key.verifier)).toMatchObject({ size: 300, problems: [] });
});

test("the platform's log holds each head once, and convicts a studio's log that was shortened", async () => {
  const { scope, publish } = await newLog();
  await append(scope, { number: 1 });
  const first = await publish();
  await Promise.all([recordHead(world.database, first!), recordHead(world.database, first!)]);
  await append(scope, { number: 2 });
  const second = await publish();
  await recordHead(world.database, second!);
  await recordHead(world.database, first!);
  const platformKey = generateLogKey('backlot/platform');
  const directory = path.join(world.folder, 'log', 'platform');
  await publishLog(world.database, PLATFORM_LOG, directory, platformKey.signer);
  const heads = await recordedHeads(directory);
  expect(heads.filter((head) => head.origin === first!.origin).map((head) => head.size)).toEqual([1, 2]);

  // The studio's log begun anew, with its own key: right in itself, but not what the platform saw.
  const other = await world.studio();
  await append(other, { number: 'forged' });
  const forged = path.join(world.folder, 'log', newId());
  await publishLog(world.database, other.studioId, forged, generateLogKey(first!.origin).signer);
  expect((await verifyLog(forged)).problems).toEqual([]);
  expect((await verifyLog(forged, { recorded: heads })).problems.length).toBeGreaterThan(0);
});

test('no studio sees or adds entries of another, and no entry can be changed', async () => {
  const a = await world.studio();
  const b = await world.studio();
  await append(a, { secret: true });
  expect(await world.database.inStudio(b, () => rows(`select from audit_entry where studio_id = $1`, [a.studioId]))).toEqual([]);
  const forge = (studioId: string) => rows(`insert into audit_entry (studio_id, type, leaf, salt, payload) values ($1, 'x', '', '', '{}')`, [studioId]);
  await expect(world.database.inStudio(b, () => forge(a.studioId))).rejects.toThrow('row-level security');
  await expect(world.database.inStudio(a, () => rows(`update audit_entry set payload = '{}'`))).rejects.toThrow('permission denied');
  await expect(world.database.inStudio(a, () => rows(`delete from audit_entry`))).rejects.toThrow('permission denied');
});
