import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { newId, Refusal, relayEvents, rows } from '#libs/platform';
import { type Decision, type Duty, type Question, Rights } from '#libs/rights';
import { type Api, makeApi } from '../support/api.js';
import { policyOf, sign } from '../support/films.js';

jest.setTimeout(60_000);

let api: Api;
let rights: Rights;
let scope: { studioId: string; memberId: string };
/** The moment that the licences are asked at; tests move it. */
let now = (): Date => new Date();
beforeAll(async () => {
  api = await makeApi();
  rights = new Rights({ ...api.world, clock: () => now() });
});
afterAll(() => api.close());
beforeEach(async () => {
  now = () => new Date();
  scope = await api.world.studio('Owing');
});

const sql = <T extends object>(text: string, parameters: unknown[] = []): Promise<T[]> => api.world.database.inStudio(scope, () => rows<T>(text, parameters));
const code = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'no refusal', (error: unknown) => (error instanceof Refusal ? error.code : error));
const ledger = async (filter: Parameters<Rights['duties']['page']>[2] = {}): Promise<Duty[]> => (await rights.duties.page(scope, { first: 100 }, filter)).items;

/** A title under a signed licence with these rules. */
async function under(rules: Record<string, unknown>): Promise<{ titleId: string; licenceId: string }> {
  const { permission: _, ...head } = policyOf([], `urn:uuid:${newId()}`);
  const { id } = await rights.licences.draft(scope, { name: 'Licence', licensor: 'Licensor', source: { policy: { ...head, 'backlot:timeZone': 'Europe/Berlin', assignee: `urn:uuid:${scope.studioId}`, ...rules } } });
  await sign(rights, scope, id);
  const titleId = newId();
  await sql(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [titleId, scope.studioId]);
  await rights.licences.attach(scope, titleId, [id]);
  return { titleId, licenceId: id };
}

const ask = ({ titleId }: { titleId: string }, action: string, use: Question['use'] = newId()): Promise<Decision> => rights.decide(scope, { action, scopeKind: 'title', scopeId: titleId, titleIds: [titleId], use, actor: 'Member' });
const post = { 'backlot:phase': { '@id': 'backlot:post' } };
const evidence = { text: 'Signed by the performer on 3 March', sha256: 'a'.repeat(64), url: 'https://example.test/consent.pdf' };

