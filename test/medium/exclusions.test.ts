import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { newId, row, rows } from '#libs/platform';
import type { Question } from '#libs/rights';
import { type Api, type Answer, makeApi } from '../support/api.js';
import { FilmStudio } from '../support/film-studio.js';

jest.setTimeout(120_000);

let api: Api;
let studio: FilmStudio;
beforeAll(async () => {
  api = await makeApi();
  studio = new FilmStudio(api.world, api.a.scope);
}, 120_000);
afterAll(() => api.close());

/** A title of 312 frames at 25 (or at `times`), without a decoder. */
async function title(more: { times?: number[]; actions?: string[]; policy?: Record<string, unknown> } = {}): Promise<string> {
  const { id } = await studio.catalogue.createTitle(studio.scope, { name: `Film ${randomBytes(3).toString('hex')}`, licenceIds: [await studio.licence(more.actions ?? ['ingest', 'curate', 'fineTune', 'generate'], more.policy)] });
  const times = more.times ?? Array.from({ length: 313 }, (_, n) => n * 512);
  await studio.inStudio(() => studio.rights.exclusions.register(studio.scope, { titleId: id, rate: '25', even: !more.times, timeBase: '1/12800', times }));
  return id;
}

const question = (titleId: string, action = 'fineTune', frames?: Question['frames']): Question => ({ action, scopeKind: 'title', scopeId: titleId, titleIds: [titleId], use: null, actor: 'test', ...(frames ? { frames } : {}) });
const entries = (type: string): Promise<{ payload: Record<string, unknown> }[]> => studio.inStudio(() => rows(`select payload from audit_entry where type = $1 order by id`, [type]));
const ask = (document: string, variables: Record<string, unknown>, as = api.a.as.archivist): Promise<Answer> => as.graphql(document, variables);

