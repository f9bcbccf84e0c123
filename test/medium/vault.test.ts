import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId, Refusal, rows, SEGMENT_BYTES, type Scope } from '#libs/platform';
import { makeWorld, type World } from '../support/studio.js';

let world: World;
let a: Scope;
let b: Scope;
beforeAll(async () => {
  world = await makeWorld();
  a = await world.studio('A');
  b = await world.studio('B');
});
afterAll(() => world.close());

async function decision(scope: Scope, scopeId: string, { outcome = 'permit', action = 'curate', validSeconds = 60, titleIds = [] as string[] } = {}): Promise<string> {
  const id = newId();
  await world.database.inStudio(scope, async () => {
    await rows(
      `insert into decision (id, studio_id, actor, action, scope_kind, scope_id, outcome, policies, request, request_sha256, state_sha256, trace, reason, sentence, valid_until, licences)
       values ($1, $2, 'test', $3, 'title', $4, $5, '[]', '{}', '', '', '[]', '{}', '', now() + $6 * interval '1 second', '{}')`,
      [id, scope.studioId, action, scopeId, outcome, validSeconds],
    );
    for (const titleId of titleIds) await rows(`insert into decision_target (decision_id, title_id, studio_id) values ($1, $2, $3)`, [id, titleId, scope.studioId]);
  });
  return id;
}

async function sealed(scope: Scope, bytes: Buffer, scopeId = newId()) {
  return world.vault.seal(scope, { kind: 'master', scopeId, contentType: 'video/mp4' }, Readable.from([bytes]));
}

async function read(scope: Scope, decisionId: string, objectId: string, start?: number, end?: number): Promise<Buffer> {
  const released = await world.vault.release(scope, decisionId, objectId);
  const parts: Buffer[] = [];
  for await (const part of world.vault.open(released, start, end)) parts.push(part);
  return Buffer.concat(parts);
}

describe('what is sealed opens as it was, whole and in ranges', () => {
  const bytes = randomBytes(2_700_001);
  test.each([[0, 1], [1_048_575, 1_048_577], [1_048_576, 2_097_152], [2_700_000, 2_700_001], [0, 2_700_001], [2_699_000, 2_900_000]])('bytes %i to %i', async (start, end) => {
    const object = await sealed(a, bytes);
    const got = await read(a, await decision(a, object.scopeId), object.id, start, end);
    expect(got.equals(bytes.subarray(start, end))).toBe(true);
  });
  test('an empty object', async () => {
    const object = await sealed(a, Buffer.alloc(0));
    expect((await read(a, await decision(a, object.scopeId), object.id)).length).toBe(0);
  });
  test('a size that is a whole number of segments', async () => {
    const whole = randomBytes(2 * SEGMENT_BYTES);
    const object = await sealed(a, whole);
    expect((await read(a, await decision(a, object.scopeId), object.id)).equals(whole)).toBe(true);
  });
});

describe('no key leaves without a decision that permits exactly this', () => {
  test.each([
    ['a decision that refuses', { outcome: 'refuse' }],
    ['a decision that is over', { validSeconds: -1 }],
    ['an action that does not open masters', { action: 'export' }],
  ])('%s', async (_name, options) => {
    const object = await sealed(a, Buffer.from('frames'));
    await expect(read(a, await decision(a, object.scopeId, options), object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
  });
  test('a decision about another title', async () => {
    const object = await sealed(a, Buffer.from('frames'));
    await expect(read(a, await decision(a, newId()), object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
  });
  test('a decision id that was made up', async () => {
    const object = await sealed(a, Buffer.from('frames'));
    await expect(read(a, newId(), object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
  });
  test("another studio's object answers as one that never was", async () => {
    const object = await sealed(a, Buffer.from('frames'));
    const foreign = await world.vault.release(b, await decision(b, object.scopeId), object.id).catch((error: Refusal) => error.reason);
    const absent = await world.vault.release(b, await decision(b, object.scopeId), newId()).catch((error: Refusal) => error.reason);
    expect(foreign).toEqual(absent);
    expect(foreign).toMatchObject({ code: 'NOT_FOUND' });
  });
  test("another studio's decision does not open one's own object", async () => {
    const object = await sealed(a, Buffer.from('frames'));
    await expect(read(a, await decision(b, object.scopeId), object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
  });
  test('a hold on the title, on the studio or on a title behind a derived thing', async () => {
    const titleId = newId();
    const object = await sealed(a, Buffer.from('frames'));
    const granted = await decision(a, object.scopeId, { titleIds: [titleId] });
    for (const [kind, held] of [['title', object.scopeId], ['studio', a.studioId], ['title', titleId]]) {
      const holdId = newId();
      await world.database.inStudio(a, () => rows(`insert into hold (id, studio_id, kind, subject, why) values ($1, $2, $3, $4, 'court order')`, [holdId, a.studioId, kind, held]));
      await expect(read(a, granted, object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
      await world.database.inStudio(a, () => rows(`update hold set lifted_at = now() where id = $1`, [holdId]));
    }
    expect((await read(a, granted, object.id)).toString()).toBe('frames');
  });
  test("the app's role cannot read a wrapped key, not even its own studio's", async () => {
    await sealed(a, Buffer.from('frames'));
    await expect(world.database.inStudio(a, () => rows(`select wrapped from sealed_key`))).rejects.toThrow(/permission denied/);
  });
});

test('every release is in the log before the key is out', async () => {
  const object = await sealed(a, Buffer.from('frames'));
  const decisionId = await decision(a, object.scopeId);
  await world.vault.release(a, decisionId, object.id);
  const found = await world.database.inStudio(a, () => rows<{ payload: { object: string } }>(`select payload from audit_entry where type = 'key.release' and payload->>'decision' = $1`, [decisionId]));
  expect(found.map((entry) => entry.payload.object)).toEqual([object.id]);
});

test('a changed byte, a swapped object and a cut-off end do not open', async () => {
  const { readFileSync, writeFileSync } = await import('node:fs');
  const { join } = await import('node:path');
  const object = await sealed(a, randomBytes(2_400_000));
  const path = join(world.folder, 'vault', object.storeKey);
  const whole = readFileSync(path);
  const decisionId = await decision(a, object.scopeId);
  const flipped = Buffer.from(whole);
  flipped[1_300_000]! ^= 1;
  const other = await sealed(a, randomBytes(2_400_000));
  const otherBytes = readFileSync(join(world.folder, 'vault', other.storeKey));
  for (const bytes of [flipped, otherBytes, whole.subarray(0, 32 + 2 * (SEGMENT_BYTES + 16))]) {
    writeFileSync(path, bytes);
    await expect(read(a, decisionId, object.id)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  }
});

test('a destroyed object is gone for every decision', async () => {
  const object = await sealed(a, Buffer.from('frames'));
  const granted = await decision(a, object.scopeId);
  await world.database.inStudio(a, () => world.vault.destroy(object.id));
  await expect(world.vault.release(a, granted, object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
});