describe('what a licence waits for', () => {
  const consent = { permission: [{ uid: '#p1', 'backlot:clause': '3.1', action: 'backlot:generate', duty: [{ uid: '#consent', action: 'obtainConsent' }] }] };

  test('a consent that is recorded as fulfilled opens the permission; until then it is one row, however often it is asked', async () => {
    const film = await under(consent);
    for (let i = 0; i < 5; i++) expect((await ask(film, 'generate')).permitted).toBe(false);
    const [waiting, ...others] = await ledger();
    expect(others).toEqual([]);
    expect(waiting).toMatchObject({ action: 'odrl:obtainConsent', phase: 'pre', state: 'due', licenceId: film.licenceId, duty: expect.stringMatching(/#consent$/), dueAt: null });
    expect(await rights.duties.fulfil(scope, waiting!.id, evidence)).toMatchObject({ state: 'fulfilled', fulfilledBy: scope.memberId, evidence: evidence.text, evidenceSha256: evidence.sha256, evidenceUrl: evidence.url });
    expect((await ask(film, 'generate')).permitted).toBe(true);
    expect(await code(rights.duties.fulfil(scope, waiting!.id, evidence))).toBe('DUTY_ENDED');
    expect(await code(rights.duties.waive(scope, waiting!.id, 'why not'))).toBe('DUTY_ENDED');
    const entries = await sql<{ payload: unknown }>(`select payload from audit_entry where type = 'duty' order by id`);
    expect(entries.map(({ payload }) => payload)).toMatchObject([{ duty: waiting!.id, state: 'fulfilled', evidence: evidence.text, sha256: evidence.sha256, member: scope.memberId }]);
  });

  test('a waiver opens it as well, and says by whom and why', async () => {
    const film = await under(consent);
    await ask(film, 'generate', null);
    const [waiting] = await ledger({ state: 'due' });
    expect(await rights.duties.waive(scope, waiting!.id, 'The estate has none to give')).toMatchObject({ state: 'waived', waivedBy: scope.memberId, waivedWhy: 'The estate has none to give' });
    expect((await ask(film, 'generate')).permitted).toBe(true);
  });

  test('one licence\'s consent does not open another\'s', async () => {
    const [one, other] = [await under(consent), await under(consent)];
    await ask(one, 'generate');
    await rights.duties.fulfil(scope, (await ledger())[0]!.id, evidence);
    expect([(await ask(one, 'generate')).permitted, (await ask(other, 'generate')).permitted]).toEqual([true, false]);
  });

  test('the refusal and what it waits for stay, though the work around it is undone', async () => {
    const film = await under(consent);
    await expect(api.world.database.inStudio(scope, async () => rights.requirePermit(scope, { action: 'generate', scopeKind: 'title', scopeId: film.titleId, titleIds: [film.titleId], actor: 'Member' }))).rejects.toThrow();
    expect(await ledger()).toHaveLength(1);
  });

  test.each([[{ text: ' ' }], [{ text: 'x', sha256: 'xyz' }], [{ text: 'x', url: 'no address' }]])('evidence %j is refused', async (wrong) => {
    const film = await under(consent);
    await ask(film, 'generate');
    expect(await code(rights.duties.fulfil(scope, (await ledger())[0]!.id, wrong))).toBe('BAD_EVIDENCE');
    expect((await ledger())[0]!.state).toBe('due');
  });
});

test('a payment that comes first has a deadline where the licence gives one', async () => {
  const film = await under({ permission: [{ uid: '#p1', action: 'backlot:export', duty: [{ uid: '#pay', action: 'compensate', 'backlot:deadline': 'P14D' }] }] });
  now = () => new Date('2026-06-01T10:00:00Z');
  for (let i = 0; i < 3; i++) await ask(film, 'export');
  expect(await ledger()).toMatchObject([{ phase: 'pre', period: 'P14D', dueAt: new Date('2026-06-15T10:00:00Z') }]);
});

describe('what follows from a use', () => {
  const payment = { permission: [{ uid: '#p1', action: ['backlot:export', 'backlot:fineTune'], duty: [{ uid: '#pay', 'backlot:clause': '5', action: 'compensate', ...post, 'backlot:deadline': 'P1M' }] }] };

  test('is owed once a use, by the calendar of the licence', async () => {
    const film = await under(payment);
    now = () => new Date('2026-01-31T22:30:00Z'); // 23:30 in Berlin
    const use = newId();
    for (let i = 0; i < 10; i++) await ask(film, 'export', use);
    await ask(film, 'export', null);
    expect(await ledger()).toMatchObject([{ action: 'odrl:compensate', clause: '5', phase: 'post', period: 'P1M', number: 1, dueAt: new Date('2026-02-28T22:30:00Z') }]);
    now = () => new Date('2026-03-31T10:00:00Z'); // 12:00 in Berlin, summer time
    await ask(film, 'export');
    expect((await ledger()).map(({ dueAt }) => dueAt!.toISOString())).toEqual(['2026-02-28T22:30:00.000Z', '2026-04-30T10:00:00.000Z']);
  });

  test('is not owed by what is refused, nor by a mere question', async () => {
    const film = await under(payment);
    await ask(film, 'generate');
    await ask(film, 'export', null);
    expect(await ledger()).toEqual([]);
  });

  test('two hundred looks at the same thing are one row', async () => {
    const film = await under({ permission: [{ uid: '#p1', action: 'backlot:curate', duty: [{ uid: '#tell', action: 'inform', ...post, 'backlot:deadline': 'P30D' }] }] });
    const question: Question = { action: 'curate', scopeKind: 'title', scopeId: film.titleId, titleIds: [film.titleId], actor: 'Member' };
    await Promise.all(Array.from({ length: 20 }, async () => rights.decide(scope, question)));
    for (let i = 0; i < 180; i++) await rights.permitFor(scope, question);
    expect(await ledger()).toHaveLength(1);
    // Nor are they two hundred decisions.
    expect((await sql(`select from decision where scope_id = $1`, [film.titleId])).length).toBe(20);
  });

  test('a trigger that has not happened gives no deadline; when it happens, the period runs', async () => {
    const film = await under({ permission: [{ uid: '#p1', action: ['backlot:curate', 'backlot:fineTune'] }], obligation: [{ uid: '#o1', action: 'inform', 'backlot:trigger': { '@id': 'backlot:onFirstTrain' }, 'backlot:deadline': 'P10D' }] });
    await ask(film, 'curate');
    expect(await ledger()).toMatchObject([{ trigger: 'onFirstTrain', dueAt: null, state: 'due' }]);
    now = () => new Date('2026-05-01T12:00:00Z');
    await ask(film, 'fineTune');
    now = () => new Date('2026-06-01T12:00:00Z');
    await ask(film, 'fineTune');
    expect((await ledger()).map(({ dueAt }) => dueAt?.toISOString())).toEqual(['2026-05-11T12:00:00.000Z']);
  });

  test.each<[string, boolean]>([['onWithdrawal', true], ['onTermination', true], ['onExpiry', false]])('%s runs from the withdrawal: %s', async (trigger, runs) => {
    const film = await under({ permission: [{ uid: '#p1', action: 'backlot:curate' }], obligation: [{ uid: '#o1', action: 'delete', 'backlot:trigger': { '@id': `backlot:${trigger}` }, 'backlot:deadline': 'P30D' }] });
    await ask(film, 'curate');
    await rights.duties.startEnded(scope);
    expect(await ledger()).toMatchObject([{ trigger, dueAt: null }]);
    await rights.licences.withdraw(scope, film.licenceId, 'It is over');
    const [licence] = await sql<{ withdrawn_at: Date }>(`select withdrawn_at from licence where id = $1`, [film.licenceId]);
    for (let i = 0; i < 2; i++) await rights.duties.startEnded(scope);
    const days = runs ? ((await ledger())[0]!.dueAt!.getTime() - licence!.withdrawn_at.getTime()) / 86_400_000 : null;
    // A night of 23 or 25 hours may lie between.
    if (runs) expect(Math.abs(days! - 30)).toBeLessThan(0.05);
    else expect((await ledger())[0]!.dueAt).toBeNull();
  });

  test('what repeats is owed again when it was done, at the end of each month from the first', async () => {
    const film = await under({ permission: [{ uid: '#p1', action: 'backlot:curate' }], obligation: [{ uid: '#o1', action: 'inform', 'backlot:interval': 'P1M' }] });
    now = () => new Date('2027-12-31T11:00:00Z');
    await ask(film, 'curate');
    await ask(film, 'curate');
    const due: string[] = [];
    for (let number = 1; number <= 4; number++) {
      const [owed, ...others] = await ledger({ state: 'due' });
      expect([owed!.number, others]).toEqual([number, []]);
      due.push(owed!.dueAt!.toISOString());
      await rights.duties.fulfil(scope, owed!.id, { text: `Report ${number}` });
    }
    // In Berlin it stays noon, summer and winter.
    expect(due).toEqual(['2028-01-31T11:00:00.000Z', '2028-02-29T11:00:00.000Z', '2028-03-31T10:00:00.000Z', '2028-04-30T10:00:00.000Z']);
  });
});

describe('late duties', () => {
  const rules = { permission: [{ uid: '#p1', action: 'backlot:export', duty: [{ uid: '#pay', action: 'compensate', ...post, 'backlot:deadline': 'P5D' }] }], obligation: [{ uid: '#o1', action: 'inform', 'backlot:interval': 'P7D' }] };
  const ago = (days: number) => (): Date => new Date(Date.now() - days * 86_400_000);
  const told = async (): Promise<string[]> => (await sql<{ id: string }>(`select payload->>'dutyId' as id from outbox where type = 'duty.late'`)).map(({ id }) => id);

  test('are listed and told of once, whoever looks and however often', async () => {
    const film = await under(rules);
    now = ago(10);
    await ask(film, 'export');
    now = ago(4);
    await ask(film, 'export');
    now = () => new Date();
    await Promise.all([rights.duties.tellLate(), rights.duties.tellLate(), rights.duties.tellLate()]);
    await rights.duties.tellLate();
    const late = await ledger({ state: 'late' });
    expect(late.map(({ action }) => action).sort()).toEqual(['odrl:compensate', 'odrl:inform']);
    expect((await told()).sort()).toEqual(late.map(({ id }) => id).sort());
    expect(await rights.duties.count(scope, { state: 'late' })).toBe(2);
    // The report of the second week is owed beside that of the first.
    expect((await ledger({ state: 'due' })).map(({ action, number }) => [action, number]).sort()).toEqual([['odrl:compensate', 1], ['odrl:inform', 2]]);
    const done = await rights.duties.fulfil(scope, late[0]!.id, { text: 'Paid' });
    expect(done.state).toBe('fulfilled');
    await rights.duties.tellLate();
    expect(await told()).toHaveLength(2);
    const handled: string[] = [];
    await relayEvents(api.world.database, { test: { 'duty.late': async ({ studioId, payload }) => void (studioId === scope.studioId && handled.push(String(payload.dutyId))) } });
    expect(handled.sort()).toEqual(late.map(({ id }) => id).sort());
  });

  test('what was done or waived before its deadline is never late', async () => {
    const film = await under({ permission: rules.permission });
    now = ago(10);
    await ask(film, 'export');
    await ask(film, 'export');
    const [one, two] = await ledger();
    await rights.duties.fulfil(scope, one!.id, { text: 'Paid' });
    await rights.duties.waive(scope, two!.id, 'The licensor has let it go');
    await rights.duties.tellLate();
    expect([await told(), await ledger({ state: 'late' })]).toEqual([[], []]);
  });
});

describe('over GraphQL', () => {
  test('the ledger comes in pages by deadline, by state and by licence; who fulfils and waives is shown', async () => {
    scope = api.a.scope;
    const film = await under({ permission: [{ uid: '#p1', action: 'backlot:export', duty: [{ uid: '#pay', action: 'compensate', ...post, 'backlot:deadline': 'P5D' }] }, { uid: '#p2', action: 'backlot:generate', duty: [{ uid: '#consent', action: 'obtainConsent' }] }] });
    await ask(film, 'generate');
    for (const days of [1, 3, 2]) {
      now = () => new Date(Date.now() + days * 86_400_000);
      await ask(film, 'export');
    }
    type Page = { nodes: { id: string; action: string; dueAt: string | null }[]; pageInfo: { endCursor: string; hasNextPage: boolean }; totalCount: number };
    const page = async (variables: Record<string, unknown>): Promise<Page> =>
      (await api.a.as.editor.graphql(`query ($after: String, $state: DutyState, $licence: ID) { duties(first: 3, after: $after, state: $state, licenceId: $licence) { nodes { id action dueAt state licence { id } decision { id } } pageInfo { endCursor hasNextPage } totalCount } }`, variables)).data!.duties as never;
    const first = await page({ licence: film.licenceId });
    const second = await page({ licence: film.licenceId, after: first.pageInfo.endCursor });
    expect([first.totalCount, first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([4, true, false]);
    const dates = first.nodes.map(({ dueAt }) => dueAt!);
    expect(dates).toEqual(dates.toSorted());
    expect(second.nodes.map(({ action, dueAt }) => [action, dueAt])).toEqual([['odrl:obtainConsent', null]]);
    const fulfilled = await api.a.as.archivist.graphql(`mutation ($id: ID!) { fulfilDuty(id: $id, evidence: { text: "Invoice 17" }) { ... on Duty { state fulfilledBy evidence phase } ... on Refused { code } } }`, { id: first.nodes[0]!.id });
    expect(fulfilled.data!.fulfilDuty).toEqual({ state: 'FULFILLED', fulfilledBy: 'archivist of Aurora', evidence: 'Invoice 17', phase: 'POST' });
    const refused = await api.a.as.archivist.graphql(`mutation ($id: ID!) { waiveDuty(id: $id, why: "x") { ... on Refused { code } } }`, { id: first.nodes[1]!.id });
    expect(refused.data!.waiveDuty).toEqual({ code: 'FORBIDDEN' });
    const waived = await api.a.as.compliance.graphql(`mutation ($id: ID!) { waiveDuty(id: $id, why: "A gift") { ... on Duty { state waivedBy waivedWhy } } }`, { id: first.nodes[1]!.id });
    expect(waived.data!.waiveDuty).toEqual({ state: 'WAIVED', waivedBy: 'compliance of Aurora', waivedWhy: 'A gift' });
    for (const [state, count] of [['FULFILLED', 1], ['WAIVED', 1], ['DUE', 2], ['LATE', 0]]) expect([state, (await page({ licence: film.licenceId, state })).totalCount]).toEqual([state, count]);
    const theirs = await api.b.as.admin.graphql(`{ duties(first: 10) { nodes { id } totalCount } }`);
    expect(theirs.data!.duties).toEqual({ nodes: [], totalCount: 0 });
  });
});