describe('over GraphQL', () => {
  const one = `... on Exclusion { id first end why clause actions addedBy changedBy title { id } } ... on Refused { code message }`;

  test('frames are left out, changed and put back; each change says who and is in the log, the outbox and every process', async () => {
    const titleId = await title();
    const add = `mutation ($titleId: ID!, $input: ExclusionInput!) { addExclusion(titleId: $titleId, input: $input) { ${one} } }`;
    const added = (await ask(add, { titleId, input: { first: 10, end: 20, why: ' a song that is not ours ', clause: '3.1', actions: ['backlot:train', 'generate', 'generate'] } })).data!.addExclusion as { id: string };
    expect(added).toMatchObject({ first: 10, end: 20, why: 'a song that is not ours', clause: '3.1', actions: ['generate', 'train'], addedBy: 'archivist of Aurora', changedBy: null, title: { id: titleId } });
    const again = (await ask(add, { titleId, input: { first: 10, end: 20, why: 'a song that is not ours', clause: '3.1', actions: ['train', 'generate'] } })).data!.addExclusion;
    expect(again).toEqual(added);
    const changed = (await ask(`mutation ($id: ID!) { changeExclusion(id: $id, input: { first: 10, end: 21, why: "longer" }) { ${one} } }`, { id: added.id }, api.a.as.compliance)).data!.changeExclusion;
    expect(changed).toMatchObject({ id: added.id, end: 21, clause: null, actions: [], addedBy: 'archivist of Aurora', changedBy: 'compliance of Aurora' });
    const list = await ask(`query ($id: ID!) { title(id: $id) { edit { frames rate even performersMarked cuesMarked } exclusions(first: 5) { totalCount nodes { id first } } } }`, { id: titleId }, api.a.as.editor);
    expect(list.data!.title).toEqual({ edit: { frames: 312, rate: '25', even: true, performersMarked: false, cuesMarked: false }, exclusions: { totalCount: 1, nodes: [{ id: added.id, first: 10 }] } });
    await ask(`mutation ($id: ID!) { removeExclusion(id: $id) { ${one} } }`, { id: added.id });
    expect((await ask(`mutation ($id: ID!) { removeExclusion(id: $id) { ${one} } }`, { id: added.id })).data!.removeExclusion).toMatchObject({ code: 'NOT_FOUND' });
    const logged = (await entries('exclusion')).map(({ payload }) => payload).filter((payload) => payload.title === titleId);
    expect(logged.map(({ change }) => change)).toEqual(['added', 'changed', 'removed']);
    expect(logged[1]).toMatchObject({ exclusion: added.id, before: { end: 20, why: 'a song that is not ours' }, after: { end: 21, why: 'longer' }, member: expect.any(String) });
    expect(await studio.count(`from outbox where type = 'rights.changed' and payload->'titleIds' ? $1`, titleId)).toBe(3);
    // The row stays for those who ask what was left out when.
    expect(await studio.inStudio(() => row(`select removed_by is not null as who, removed_at is not null as at from exclusion where id = $1`, [added.id]))).toEqual({ who: true, at: true });
  });

  test.each([
    ['beyond the master', { first: 300, end: 313, why: 'x' }, 'BAD_EXCLUSION', 'The master has frames 0 to 311; from 300 up to (without) 313 is no range of them.'],
    ['empty', { first: 5, end: 5, why: 'x' }, 'BAD_EXCLUSION', /no range/],
    ['before the master', { first: -1, end: 5, why: 'x' }, 'BAD_EXCLUSION', /no range/],
    ['without a reason', { first: 0, end: 5, why: ' ' }, 'BAD_EXCLUSION', /says why/],
    ['of an unknown action', { first: 0, end: 5, why: 'x', actions: ['fly'] }, 'BAD_EXCLUSION', '"fly" is not an action of the profile.'],
  ])('%s: refused', async (_name, input, code, message) => {
    const titleId = await title();
    const answer = (await ask(`mutation ($titleId: ID!, $input: ExclusionInput!) { addExclusion(titleId: $titleId, input: $input) { ${one} } }`, { titleId, input })).data!.addExclusion as { code: string; message: string };
    expect(answer.code).toBe(code);
    expect(answer.message).toMatch(message);
    expect(await studio.count('from exclusion where title_id = $1', titleId)).toBe(0);
  });

  test('of a title that is not analysed: refused with what to wait for', async () => {
    const { id } = await studio.catalogue.createTitle(studio.scope, { name: 'New', licenceIds: [await studio.licence(['ingest'])] });
    expect((await ask(`mutation ($id: ID!) { addExclusion(titleId: $id, input: { first: 0, end: 1, why: "x" }) { ${one} } }`, { id })).data!.addExclusion).toMatchObject({ code: 'NOT_ANALYSED' });
  });

  test('lists come in pages, in the order shown', async () => {
    const titleId = await title();
    for (const first of [200, 7, 100, 7]) await studio.rights.exclusions.add(studio.scope, titleId, { first, end: first + 5 + (first % 3), why: `from ${first} ${newId()}` });
    const page = (after: string | null) => ask(`query ($id: ID!, $after: String) { title(id: $id) { exclusions(first: 3, after: $after) { nodes { first } pageInfo { endCursor hasNextPage } totalCount } } }`, { id: titleId, after }).then(({ data }) => (data!.title as { exclusions: { nodes: { first: number }[]; pageInfo: { endCursor: string; hasNextPage: boolean }; totalCount: number } }).exclusions);
    const one = await page(null);
    expect([one.nodes.map(({ first }) => first), one.pageInfo.hasNextPage, one.totalCount]).toEqual([[7, 7, 100], true, 4]);
    expect((await page(one.pageInfo.endCursor)).nodes).toEqual([{ first: 200 }]);
  });

  test('a list is taken row by row: nothing is lost, nothing is taken twice', async () => {
    const titleId = await title();
    const list = 'first,end,why,clause,actions\n0,25,logo,4.2,\n00:00:02:00,00:00:03:00,song,,fineTune\n400,410,behind the end,,\n5,4,backwards,,\n7,9,,,\nx,y,nonsense,,\n8,9,bad action,,fly\n0,25,logo,4.2,\n';
    const send = () => ask(`mutation ($titleId: ID!, $input: ExclusionList!) { importExclusions(titleId: $titleId, input: $input) { ... on ImportedExclusions { added known refused { line text code message } } ... on Refused { code message } } }`, { titleId, input: { list } });
    const first = (await send()).data!.importExclusions as { added: number; known: number; refused: { line: number; text: string; code: string; message: string }[] };
    expect(first).toMatchObject({ added: 2, known: 1 });
    expect(first.refused.map(({ line, text, code }) => [line, text, code])).toEqual([
      [4, '400,410,behind the end,,', 'BAD_EXCLUSION'], [5, '5,4,backwards,,', 'BAD_EXCLUSION'], [6, '7,9,,,', 'BAD_EXCLUSION'], [7, 'x,y,nonsense,,', 'UNREADABLE'], [8, '8,9,bad action,,fly', 'BAD_EXCLUSION'],
    ]);
    expect((await send()).data!.importExclusions).toMatchObject({ added: 0, known: 3 });
    const { items } = await studio.rights.exclusions.page(studio.scope, titleId, { first: 10 });
    expect(items.map(({ first: from, end, why, clause, actions }) => [from, end, why, clause, actions])).toEqual([[0, 25, 'logo', '4.2', []], [50, 75, 'song', null, ['fineTune']]]);
    const told = (await entries('exclusion')).map(({ payload }) => payload).filter((payload) => payload.title === titleId);
    expect(told).toHaveLength(1);
    expect(told[0]!.exclusions).toHaveLength(2);
    expect((await ask(`mutation ($titleId: ID!) { importExclusions(titleId: $titleId, input: { list: "nothing" }) { ... on Refused { code } } }`, { titleId })).data!.importExclusions).toEqual({ code: 'BAD_LIST' });
  });

  test('marks say who or what, by whom and how surely; a member may correct what a model saw', async () => {
    const titleId = await title();
    const fields = `... on Mark { id kind subject first end source by confidence } ... on Refused { code message }`;
    const written = (await ask(`mutation ($id: ID!) { addMark(titleId: $id, input: { kind: PERFORMER, subject: "urn:performer:1", first: 5, end: 9 }) { ${fields} } }`, { id: titleId })).data!.addMark;
    expect(written).toMatchObject({ kind: 'PERFORMER', source: 'WRITTEN', by: 'archivist of Aurora', confidence: 1 });
    const seen = await studio.rights.exclusions.addMark({ studioId: studio.scope.studioId }, titleId, { kind: 'cue', subject: 'urn:cue:1', first: 0, end: 312, modelled: { by: 'ears 1.0', confidence: 0.25 } });
    const list = await ask(`query ($id: ID!) { title(id: $id) { marks(first: 5) { totalCount nodes { subject source by confidence } } } }`, { id: titleId });
    expect((list.data!.title as { marks: unknown }).marks).toEqual({ totalCount: 2, nodes: [{ subject: 'urn:cue:1', source: 'MODELLED', by: 'ears 1.0', confidence: 0.25 }, { subject: 'urn:performer:1', source: 'WRITTEN', by: 'archivist of Aurora', confidence: 1 }] });
    expect((await ask(`mutation ($id: ID!) { changeMark(id: $id, input: { kind: CUE, subject: "urn:cue:2", first: 0, end: 100 }) { ${fields} } }`, { id: seen.id })).data!.changeMark).toMatchObject({ subject: 'urn:cue:2', source: 'WRITTEN', confidence: 1, end: 100 });
    expect((await ask(`mutation ($id: ID!) { addMark(titleId: $id, input: { kind: CUE, subject: "x", first: 0, end: 313 }) { ${fields} } }`, { id: titleId })).data!.addMark).toMatchObject({ code: 'BAD_MARK' });
    expect((await ask(`mutation ($id: ID!) { removeMark(id: $id) { ${fields} } }`, { id: seen.id })).data!.removeMark).toMatchObject({ id: seen.id });
    expect((await ask(`mutation ($id: ID!) { completeMarks(titleId: $id, kind: PERFORMER, complete: true) { ... on Title { edit { performersMarked cuesMarked } } } }`, { id: titleId })).data!.completeMarks).toEqual({ edit: { performersMarked: true, cuesMarked: false } });
    expect((await entries('mark')).filter(({ payload }) => payload.title === titleId).map(({ payload }) => payload.change)).toEqual(['added', 'added', 'changed', 'removed', 'complete']);
  });

  test('the other studio changes and reads nothing', async () => {
    const titleId = await title();
    const exclusion = await studio.rights.exclusions.add(studio.scope, titleId, { first: 0, end: 1, why: 'x' });
    const mark = await studio.rights.exclusions.addMark(studio.scope, titleId, { kind: 'cue', subject: 'x', first: 0, end: 1 });
    const { exclusions } = api.services.rights;
    const them = api.b.scope;
    const input = { first: 1, end: 2, why: 'y' };
    const theft = [
      exclusions.add(them, titleId, input), exclusions.change(them, exclusion.id, input), exclusions.remove(them, exclusion.id), exclusions.import(them, titleId, { list: 'first,end,why\n1,2,z' }),
      exclusions.addMark(them, titleId, { kind: 'cue', subject: 'y', first: 0, end: 1 }), exclusions.changeMark(them, mark.id, { kind: 'cue', subject: 'y', first: 0, end: 1 }), exclusions.removeMark(them, mark.id), exclusions.completeMarks(them, titleId, 'cue', true),
    ];
    for (const attempt of theft) await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/^(NOT_FOUND|NOT_ANALYSED)$/) });
    expect([(await exclusions.page(them, titleId, { first: 10 })).items, (await exclusions.marks(them, titleId, { first: 10 })).items, (await exclusions.edits(them, [titleId])).size, await exclusions.timed(them, titleId)]).toEqual([[], [], 0, undefined]);
    expect([(await exclusions.count(them, [titleId])).get(titleId), (await exclusions.countMarks(them, [titleId])).get(titleId)]).toEqual([0, 0]);
    // Row security by itself, below every query.
    await api.world.database.inStudio(them, async () => {
      for (const table of ['edit', 'exclusion', 'mark', 'mask']) expect(await rows(`select * from ${table} where title_id = $1`, [titleId])).toEqual([]);
    });
    const change = api.world.database.inStudio(them, () => rows(`insert into exclusion (id, studio_id, title_id, first_frame, end_frame, why) values ($1, $2, $3, 0, 1, 'x')`, [newId(), studio.scope.studioId, titleId]));
    await expect(change).rejects.toThrow(/row-level security/);
    expect((await studio.rights.exclusions.page(studio.scope, titleId, { first: 10 })).items).toEqual([exclusion]);
  });
});

