import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { newId, Refusal, rows, type Scope } from '#libs/platform';
import { canonicalSha256, type Licence, type Question, Rights } from '#libs/rights';
import { policyOf, sign } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

type Member = Scope & { memberId: string };
type Policy = Record<string, unknown>;

let world: World;
let rights: Rights;
let a: Member;
let b: Member;
let archivist: Member;
let officer: Member;
beforeAll(async () => {
  world = await makeWorld();
  rights = new Rights(world);
  a = await world.studio('A');
  b = await world.studio('B');
  archivist = await member(a, 'archivist');
  officer = await member(a, 'compliance');
}, 60_000);
afterAll(() => world.close());

async function member({ studioId }: Scope, role: string): Promise<Member> {
  const memberId = newId();
  await world.database.inStudio({ studioId }, () => rows(`insert into member (id, studio_id, email, name, roles, password_hash) values ($1, $2, $3, $4, array[$4], 'nobody signs in')`, [memberId, studioId, `${memberId}@example.test`, role]));
  return { studioId, memberId };
}

const until = (day: string): object => ({ leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': `${day}T00:00:00Z`, '@type': 'xsd:dateTime' } });
const policy = (actions: string[], { uid = `urn:uuid:${newId()}`, constraint = [] as object[] } = {}): Policy => {
  const made = policyOf(actions, uid) as { permission: object[] } & Policy;
  return { ...made, assignee: `urn:uuid:${a.studioId}`, permission: [{ ...made.permission[0], constraint }] };
};
const draft = (of: Policy = policy(['ingest', 'curate']), scope: Scope = archivist): Promise<Licence> => rights.licences.draft(scope, { name: 'A licence', licensor: 'A licensor', source: { policy: of } });
const signBy = (who: Member, licence: Licence, version = licence.version, sha256 = licence.sha256): Promise<Licence> => rights.licences.sign(who, licence.id, version, sha256);
const signed = async (of?: Policy): Promise<Licence> => {
  const licence = await draft(of);
  await signBy(archivist, licence);
  return signBy(officer, licence);
};
const titleUnder = async (...licences: Licence[]): Promise<string> => {
  const titleId = newId();
  await rights.licences.attach(a, titleId, licences.map(({ id }) => id));
  return titleId;
};
const ask = async (titleId: string, action = 'curate'): Promise<string> => {
  const { permitted, sentence } = await rights.decide(a, { action, scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'test' });
  return permitted ? 'permitted' : sentence;
};
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => {
      if ((error as Refusal).name !== 'Refusal' && (error as Error).name !== 'LicenceRefused') throw error;
      return (error as Refusal).code;
    },
  );

describe('a licence decides once two members signed its text, one of them a compliance officer', () => {
  test('a draft permits nothing, whoever put a title under it, and whatever another licence permits', async () => {
    const licence = await draft();
    expect([licence.state, licence.decides]).toEqual(['draft', false]);
    expect(await ask(await titleUnder(licence))).toContain('is a draft that is not signed');
    expect(await ask(await titleUnder(licence, await signed()))).toContain('is a draft that is not signed');
  });

  test('the author alone does not sign it, not twice either', async () => {
    const licence = await draft();
    expect((await signBy(archivist, licence)).state).toBe('draft');
    expect(await codeOf(signBy(archivist, licence))).toBe('SIGNED_TWICE');
    expect(await ask(await titleUnder(licence))).toContain('not signed');
  });

  test('two who are no compliance officers do not; the draft then waits for an officer alone', async () => {
    const licence = await draft();
    const version = await rights.licences.version(a, licence.id, 1);
    expect((await rights.licences.awaits(a, version)).includes(archivist.memberId)).toBe(true);
    await signBy(archivist, licence);
    expect((await signBy(a, licence)).state).toBe('draft');
    const waits = await rights.licences.awaits(a, version);
    expect([waits.includes(officer.memberId), waits.includes(archivist.memberId), waits.includes(a.memberId)]).toEqual([true, false, false]);
    expect((await signBy(officer, licence)).state).toBe('active');
    expect(await rights.licences.awaits(a, await rights.licences.version(a, licence.id, 1))).toEqual([]);
  });

  test('the author and an officer do, and then it decides', async () => {
    const licence = await signed();
    expect([licence.state, licence.decides, licence.version]).toEqual(['active', true, 1]);
    const titleId = await titleUnder(licence);
    expect(await ask(titleId)).toBe('permitted');
    expect(await ask(titleId, 'fineTune')).not.toBe('permitted');
    expect(await codeOf(signBy(a, licence))).toBe('ALREADY_SIGNED');
  });

  test('a signature is for the text that was read: after a correction it takes both again', async () => {
    const licence = await draft();
    await signBy(archivist, licence);
    const revised = await rights.licences.revise(archivist, licence.id, 1, { source: { policy: policy(['ingest'], { uid: licence.uid }) }, why: 'Curating was a mistake.' });
    expect(revised.sha256).not.toBe(licence.sha256);
    expect(await codeOf(signBy(officer, licence))).toBe('DRAFT_CHANGED');
    expect((await signBy(officer, licence, 1, revised.sha256)).state).toBe('draft');
    expect((await signBy(archivist, licence, 1, revised.sha256)).state).toBe('active');
    expect(await codeOf(rights.licences.revise(archivist, licence.id, 1, { source: { policy: policy(['curate'], { uid: licence.uid }) }, why: 'Too late.' }))).toBe('ALREADY_SIGNED');
  });

  test('signatures that race: one of the same member counts, and two of different members sign it once', async () => {
    const licence = await draft();
    const same = await Promise.all([1, 2, 3].map(() => codeOf(signBy(archivist, licence))));
    expect(same.sort()).toEqual(['SIGNED_TWICE', 'SIGNED_TWICE', 'done']);
    const others = await Promise.all([codeOf(signBy(officer, licence)), codeOf(signBy(a, licence))]);
    expect(others).toContain('done');
    expect((await rights.licences.find(a, licence.id)).state).toBe('active');
    const events = (await rights.licences.events(a, licence.id, { first: 100 })).items;
    expect(events.filter(({ event }) => event === 'signed')).toHaveLength(1);
  });

  test('a correction that races a signature: never is a text signed that only one of two has read', async () => {
    const licence = await draft();
    await signBy(archivist, licence);
    const [corrected] = await Promise.all([codeOf(rights.licences.revise(archivist, licence.id, 1, { source: { policy: policy(['export'], { uid: licence.uid }) }, why: 'More.' })), codeOf(signBy(officer, licence))]);
    const now = await rights.licences.find(a, licence.id);
    expect([now.state, now.sha256 === licence.sha256]).toEqual(corrected === 'done' ? ['draft', false] : ['active', true]);
  });

  test('a member who was disabled signs nothing', async () => {
    const gone = await member(a, 'compliance');
    await world.database.inStudio(a, () => rows(`update member set disabled_at = now() where id = $1`, [gone.memberId]));
    const licence = await draft();
    await signBy(archivist, licence);
    expect(await codeOf(signBy(gone, licence))).not.toBe('done');
    expect((await rights.licences.find(a, licence.id)).state).toBe('draft');
  });
});

describe('what a draft may be', () => {
  test.each([
    ['a policy that names no profile', () => ({ ...policy(['curate']), profile: undefined }), 'INVALID_POLICY'],
    ['a policy with an unknown action', () => policy(['fly']), 'INVALID_POLICY'],
    ['no policy', () => 'nothing' as unknown as Policy, 'INVALID_POLICY'],
    ['a policy that inherits from nothing that is known', () => ({ ...policy(['curate']), inheritFrom: 'urn:example:nowhere' }), 'INVALID_POLICY'],
  ])('%s is refused', async (_what, make, code) => expect(await codeOf(draft(make()))).toBe(code));

  test('another licence of the studio with its id is refused, one of another studio is not', async () => {
    const taken = policy(['curate']);
    await draft(taken);
    expect(await codeOf(draft(taken))).toBe('UID_TAKEN');
    expect(await codeOf(draft(taken, b))).toBe('done');
  });

  test('the term is read from the policy', async () => {
    const licence = await signed(policy(['curate'], { constraint: [until('2031-05-01')] }));
    expect([licence.begins, licence.ends?.toISOString()]).toEqual([null, '2031-05-01T00:00:00.000Z']);
    expect((await signed(policy(['curate'], { constraint: [until('2020-05-01')] }))).state).toBe('expired');
  });

  test('Turtle is read, kept as JSON-LD, and its hash is that of what is kept', async () => {
    const uid = `urn:uuid:${newId()}`;
    const text = `@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix backlot: <urn:backlot:profile:> .
      <${uid}> a odrl:Agreement ; odrl:profile <urn:backlot:profile:> ; odrl:permission [ odrl:action backlot:curate ; odrl:target <${uid}#titles> ; odrl:assignee <urn:uuid:${a.studioId}> ; odrl:assigner <urn:example:licensor> ] .`;
    const licence = await rights.licences.draft(archivist, { name: 'Turtle', licensor: 'L', source: { text } });
    expect([licence.uid, licence.sha256]).toEqual([uid, canonicalSha256(licence.policy)]);
    await sign(rights, a, licence.id);
    expect(await ask(await titleUnder(await rights.licences.find(a, licence.id)))).toBe('permitted');
    expect(await codeOf(rights.licences.draft(archivist, { name: 'Turtle', licensor: 'L', source: { text: `${text} nonsense` } }))).toBe('INVALID_POLICY');
  });

  test('a template with its values is a licence of the studio, in the words of the contract; another version keeps its id', async () => {
    const licence = await rights.licences.draft(archivist, { name: 'Template', licensor: 'L', source: { template: 'fine-tune', parameters: { until: '2031-12-31' } } });
    expect(licence).toMatchObject({ ends: new Date('2032-01-01T00:00:00Z'), template: { template: 'fine-tune', parameters: { until: '2031-12-31', licensee: `urn:uuid:${a.studioId}` } } });
    const { sections } = await rights.licences.prose(a, licence);
    expect(sections.find(({ clause }) => clause === '4.2')).toMatchObject({ heading: 'Fine-tuning', prose: expect.stringContaining('2031'), sentences: [expect.objectContaining({ rule: `${licence.uid}#p2` })] });
    await sign(rights, a, licence.id);
    expect(await ask(await titleUnder(await rights.licences.find(a, licence.id)), 'fineTune')).toBe('permitted');
    const shorter = await rights.licences.amend(archivist, licence.id, { source: { template: 'fine-tune', parameters: { until: '2030-12-31' } }, why: 'A year less.' });
    expect(shorter).toMatchObject({ kind: 'tightening', version: 2 });
    for (const [source, code] of [[{ template: 'no-such', parameters: {} }, 'UNKNOWN_TEMPLATE'], [{ template: '../samples/ended', parameters: {} }, 'UNKNOWN_TEMPLATE'], [{ template: 'fine-tune', parameters: { until: 'soon' } }, 'INVALID_POLICY'], [{ template: 'fine-tune', parameters: { colour: 'red' } }, 'INVALID_POLICY']] as const) {
      expect({ source, code: await codeOf(rights.licences.draft(archivist, { name: 'x', licensor: 'L', source })) }).toEqual({ source, code });
    }
    expect((await rights.licences.templates()).map(({ name }) => name)).toContain('guild-consent');
  });

  test('the same policy as text is the same licence', async () => {
    const document = policy(['curate']);
    const licence = await rights.licences.draft(b, { name: 'Text', licensor: 'L', source: { text: JSON.stringify(document, null, 2) } });
    expect(licence.sha256).toBe((await draft(document)).sha256);
  });
});

describe('an amendment', () => {
  const next = (licence: Licence, of: Policy, loosens: string[] = []): ReturnType<typeof rights.licences.amend> => rights.licences.amend(archivist, licence.id, { source: { policy: of }, loosens, why: 'Agreed by letter.' });
  const limited = (licence: { uid: string }, day: string): Policy => policy(['ingest', 'curate'], { uid: licence.uid, constraint: [until(day)] });

  test('that allows more is refused unless it names the rule, by its id or its clause', async () => {
    const licence = await signed(limited({ uid: `urn:uuid:${newId()}` }, '2031-01-01'));
    const refusal = await next(licence, limited(licence, '2032-01-01')).catch((error: Refusal) => error.reason);
    expect(refusal).toMatchObject({ code: 'LOOSENS', message: expect.stringContaining('2032'), wayOut: expect.stringContaining('clause 1') });
    expect(await codeOf(next(licence, limited(licence, '2032-01-01'), ['#x9']))).toBe('LOOSENS');
    const drafted = await next(licence, limited(licence, '2032-01-01'), ['#p1']);
    expect(drafted).toMatchObject({ version: 2, kind: 'amendment', state: 'draft', loosens: [`${licence.uid}#p1`] });
    expect(drafted.changes.map(({ effect }) => effect)).toContain('loosens');
    expect(await codeOf(next(licence, limited(licence, '2033-01-01'), ['1']))).toBe('DRAFT_IN_HAND');
    await rights.licences.discard(archivist, licence.id, 2, 'Another one was meant.');
    expect(await next(licence, limited(licence, '2033-01-01'), ['1'])).toMatchObject({ version: 3, kind: 'amendment' });
  });

  test('that allows less needs no names, and naming what it does not loosen is refused', async () => {
    const licence = await signed(limited({ uid: `urn:uuid:${newId()}` }, '2031-01-01'));
    expect(await codeOf(next(licence, limited(licence, '2030-01-01'), ['#p1']))).toBe('LOOSENS_NOTHING');
    expect(await next(licence, limited(licence, '2030-01-01'))).toMatchObject({ version: 2, kind: 'tightening', loosens: [] });
  });

  test('a draft is not corrected into one that loosens in silence', async () => {
    const licence = await signed(limited({ uid: `urn:uuid:${newId()}` }, '2031-01-01'));
    await next(licence, limited(licence, '2030-01-01'));
    expect(await codeOf(rights.licences.revise(archivist, licence.id, 2, { source: { policy: limited(licence, '2035-01-01') }, why: 'Longer.' }))).toBe('LOOSENS');
  });

  test('keeps the id, changes something, and comes after a signature', async () => {
    const licence = await signed();
    expect(await codeOf(next(licence, policy(['ingest'])))).toBe('INVALID_POLICY');
    expect(await codeOf(next(licence, licence.policy))).toBe('NOTHING_CHANGED');
    const unsigned = await draft();
    expect(await codeOf(next(unsigned, policy(['ingest'], { uid: unsigned.uid })))).toBe('DRAFT_IN_HAND');
    expect(await codeOf(rights.licences.discard(archivist, unsigned.id, 1, 'Not wanted.'))).toBe('ONLY_VERSION');
  });

  test('decides from its signature on, and the version before it is amended', async () => {
    const licence = await signed();
    const titleId = await titleUnder(licence);
    const drafted = await next(licence, policy(['ingest', 'curate', 'fineTune'], { uid: licence.uid }), ['#p1']);
    expect(await ask(titleId, 'fineTune')).not.toBe('permitted');
    await signBy(officer, licence, 2, drafted.sha256);
    expect(await ask(titleId, 'fineTune')).not.toBe('permitted');
    expect(await signBy(archivist, licence, 2, drafted.sha256)).toMatchObject({ version: 2, decides: true });
    expect(await ask(titleId, 'fineTune')).toBe('permitted');
    const versions = (await rights.licences.versions(a, licence.id, { first: 10 })).items;
    expect(versions.map(({ version, state }) => [version, state])).toEqual([[2, 'in_force'], [1, 'amended']]);
    expect((await rights.licences.changes(a, licence.id, 1, 2)).length).toBeGreaterThan(0);
  });

  test('with a day decides from that day on', async () => {
    const licence = await signed();
    const titleId = await titleUnder(licence);
    const drafted = await rights.licences.amend(archivist, licence.id, { source: { policy: policy(['ingest'], { uid: licence.uid }) }, effectiveFrom: new Date(Date.now() + 3_600_000), why: 'From next hour.' });
    await sign(rights, a, licence.id);
    expect((await rights.licences.version(a, licence.id, drafted.version)).state).toBe('signed');
    expect(await ask(titleId)).toBe('permitted');
    await world.database.inStudio(a, () => rows(`update licence_version set effective_from = now() where licence_id = $1 and version = 2`, [licence.id]));
    expect(await ask(titleId)).not.toBe('permitted');
  });

  test('while work goes on: the next key is released under the new version only', async () => {
    const licence = await signed();
    const titleId = await titleUnder(licence);
    const question = { action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'test' } satisfies Question;
    const object = await world.vault.seal(a, { kind: 'proxy', scopeId: titleId, contentType: 'video/mp4' }, Readable.from([Buffer.from('frames')]));
    const decision = await rights.requirePermit(a, question);
    await world.vault.release(a, decision.id, object.id);
    const drafted = await next(licence, policy(['ingest', 'curate', 'export'], { uid: licence.uid }), ['#p1']);
    await world.vault.release(a, decision.id, object.id);
    await sign(rights, a, licence.id);
    await expect(world.vault.release(a, decision.id, object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED', message: expect.stringContaining('a licence has changed') });
    const again = await rights.permitFor(a, question);
    expect(again.policies).toEqual([expect.objectContaining({ sha256: drafted.sha256 })]);
    await world.vault.release(a, again.id, object.id);
    await rights.licences.amend(archivist, licence.id, { source: { policy: policy(['ingest'], { uid: licence.uid }) }, why: 'No curating any more.' });
    await sign(rights, a, licence.id);
    await expect(world.vault.release(a, again.id, object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
    await expect(rights.permitFor(a, question)).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
  });
});

describe('suspension and withdrawal', () => {
  test('a suspended licence refuses with the reason until it is resumed, keys included', async () => {
    const licence = await signed();
    const titleId = await titleUnder(licence, await signed());
    const object = await world.vault.seal(a, { kind: 'proxy', scopeId: titleId, contentType: 'video/mp4' }, Readable.from([Buffer.from('frames')]));
    const decision = await rights.requirePermit(a, { action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'test' });
    expect(await codeOf(rights.licences.resume(officer, licence.id, 'Why not.'))).toBe('NOT_SUSPENDED');
    expect((await rights.licences.suspend(officer, licence.id, 'The fee was not paid.')).state).toBe('suspended');
    expect(await codeOf(rights.licences.suspend(officer, licence.id, 'Again.'))).toBe('SUSPENDED');
    expect(await ask(titleId)).toContain('The fee was not paid');
    await expect(world.vault.release(a, decision.id, object.id)).rejects.toMatchObject({ code: 'KEY_REFUSED' });
    expect((await rights.licences.resume(officer, licence.id, 'Paid.')).state).toBe('active');
    expect(await ask(titleId)).toBe('permitted');
  });

  test('a draft cannot be suspended; a withdrawn licence takes no signature and comes back never', async () => {
    const licence = await draft();
    expect(await codeOf(rights.licences.suspend(officer, licence.id, 'No.'))).toBe('NOT_SIGNED');
    expect((await rights.licences.withdraw(officer, licence.id, 'The licensor went away.')).state).toBe('withdrawn');
    expect(await codeOf(signBy(officer, licence))).toBe('WITHDRAWN');
    expect(await codeOf(rights.licences.withdraw(officer, licence.id, 'Again.'))).toBe('WITHDRAWN');
    const other = await signed();
    const titleId = await titleUnder(other);
    await rights.licences.withdraw(officer, other.id, 'The contract ended.');
    expect(await ask(titleId)).toContain('The contract ended');
    expect(await codeOf(rights.licences.resume(officer, other.id, 'Please.'))).toBe('WITHDRAWN');
  });

  test('a reason is needed', async () => {
    const licence = await signed();
    expect(await codeOf(rights.licences.suspend(officer, licence.id, '  '))).toBe('BAD_LICENCE');
    expect(await codeOf(rights.licences.withdraw(officer, licence.id, 'x'.repeat(2_001)))).toBe('BAD_LICENCE');
  });
});

describe('a licence that inherits', () => {
  const child = (parent: Licence, actions: string[]): Policy => ({ ...policy(actions), inheritFrom: parent.uid });

  test('only tightens, needs its parents in force, and stops with them', async () => {
    const parent = await signed(policy(['ingest', 'curate'], { constraint: [until('2031-01-01')] }));
    expect(await codeOf(draft(child(await draft(), ['curate'])))).toBe('INVALID_POLICY');
    const licence = await signed(child(parent, ['ingest', 'curate', 'fineTune']));
    expect(licence.ends?.toISOString()).toBe('2031-01-01T00:00:00.000Z');
    const titleId = await titleUnder(licence);
    expect([await ask(titleId), await ask(titleId, 'fineTune') === 'permitted', await ask(titleId, 'export') === 'permitted']).toEqual(['permitted', false, false]);
    const decision = await rights.decide(a, { action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'test' });
    const stands = async (): Promise<boolean> => (await world.database.inStudio(a, () => rows<{ stands: boolean }>(`select decision_stands($1) as stands`, [decision.id])))[0]!.stands;
    expect(await stands()).toBe(true);
    await rights.licences.suspend(officer, parent.id, 'A dispute.');
    expect(await stands()).toBe(false);
    expect(await ask(titleId)).toContain('which is suspended');
    const looped = rights.licences.amend(archivist, parent.id, { source: { policy: { ...policy(['ingest'], { uid: parent.uid }), inheritFrom: licence.uid } }, why: 'A circle.' });
    expect(await codeOf(looped)).toBe('INVALID_POLICY');
  });
});

describe('what is kept', () => {
  test('every change is a row, a log entry and an event, with who and why, in one transaction', async () => {
    const licence = await signed();
    await rights.licences.suspend(officer, licence.id, 'To see.');
    const events = (await rights.licences.events(a, licence.id, { first: 10 })).items;
    expect(events.map(({ event, memberId, why }) => [event, memberId, why])).toEqual([
      ['suspended', officer.memberId, 'To see.'],
      ['signed', officer.memberId, expect.any(String)],
      ['countersign', archivist.memberId, expect.any(String)],
      ['drafted', archivist.memberId, expect.any(String)],
    ]);
    const told = await world.database.inStudio(a, async () => ({
      log: await rows<{ payload: { event: string; by: string } }>(`select payload from audit_entry where type = 'licence' and payload->>'licence' = $1 order by id`, [licence.id]),
      outbox: await rows<{ payload: { event: string; state: string } }>(`select payload from outbox where type = 'rights.changed' and payload->>'licenceId' = $1 order by id`, [licence.id]),
    }));
    expect(told.log.map(({ payload }) => [payload.event, payload.by])).toEqual([['drafted', archivist.memberId], ['countersign', archivist.memberId], ['signed', officer.memberId], ['suspended', officer.memberId]]);
    expect(told.outbox.map(({ payload }) => [payload.event, payload.state])).toEqual([['drafted', 'draft'], ['countersign', 'draft'], ['signed', 'active'], ['suspended', 'suspended']]);
  });

  test('a transaction that is rolled back leaves nothing of it', async () => {
    const licence = await signed();
    await expect(
      world.database.inStudio(officer, async () => {
        await rights.licences.withdraw(officer, licence.id, 'Not really.');
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect((await rights.licences.find(a, licence.id)).state).toBe('active');
    expect((await rights.licences.events(a, licence.id, { first: 1 })).items[0]!.event).toBe('signed');
  });

  test('a decision keeps what it was asked and under what, for asking again', async () => {
    const licence = await signed();
    const titleId = await titleUnder(licence);
    await ask(titleId);
    const [kept] = await world.database.inStudio(a, () => rows<{ request: { action: string }; state: object; licences: string[] }>(`select request, state, licences from decision where scope_id = $1`, [titleId]));
    expect(kept).toMatchObject({ request: { action: 'curate' }, state: { performed: [] }, licences: [`${licence.id}:1`] });
  });
});

test('licences that end soon, the next first, in pages, by the version in force', async () => {
  const studio = await world.studio('Soon');
  const inDays = (count: number): string => new Date(Date.now() + count * 86_400_000).toISOString().slice(0, 10);
  const uids: Record<number, string> = {};
  for (const count of [100, 20, 50, 80, -5]) {
    uids[count] = `urn:uuid:${newId()}`;
    const { id } = await rights.licences.draft(studio, { name: String(count), licensor: 'L', source: { policy: policy(['curate'], { uid: uids[count]!, constraint: [until(inDays(count))] }) } });
    await sign(rights, studio, id);
  }
  await rights.licences.draft(studio, { name: 'draft', licensor: 'L', source: { policy: policy(['curate'], { constraint: [until(inDays(5))] }) } });
  const names = async (days: number): Promise<string[]> => {
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const page = await rights.licences.expiring(studio, { first: 2, after }, days);
      found.push(...page.items.map(({ name }) => name));
      if (!page.hasNextPage) return found;
      after = page.endCursor;
    }
  };
  expect(await names(30)).toEqual(['20']);
  expect(await names(60)).toEqual(['20', '50']);
  expect(await names(90)).toEqual(['20', '50', '80']);
  expect(await rights.licences.countExpiring(studio, 90)).toBe(3);
  expect(await codeOf(rights.licences.expiring(studio, { first: 2 }, 0))).toBe('BAD_DAYS');
  const [first] = (await rights.licences.expiring(studio, { first: 1 }, 30)).items;
  expect(first!.state).toBe('expiring');
  await rights.licences.amend(studio, first!.id, { source: { policy: policy(['curate'], { uid: uids[20]!, constraint: [until(inDays(200))] }) }, loosens: ['#p1'], why: 'Longer.' });
  await sign(rights, studio, first!.id);
  expect(await names(90)).toEqual(['50', '80']);
  expect((await rights.licences.unsignedVersions(studio, { first: 10 })).items).toHaveLength(1);
});

test('another studio finds, reads and changes nothing of it', async () => {
  const { licences } = rights;
  const licence = await signed();
  const drafted = await licences.amend(archivist, licence.id, { source: { policy: policy(['ingest'], { uid: licence.uid }) }, why: 'Less.' });
  const tries: Record<string, () => Promise<unknown>> = {
    find: () => licences.find(b, licence.id),
    version: () => licences.version(b, licence.id, 1),
    changes: () => licences.changes(b, licence.id, 1, 2),
    amend: () => licences.amend(b, licence.id, { source: { policy: drafted.policy }, why: 'x' }),
    revise: () => licences.revise(b, licence.id, 2, { source: { policy: drafted.policy }, why: 'x' }),
    discard: () => licences.discard(b, licence.id, 2, 'x'),
    sign: () => licences.sign(b, licence.id, 2, drafted.sha256),
    suspend: () => licences.suspend(b, licence.id, 'x'),
    resume: () => licences.resume(b, licence.id, 'x'),
    withdraw: () => licences.withdraw(b, licence.id, 'x'),
    attach: () => licences.attach(b, newId(), [licence.id]),
  };
  for (const [name, attempt] of Object.entries(tries)) expect({ name, code: await codeOf(attempt()) }).toEqual({ name, code: 'NOT_FOUND' });
  expect((await licences.versions(b, licence.id, { first: 10 })).items).toEqual([]);
  expect((await licences.events(b, licence.id, { first: 10 })).items).toEqual([]);
  expect(await licences.signatures(b, await licences.version(a, licence.id, 1))).toEqual([]);
  expect([...(await licences.draftsOf(b, [licence.id])).keys()]).toEqual([]);
  expect(await licences.countVersions(b, licence.id)).toBe(0);
  expect((await licences.find(a, licence.id)).state).toBe('active');
});

test('a licence tells which decisions asked it, page by page, and another studio is told none', async () => {
  const [one, other] = [await signed(), await signed()];
  const both = await titleUnder(one, other);
  const single = await titleUnder(other);
  for (const titleId of [both, single, both]) await ask(titleId);
  const idsOf = async (scope: Scope, licenceId: string, first = 10, after: string | null = null) => rights.decisions(scope, { first, after }, { licenceId });
  expect((await idsOf(a, one.id)).items).toHaveLength(2);
  expect(await rights.countDecisions(a, { licenceId: other.id })).toBe(3);
  const head = await idsOf(a, other.id, 2);
  const rest = await idsOf(a, other.id, 2, head.endCursor);
  expect([...head.items, ...rest.items].map(({ id }) => id)).toEqual((await idsOf(a, other.id)).items.map(({ id }) => id));
  expect((await idsOf(b, other.id)).items).toEqual([]);
  expect(await rights.countDecisions(b, { licenceId: other.id })).toBe(0);
});

describe('a title moves on from a licence that has ended', () => {
  test('put under a further licence, all must permit; the withdrawn one can then be left, and the new one decides alone', async () => {
    const [ended, next] = [await signed(), await signed(policy(['ingest', 'fineTune']))];
    const title = await titleUnder(ended);
    expect(await codeOf(rights.licences.detach(officer, ended.id, title, 'Done with it'))).toBe('LICENCE_STANDS');
    await rights.licences.withdraw(officer, ended.id, 'The agreement was ended');
    expect(await codeOf(rights.licences.detach(officer, ended.id, title, 'Done with it'))).toBe('LAST_LICENCE');
    await rights.licences.attachLater(archivist, next.id, title, 'Licensed anew');
    expect(await codeOf(rights.licences.attachLater(archivist, next.id, title, 'Licensed anew'))).toBe('ATTACHED');
    expect(await ask(title, 'fineTune')).toContain('was withdrawn (The agreement was ended)');
    await rights.licences.detach(officer, ended.id, title, 'Done with it');
    expect([await ask(title, 'fineTune'), await ask(title, 'curate')]).toEqual(['permitted', expect.stringContaining('does not mention')]);
    expect((await rights.licences.events(a, next.id, { first: 1 })).items).toMatchObject([{ event: 'attached', why: 'Licensed anew' }]);
    expect((await rights.licences.events(a, ended.id, { first: 1 })).items).toMatchObject([{ event: 'detached', why: 'Done with it' }]);
  });

  test('of two that leave at once one stays', async () => {
    const both = [await signed(), await signed()];
    const title = await titleUnder(...both);
    for (const { id } of both) await rights.licences.withdraw(officer, id, 'Ended');
    const codes = await Promise.all(both.map(({ id }) => codeOf(rights.licences.detach(officer, id, title, 'Ended'))));
    expect(codes.sort()).toEqual(['LAST_LICENCE', 'done']);
  });

  test('another studio finds neither licence nor title', async () => {
    const [licence, other] = [await signed(), await signed()];
    const title = await titleUnder(licence, other);
    await rights.licences.withdraw(officer, licence.id, 'Ended');
    expect([await codeOf(rights.licences.detach(b, licence.id, title, 'x')), await codeOf(rights.licences.attachLater(b, licence.id, title, 'x'))]).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    expect(await rights.holds.stop(b, [title])).toBeUndefined();
  });
});

test('work under way on titles of a licence that is suspended or withdrawn is told to stop, and why', async () => {
  const licence = await signed();
  const title = await titleUnder(licence, await signed());
  expect(await rights.holds.stop(a, [title])).toBeUndefined();
  await rights.licences.suspend(officer, licence.id, 'A question of ownership');
  expect(await rights.holds.stop(a, [newId(), title])).toMatchObject({ code: 'HELD', message: 'The licence “A licence” is suspended (A question of ownership).' });
  await rights.licences.resume(officer, licence.id, 'Answered');
  expect(await rights.holds.stop(a, [title])).toBeUndefined();
  await rights.licences.withdraw(officer, licence.id, 'Over');
  expect(await rights.holds.stop(a, [title])).toMatchObject({ code: 'HELD', message: 'The licence “A licence” was withdrawn (Over).' });
});
