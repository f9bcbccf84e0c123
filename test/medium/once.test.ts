import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId, once, rows, type Scope } from '#libs/platform';
import { makeWorld, type World } from '../support/studio.js';

let world: World;
let scope: Scope;
beforeAll(async () => {
  world = await makeWorld();
  scope = await world.studio();
});
afterAll(() => world.close());

const work = (name: string) => async () => {
  await rows(`insert into outbox (studio_id, type, payload) values ($1, $2, '{}')`, [scope.studioId, name]);
  return { id: newId(), at: new Date() };
};
const done = (name: string) => world.database.inStudio(scope, async () => (await rows(`select from outbox where type = $1`, [name])).length);

test('a request that comes again, also at the same moment, is done once and gets the same answer', async () => {
  const key = newId();
  const answers = await Promise.all([1, 2, 3].map(() => once(world.database, scope, key, work('same'))));
  answers.push(await once(world.database, scope, key, work('same')));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(answers[3]!.at.getTime()).toBe(answers[0]!.at.getTime());
  expect(await done('same')).toBe(1);
});

test('work that failed is not remembered', async () => {
  const key = newId();
  await expect(once(world.database, scope, key, () => work('failed')().then(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
  await once(world.database, scope, key, work('failed'));
  expect(await done('failed')).toBe(1);
});

test("another member's key of the same name is another request", async () => {
  const other = await world.studio('Other');
  const key = newId();
  const [mine, theirs] = [await once(world.database, scope, key, () => Promise.resolve('mine')), await once(world.database, other, key, () => Promise.resolve('theirs'))];
  expect([mine, theirs]).toEqual(['mine', 'theirs']);
});