test('two thousand stretches of a title are decided about, and no more are taken', async () => {
  const titleId = await title({ times: Array.from({ length: 40_001 }, (_, n) => n * 512) });
  await studio.inStudio(() => rows(`update edit set even = true where title_id = $1`, [titleId]));
  const list = ['first,end,why', ...Array.from({ length: 2000 }, (_, n) => `${n * 20},${n * 20 + 5},scene ${n}`)].join('\n');
  expect(await studio.rights.exclusions.import(studio.scope, titleId, { list })).toEqual({ added: 2000, known: 0, refused: [] });
  const decision = await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'));
  expect(decision.permitted).toBe(true);
  expect([decision.reason.frames![0]!.permitted.length, decision.reason.frames![0]!.leftOut.length]).toEqual([2000, 2000]);
  expect(decision.sentence).toContain('10000 frames are left out');
  await expect(studio.rights.exclusions.add(studio.scope, titleId, { first: 6, end: 7, why: 'one more' })).rejects.toMatchObject({ code: 'TOO_MANY' });
});

describe('a decision', () => {
  test('about all of a title is refused by one frame that is left out; about what is allowed it names what is left out', async () => {
    const titleId = await title();
    expect(await studio.rights.decide(studio.scope, question(titleId))).toMatchObject({ permitted: true });
    const { id } = await studio.rights.exclusions.add(studio.scope, titleId, { first: 100, end: 101, why: 'a face', clause: '5', actions: ['train'] });
    const refused = await studio.rights.decide(studio.scope, question(titleId));
    expect(refused).toMatchObject({ permitted: false, sentence: 'Refused: clause 5 leaves out frame 100 of the title (a face).', reason: { rules: [id] } });
    const permitted = await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'));
    expect(permitted).toMatchObject({ permitted: true, reason: { frames: [{ titleId, frames: 312, permitted: [{ first: 0, end: 100 }, { first: 101, end: 312 }], leftOut: [{ first: 100, end: 101, rules: [id] }] }] } });
    expect(permitted.sentence).toMatch(/ 1 frame is left out; from frame 100 on: Clause 5 leaves out frame 100 of the title \(a face\)\.$/);
    expect((await studio.rights.decision(studio.scope, permitted.id)).reason).toEqual(permitted.reason);
    expect(await studio.rights.decide(studio.scope, question(titleId, 'generate'))).toMatchObject({ permitted: true });
    const clips = (first: number, end: number): Question['frames'] => async (titleIds) => titleIds.map((of) => ({ titleId: of, first, end }));
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', clips(0, 100)))).toMatchObject({ permitted: true });
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', clips(100, 101)))).toMatchObject({ permitted: false });
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', clips(90, 200)))).toMatchObject({ permitted: false, sentence: refused.sentence });
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', clips(101, 312)))).toMatchObject({ permitted: true });
  });

  test('of which every frame is left out is refused, and no key leaves', async () => {
    const titleId = await title();
    await studio.rights.exclusions.add(studio.scope, titleId, { first: 0, end: 312, why: 'all of it' });
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'))).toMatchObject({ permitted: false, reason: { frames: [{ permitted: [] }] } });
  });

  test('of frames that are not evenly spaced goes by their times', async () => {
    // Frame n is on screen for a tenth of a second, but frame 100 for ten.
    const times = Array.from({ length: 201 }, (_, n) => n * 1280 + (n > 100 ? 126_720 : 0));
    const titleId = await title({ times, policy: { prohibition: [{ uid: '#x1', 'backlot:clause': '7', action: 'backlot:fineTune', target: { '@type': 'Asset', uid: '#titles', 'backlot:segment': { first: 12 * 24, end: 13 * 24, rate: '24' } } }] } });
    await studio.rights.exclusions.add(studio.scope, titleId, { first: 102, end: 104, why: 'two frames', clause: '8' });
    const decision = await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'));
    expect(decision).toMatchObject({ permitted: true, reason: { frames: [{ frames: 200, permitted: [{ first: 0, end: 100 }, { first: 101, end: 102 }, { first: 104, end: 200 }] }] } });
    expect(decision.reason.frames![0]!.leftOut.map(({ sentence }) => sentence)).toEqual([expect.stringMatching(/clause 7/i), 'Clause 8 leaves out frames 102 to 103 of the title (two frames).']);
  });

  test('that was kept for a member is not gone on with once frames are left out', async () => {
    const titleId = await title();
    const looks = { ...question(titleId, 'curate', 'permitted'), use: undefined } as unknown as Question;
    const first = await studio.rights.permitFor(studio.scope, looks);
    expect((await studio.rights.permitFor(studio.scope, looks)).id).toBe(first.id);
    const { id } = await studio.rights.exclusions.add(studio.scope, titleId, { first: 3, end: 4, why: 'x' });
    const second = await studio.rights.permitFor(studio.scope, looks);
    expect(second.id).not.toBe(first.id);
    expect(second.reason.frames![0]!.leftOut[0]!.rules).toEqual([id]);
    expect((await studio.rights.permitFor(studio.scope, looks)).id).toBe(second.id);
  });

  test('of a title whose cues are all marked knows what plays in each frame', async () => {
    const titleId = await title({ policy: { prohibition: [{ uid: '#x1', 'backlot:clause': '6', action: 'backlot:fineTune', constraint: [{ leftOperand: 'backlot:playsCue', operator: 'isAnyOf', rightOperand: 'urn:cue:anthem' }] }] } });
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'))).toMatchObject({ permitted: false });
    const { exclusions } = studio.rights;
    await exclusions.addMark(studio.scope, titleId, { kind: 'cue', subject: 'urn:cue:anthem', first: 50, end: 60 });
    await exclusions.addMark(studio.scope, titleId, { kind: 'cue', subject: 'urn:cue:waltz', first: 0, end: 55 });
    await exclusions.completeMarks(studio.scope, titleId, 'cue', true);
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'))).toMatchObject({ permitted: true, reason: { frames: [{ permitted: [{ first: 0, end: 50 }, { first: 60, end: 312 }] }] } });
    await exclusions.completeMarks(studio.scope, titleId, 'cue', false);
    expect(await studio.rights.decide(studio.scope, question(titleId, 'fineTune', 'permitted'))).toMatchObject({ permitted: false });
  });
});

test('the lists of a title are found by their index', async () => {
  const titleId = await title();
  await api.world.database.inStudio(studio.scope, async () => {
    await rows(`set local enable_seqscan = off`);
    for (const [table, index] of [['exclusion', 'exclusion_of_title'], ['mark', 'mark_of_title']] as const) {
      const plan = await rows<{ 'QUERY PLAN': string }>(`explain select id from ${table} where studio_id = '${studio.scope.studioId}' and title_id = '${titleId}' and removed_at is null and (first_frame, id) > (5, '${titleId}') order by first_frame, id limit 101`);
      expect(plan.map((line) => line['QUERY PLAN']).join()).toContain(index);
    }
  });
});
