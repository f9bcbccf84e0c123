/** Ids that two licences share, texts that were read under another day, and terms that end while a permit is in hand. */
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { newId, type Refusal, rows } from '#libs/platform';
import { type Question, Rights } from '#libs/rights';
import { policyOf, sign } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

jest.setTimeout(60_000);

let world: World;
let rights: Rights;
let scope: { studioId: string; memberId: string };
beforeAll(async () => {
  world = await makeWorld();
  rights = new Rights(world);
});
afterAll(() => world.close());
beforeEach(async () => {
  scope = await world.studio('Copied');
});

const documentOf = (rules: Record<string, unknown>[], uid: string): Record<string, unknown> => {
  const { permission: _, ...policy } = policyOf([], uid);
  return { ...policy, assignee: `urn:uuid:${scope.studioId}`, permission: rules };
};

async function signed(rules: Record<string, unknown>[]): Promise<{ id: string; uid: string }> {
  const uid = `urn:uuid:${newId()}`;
  const { id } = await rights.licences.draft(scope, { name: 'Licence', licensor: 'Licensor', source: { policy: documentOf(rules, uid) } });
  await sign(rights, scope, id);
  return { id, uid };
}

async function title(...licenceIds: string[]): Promise<string> {
  const id = newId();
  await rights.licences.attach(scope, id, licenceIds);
  return id;
}

const decide = (titleIds: string[], use: Question['use'] = newId()): ReturnType<Rights['decide']> => rights.decide(scope, { action: 'generate', scopeKind: 'catalogue', scopeId: scope.studioId, titleIds, use, actor: 'Member' });
const atMost = (count: number): object => ({ leftOperand: 'count', operator: 'lteq', rightOperand: { '@value': String(count), '@type': 'xsd:integer' } });

test('a rule that two licences call by one id is counted for each: the fuller one stops', async () => {
  const rule = (count: number): Record<string, unknown> => ({ uid: 'urn:example:contract#p1', action: 'backlot:generate', constraint: [atMost(count)] });
  const [full, empty] = [await signed([rule(1)]), await signed([rule(5)])];
  const [first, second] = [await title(full.id), await title(empty.id)];
  expect((await decide([first])).permitted).toBe(true);
  expect((await decide([first])).permitted).toBe(false);
  for (const both of [[first, second], [second, first]]) expect((await decide(both)).permitted).toBe(false);
});

test('a duty that two licences call by one id is done for neither until it is done for each', async () => {
  const rule = { action: 'backlot:generate', duty: [{ uid: 'urn:example:contract#d1', action: 'obtainConsent' }] };
  const licences = [await signed([rule]), await signed([rule])];
  const films = [await title(licences[0]!.id), await title(licences[1]!.id)];
  const fulfil = async (licenceId: string): Promise<void> => {
    const { items } = await rights.duties.page(scope, { first: 10 }, { licenceId, state: 'due' });
    for (const duty of items) await rights.duties.fulfil(scope, duty.id, { text: 'Signed by the licensor.' });
  };
  expect((await decide(films)).permitted).toBe(false);
  await fulfil(licences[0]!.id);
  expect((await decide([films[0]!])).permitted).toBe(true);
  expect((await decide(films)).permitted).toBe(false);
  await fulfil(licences[1]!.id);
  expect((await decide(films)).permitted).toBe(true);
});

test('a duty that is begun for one licence only is not done for another that has the same id', async () => {
  const rule = { action: 'backlot:generate', duty: [{ uid: 'urn:example:contract#d1', action: 'obtainConsent' }] };
  const [first, second] = [await signed([rule]), await signed([rule])];
  const film = await title(first.id);
  await decide([film]);
  const { items } = await rights.duties.page(scope, { first: 10 }, { licenceId: first.id, state: 'due' });
  await rights.duties.fulfil(scope, items[0]!.id, { text: 'Signed by the licensor.' });
  expect((await decide([film])).permitted).toBe(true);
  expect((await decide([film, await title(second.id)])).permitted).toBe(false);
});

test('a signature is for the day that was read as well: who moves it makes another draft', async () => {
  const member = async (role: string): Promise<{ studioId: string; memberId: string }> => {
    const memberId = newId();
    await world.database.inStudio(scope, () => rows(`insert into member (id, studio_id, email, name, roles, password_hash) values ($1, $2, $3, $4, array[$4], 'nobody signs in')`, [memberId, scope.studioId, `${memberId}@example.test`, role]));
    return { studioId: scope.studioId, memberId };
  };
  const [archivist, officer] = [await member('archivist'), await member('compliance')];
  const { id, uid } = await signed([{ uid: '#p1', action: 'backlot:generate', constraint: [atMost(1)] }]);
  const policy = documentOf([{ uid: '#p1', action: 'backlot:generate', constraint: [atMost(9)] }], uid);
  const inAYear = new Date(Date.now() + 365 * 86_400_000);
  const { version, sha256 } = await rights.licences.amend(archivist, id, { source: { policy }, loosens: ['#p1'], effectiveFrom: inAYear, why: 'More, next year.' });
  await rights.licences.sign(officer, id, version, sha256);
  const code = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'done', (error: unknown) => (error as Refusal).code);
  const revise = (rule: object, effectiveFrom: Date | null): Promise<unknown> => code(rights.licences.revise(archivist, id, version, { source: { policy: documentOf([rule as Record<string, unknown>], uid) }, loosens: ['#p1'], effectiveFrom, why: 'Sooner.' }));
  expect(await revise({ uid: '#p1', action: 'backlot:generate', constraint: [atMost(9)] }, null)).toBe('SIGNED_TEXT');
  // Nor by way of another text and back.
  expect(await revise({ uid: '#p1', action: 'backlot:generate', constraint: [atMost(8)] }, null)).toBe('done');
  expect(await revise({ uid: '#p1', action: 'backlot:generate', constraint: [atMost(9)] }, null)).toBe('SIGNED_TEXT');
});

test('a permit ends when a time in its licences comes', async () => {
  const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000);
  const end = { leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': soon.toISOString(), '@type': 'xsd:dateTime' } };
  const parent = await signed([{ action: 'backlot:generate', constraint: [end] }]);
  const child = await (async () => {
    const uid = `urn:uuid:${newId()}`;
    const { id } = await rights.licences.draft(scope, { name: 'Child', licensor: 'Licensor', source: { policy: { ...documentOf([{ action: 'backlot:generate' }], uid), inheritFrom: [parent.uid] } } });
    await sign(rights, scope, id);
    return id;
  })();
  const endless = await signed([{ action: 'backlot:generate' }]);
  for (const licenceId of [parent.id, child]) expect((await decide([await title(licenceId)])).validUntil).toEqual(soon);
  expect((await decide([await title(endless.id)])).validUntil.getTime()).toBeGreaterThan(soon.getTime());
});
