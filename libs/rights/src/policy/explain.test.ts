import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compiled as inOrder } from '../../tools/agreement.js';
import { naive } from '../../tools/naive.js';
import { chance, leaf } from '../../tools/worlds.js';
import { change, changesFor } from './changes.js';
import { without } from './compile.js';
import { canonicalSha256, compilePolicy, evaluate, vocabulary, type CompiledPolicy, type Evaluation, type Exclusion, type Hold, type PolicyRequest, type WorldState } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const film = 'urn:x:film';
const policyOf = (uid: string, more: object, parents: CompiledPolicy[] = []): CompiledPolicy =>
  compilePolicy({ '@context': context, '@type': 'Set', uid: `urn:x:${uid}`, target: film, ...(parents.length > 0 ? { inheritFrom: parents.map(({ id }) => id) } : {}), ...more }, { parents: new Map(parents.map((parent) => [parent.id, parent])) });
const rule = (uid: string, more: object = {}): object => ({ uid: `#${uid}`, 'backlot:clause': uid, action: 'backlot:train', ...more });
const ask = (policies: CompiledPolicy[], more: Partial<PolicyRequest> = {}, state: Partial<WorldState> = {}): Evaluation => evaluate(policies, { action: 'fineTune', assignee: ['urn:x:studio'], now: '2026-05-01T12:00:00Z', targets: [{ id: film, ancestors: ['urn:x:catalogue'] }], ...more }, { performed: [], ...state });
const is = (leftOperand: string, operator: string, rightOperand: unknown): object => ({ leftOperand, operator, rightOperand });
const allows = policyOf('p', { permission: [rule('1')] });

describe('a conflict inside of a policy', () => {
  const both = (conflict: string, prohibition: object = {}, permission: object = {}): Evaluation => ask([policyOf('p', { conflict, permission: [rule('1', permission)], prohibition: [rule('2', prohibition)] })]);
  const never = { constraint: [is('purpose', 'eq', 'sale'), is('dateTime', 'lt', { '@value': '2020-01-01T00:00:00Z', '@type': 'xsd:dateTime' })] };
  test('is settled by its strategy', () => {
    expect(['prohibit', 'perm', 'invalid'].map((conflict) => both(conflict).outcome)).toEqual(['refuse', 'permit', 'refuse']);
    expect(['prohibit', 'perm', 'invalid'].map((conflict) => both(conflict, never).outcome)).toEqual(['permit', 'permit', 'permit']);
    expect(['prohibit', 'perm', 'invalid'].map((conflict) => both(conflict, {}, never).outcome)).toEqual(['refuse', 'refuse', 'refuse']);
  });
  test('says that it voids the policy where it does', () => {
    expect(both('invalid').reason).toEqual({
      rules: ['urn:x:p#1', 'urn:x:p#2'],
      facts: [],
      sentence: 'Refused: clause 1 allows training and clause 2 prohibits training, and where its clauses conflict the licence is void.',
      whatWouldChangeIt: 'A signed amendment that lifts clause 2.',
    });
    expect(both('invalid', {}, never).reason.rules).toEqual(['urn:x:p#2']);
  });
  test('a permission of one policy does not outweigh a prohibition of another', () => {
    expect(ask([policyOf('p', { conflict: 'perm', permission: [rule('1')] }), policyOf('q', { permission: [rule('1')], prohibition: [rule('2')] })]).outcome).toBe('refuse');
  });
});

describe('a policy that inherits', () => {
  const parent = policyOf('parent', { permission: [rule('1', { action: ['backlot:train', 'backlot:generate'] })] });
  const child = (more: object, ...parents: CompiledPolicy[]): CompiledPolicy => policyOf('child', more, parents.length > 0 ? parents : [parent]);
  const studies = { constraint: [is('purpose', 'eq', 'study')] };
  test.each<[string, CompiledPolicy, Partial<PolicyRequest>, string]>([
    ['follows its parent where it is silent', child({ permission: [rule('2', { action: 'backlot:curate' })] }), {}, 'permit'],
    ['allows no more than its parent', child({ permission: [rule('2', { action: 'backlot:curate' })] }), { action: 'curate' }, 'refuse'],
    ['allows no more than both', child({ permission: [rule('2')] }, parent, policyOf('other', { permission: [rule('1', { action: 'backlot:curate' })] })), {}, 'refuse'],
    ['prohibits what its parent allows', child({ prohibition: [rule('2')] }), {}, 'refuse'],
    ['limits what its parent allows', child({ permission: [rule('2', studies)] }), {}, 'refuse'],
    ['allows what it limits, within the limit', child({ permission: [rule('2', studies)] }), { purpose: 'study' }, 'permit'],
    ['limits a kind, and then not the whole is allowed', child({ permission: [rule('2', { action: 'backlot:fineTune' })] }), { action: 'train' }, 'refuse'],
    ['limits a kind, which is allowed', child({ permission: [rule('2', { action: 'backlot:fineTune' })] }), {}, 'permit'],
    ['limits frames, and the others are not allowed', child({ permission: [rule('2', { target: { '@type': 'Asset', source: film, 'backlot:segment': { first: 0, end: 10, rate: '24' } } })] }), {}, 'refuse'],
    ['about another asset says nothing of this one', child({ permission: [rule('2', { ...studies, target: 'urn:x:other' })] }), {}, 'permit'],
    ['has no say of its own where its parents have none', child({ prohibition: [rule('2', { action: 'backlot:curate' })] }, policyOf('empty', { prohibition: [rule('3', { action: 'backlot:curate' })] })), {}, 'refuse'],
    ["does not lift its parent's prohibition", child({ conflict: 'perm', permission: [rule('2')] }, policyOf('strict', { permission: [rule('1')], prohibition: [rule('3')] })), {}, 'refuse'],
  ])('%s', (_, policy, more, outcome) => {
    expect(ask([policy], more).outcome).toBe(outcome);
  });

  test('counts a parent once, though two inherit from it, and names every policy', () => {
    const one = policyOf('one', { permission: [rule('2')] }, [parent]);
    const two = policyOf('two', { permission: [rule('3')] }, [parent]);
    const evaluation = ask([policyOf('leaf', { permission: [rule('4')] }, [one, two])]);
    expect(evaluation.trace.map(({ rule: uid }) => uid)).toEqual(['urn:x:leaf#4', 'urn:x:one#2', 'urn:x:parent#1', 'urn:x:two#3']);
    expect(evaluation.policies.map(({ id }) => id)).toEqual(['urn:x:leaf', 'urn:x:one', 'urn:x:parent', 'urn:x:two']);
    expect(evaluation.reason.rules).toHaveLength(4);
  });

  test('governs what its parents govern', () => {
    const silent = policyOf('silent', { target: 'urn:x:other', permission: [rule('2')] }, [parent]);
    expect([ask([silent]).outcome, [...silent.assets]]).toEqual(['permit', ['urn:x:other', film]]);
    const loose = compilePolicy({ '@context': context, uid: 'urn:x:loose', '@type': 'Set', permission: [{ action: 'use' }] });
    const mixed = compilePolicy({ '@context': context, uid: 'urn:x:mixed', '@type': 'Set', permission: [{ action: 'use', target: film }, { action: 'use' }] });
    expect([[...loose.assets], [...mixed.assets], mixed.anyAsset]).toEqual([[], [film], true]);
    const heir = policyOf('heir', { target: 'urn:x:other', permission: [rule('2')] }, [loose]);
    expect([loose.anyAsset, heir.anyAsset, parent.anyAsset, ask([heir], { targets: [{ id: 'urn:x:lone', ancestors: [] }] }).outcome]).toEqual([true, true, false, 'permit']);
  });

  test('from what is not given, or from itself, is refused', () => {
    const refusal = (more: object, parents: CompiledPolicy[]): unknown => {
      try {
        return compilePolicy({ '@context': context, '@type': 'Set', uid: 'urn:x:child', target: film, permission: [rule('1')], ...more }, { parents: new Map(parents.map((one) => [one.id, one])) });
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refusal({ inheritFrom: 'urn:x:parent' }, [])).toContain('at /inheritFrom: it inherits from urn:x:parent, which is not given');
    const first = policyOf('child', { permission: [rule('1')] });
    const middle = policyOf('middle', { permission: [rule('1')] }, [first]);
    const last = policyOf('last', { permission: [rule('1')] }, [middle]);
    expect(refusal({ inheritFrom: 'urn:x:last' }, [last])).toContain('it inherits from urn:x:last, which inherits from it');
  });
});

describe('a hold', () => {
  const hold = (on: Hold['on'], subject: string, since = '2026-05-01T12:00:00Z'): Hold => ({ id: 'urn:x:hold', on, subject, why: 'a complaint', since });
  const appears = (performers: string[] | string): Partial<PolicyRequest> => ({ targets: [{ id: film, ancestors: [], facts: { appearsPerformer: performers } }] });
  test.each<[string, Hold, Partial<PolicyRequest>, string]>([
    ['on the title', hold('title', film), {}, 'refuse'],
    ['on what it lies in', hold('title', 'urn:x:catalogue'), {}, 'refuse'],
    ['on another title', hold('title', 'urn:x:other'), {}, 'permit'],
    ['on a title that has the id of who asks', hold('title', 'urn:x:studio'), {}, 'permit'],
    ['on a title that has the id of the licence', hold('title', 'urn:x:p'), {}, 'permit'],
    ['on a performer who is not the only one', hold('performer', 'urn:x:a'), appears('urn:x:b'), 'permit'],
    ['on who asks', hold('studio', 'urn:x:studio'), {}, 'refuse'],
    ['on another studio', hold('studio', film), {}, 'permit'],
    ['on the licence', hold('licence', 'urn:x:p'), {}, 'refuse'],
    ['on a licence that does not govern it', hold('licence', film), {}, 'permit'],
    ['on who appears', hold('performer', 'urn:x:a'), appears(['urn:x:b', 'urn:x:a']), 'refuse'],
    ['on the one who appears', hold('performer', 'urn:x:a'), appears('urn:x:a'), 'refuse'],
    ['on who does not appear', hold('performer', 'urn:x:a'), appears(['urn:x:b']), 'permit'],
    ['on a performer where nobody appears', hold('performer', 'urn:x:a'), appears([]), 'permit'],
    ['on a performer where it is not known who appears', hold('performer', 'urn:x:a'), {}, 'refuse'],
    ['on a performer, said of the whole request', hold('performer', 'urn:x:a'), { facts: { appearsPerformer: ['urn:x:b'] } }, 'permit'],
    ['that is not in force yet', hold('title', film, '2026-05-01T12:00:01Z'), {}, 'permit'],
    ['on the licence, not in force yet', hold('licence', 'urn:x:p', '2026-05-01T12:00:01Z'), {}, 'permit'],
    ['that does not say since when', hold('title', film, 'today'), {}, 'refuse'],
  ])('%s', (_, one, more, outcome) => {
    expect(ask([allows], more, { holds: [one] }).outcome).toBe(outcome);
  });
  test('says who holds what, and that lifting it would do', () => {
    expect(ask([allows], {}, { holds: [hold('title', film)] }).reason).toEqual({ rules: ['urn:x:hold'], facts: [], sentence: `Refused: a hold on the title ${film} is in force since 1 May 2026, 12:00 UTC (a complaint).`, whatWouldChangeIt: 'Lifting the hold.' });
    expect(ask([policyOf('p', { prohibition: [rule('1')] })], {}, { holds: [hold('performer', 'urn:x:a', 'today')] }).reason).toMatchObject({
      sentence: `Refused: a hold on the performer urn:x:a is in force (a complaint); it is not known who appears in ${film}.`,
      whatWouldChangeIt: `Knowing that urn:x:a does not appear in ${film}, or lifting the hold; other terms refuse it as well.`,
    });
  });
  test('names what people have a name for, and not an id that was drawn at random', () => {
    const id = 'urn:uuid:01993a3e-0000-7000-8000-000000000001';
    const on = (kind: Hold['on'], targets = [{ id, ancestors: [] }]) => ask([], { targets }, { holds: [{ ...hold(kind, id), subject: id }] }).reason;
    const since = 'is in force since 1 May 2026, 12:00 UTC (a complaint)';
    expect(on('title').sentence).toBe(`Refused: a hold on this title ${since}.`);
    expect(on('title', [{ id, ancestors: [] }, { id: film, ancestors: [] }]).sentence).toContain(`a hold on one of the titles ${since}. All 2`);
    expect(on('performer')).toMatchObject({ sentence: `Refused: a hold on the performer ${id} ${since}; it is not known who appears in this title.`, whatWouldChangeIt: expect.stringContaining('appear in this title, or lifting') });
    expect(ask([], { targets: [{ id, ancestors: [] }] }).reason.sentence).toBe('Refused: no licence covers this title.');
  });
  test('on whoever needs no more than to be lifted', () => {
    for (const one of [hold('studio', 'urn:x:studio'), hold('licence', 'urn:x:p'), hold('title', film)]) expect(ask([allows], {}, { holds: [one] }).reason.whatWouldChangeIt).toBe('Lifting the hold.');
  });
  test('of a parent counts for the child', () => {
    expect(ask([policyOf('child', { permission: [rule('2')] }, [allows])], {}, { holds: [hold('licence', 'urn:x:p')] }).reason.rules).toEqual(['urn:x:hold']);
  });
});

describe('an exclusion', () => {
  const exclusion = (more: Partial<Exclusion> = {}): Exclusion => ({ id: 'urn:x:e', target: film, segment: { first: 100, end: 200, rate: '24' }, why: 'a scene', ...more });
  const frames = (first: number, end: number): Partial<PolicyRequest> => ({ targets: [{ id: film, ancestors: ['urn:x:catalogue'], segment: { first, end, rate: '24' } }] });
  test.each<[string, Exclusion, Partial<PolicyRequest>, string]>([
    ['of frames of the whole', exclusion(), {}, 'refuse'],
    ['up to its first frame', exclusion(), frames(0, 100), 'permit'],
    ['of its first frame', exclusion(), frames(0, 101), 'refuse'],
    ['of its last frame', exclusion(), frames(199, 300), 'refuse'],
    ['behind it', exclusion(), frames(200, 300), 'permit'],
    ['of what it lies in', exclusion({ target: 'urn:x:catalogue' }), {}, 'refuse'],
    ['of another title', exclusion({ target: 'urn:x:other' }), {}, 'permit'],
    ['for this action', exclusion({ actions: ['backlot:fineTune'] }), {}, 'refuse'],
    ['for what it is a kind of', exclusion({ actions: ['curate', 'train'] }), {}, 'refuse'],
    ['for another action', exclusion({ actions: ['backlot:coTrain'] }), {}, 'permit'],
    ['for a kind of what is asked as such', exclusion({ actions: ['backlot:coTrain'] }), { action: 'train' }, 'refuse'],
    ['for a kind of what is done itself', exclusion({ actions: ['backlot:generateLikeness'] }), { action: 'generate' }, 'permit'],
    ['for no action at all', exclusion({ actions: [] }), {}, 'permit'],
  ])('%s', (_, one, more, outcome) => {
    expect(ask([policyOf('p', { permission: [rule('1', { action: ['backlot:train', 'backlot:generate'] })] })], more, { exclusions: [one] }).outcome).toBe(outcome);
  });
  test('is named in the reason', () => {
    expect(ask([allows], {}, { exclusions: [exclusion({ clause: '7' })] }).reason).toEqual({ rules: ['urn:x:e'], facts: [], sentence: `Refused: clause 7 leaves out frames 100 to 199 at 24 a second of ${film} (a scene).`, whatWouldChangeIt: 'A request for other frames, or lifting the exclusion.' });
    expect(ask([allows], {}, { exclusions: [exclusion(), exclusion()].map((one, at) => ({ ...one, id: `urn:x:e${at}` })) }).reason).toMatchObject({ rules: ['urn:x:e0'], sentence: `Refused: an exclusion leaves out frames 100 to 199 at 24 a second of ${film} (a scene).`, whatWouldChangeIt: 'A request for other frames, or lifting the exclusion; other terms refuse it as well.' });
  });
});

describe('a party', () => {
  const forParty = (assignee: unknown, kind = 'permission'): CompiledPolicy => policyOf('p', { permission: [rule('1', kind === 'permission' ? { assignee } : {})], ...(kind === 'prohibition' ? { prohibition: [rule('2', { assignee })] } : {}) });
  const refined = [{ '@type': 'PartyCollection', source: 'urn:x:studio', refinement: [is('purpose', 'eq', 'study')] }];
  test.each<[string, CompiledPolicy, Partial<PolicyRequest>, string]>([
    ['who asks', forParty('urn:x:studio'), {}, 'permit'],
    ['one of those who ask', forParty(['urn:x:other', 'urn:x:studio']), { assignee: ['urn:x:member', 'urn:x:studio'] }, 'permit'],
    ['somebody else', forParty('urn:x:other'), {}, 'refuse'],
    ['of a collection, as its refinement says', forParty(refined), { purpose: 'study' }, 'permit'],
    ['of a collection, other than its refinement says', forParty(refined), { purpose: 'sale' }, 'refuse'],
    ['of a collection, not known', forParty(refined), {}, 'refuse'],
    ['of a collection, or a plain one', forParty([...refined, 'urn:x:member']), { assignee: ['urn:x:member'] }, 'permit'],
    ['of a collection, prohibited', forParty(refined, 'prohibition'), { purpose: 'study' }, 'refuse'],
    ['of a collection, not prohibited', forParty(refined, 'prohibition'), { purpose: 'sale' }, 'permit'],
    ['of a collection, not known and so prohibited', forParty(refined, 'prohibition'), {}, 'refuse'],
  ])('%s', (_, policy, more, outcome) => {
    expect(ask([policy], more).outcome).toBe(outcome);
  });
  test('of whom something is asked is a line of its own, and a plain one another', () => {
    expect([forParty(refined), forParty([...refined, 'urn:x:member', 'urn:x:other']), forParty('urn:x:studio')].map((policy) => ask([policy]).trace.map(({ constraints }) => constraints.length))).toEqual([[1], [0, 1], [0]]);
  });
  test('that does not ask is named', () => {
    expect(ask([forParty(['urn:x:other', 'urn:x:third'])]).reason.sentence).toBe('Refused: clause 1 allows training to urn:x:other or urn:x:third only, which does not cover this request.');
  });
});

test.each<[string, unknown, string]>([
  ['no action', { action: 5 }, 'names no action'],
  ['an unknown action', { action: 'teleport' }, '"teleport" is not an action of the profile'],
  ['no time', { now: undefined }, 'no time with its zone'],
  ['a time without zone', { now: '2026-01-01T00:00:00' }, 'no time with its zone'],
  ['nobody who asks', { assignee: 'urn:x:studio' }, 'does not list who asks'],
  ['parties that are none', { assignee: [5] }, 'does not list who asks'],
  ['no targets', { targets: [] }, 'names nothing to act on'],
  ['targets that are no list', { targets: { length: 1 } }, 'names nothing to act on'],
  ['a target that is nothing', { targets: [null] }, 'has no id'],
  ['a target without id', { targets: [{ ancestors: [] }] }, 'has no id'],
  ['a target that says not what it lies in', { targets: [{ id: film }] }, 'does not list what it lies in'],
  ['an ancestor that is none', { targets: [{ id: film, ancestors: [{}] }] }, 'does not list what it lies in'],
  ['no segment', { targets: [{ id: film, ancestors: [], segment: null }] }, 'not a range of frames at a rate'],
  ['a segment backwards', { targets: [{ id: film, ancestors: [], segment: { first: 2, end: 1, rate: '24' } }] }, 'not a range of frames at a rate'],
])('a request that makes no sense is refused and never thrown at: %s', (_, more, problem) => {
  const evaluation = ask([allows], more as object, { infringements: [{ rule: 'urn:x:p#1', at: '2026-01-01T00:00:00Z' }] });
  expect(evaluation).toMatchObject({ outcome: 'refuse', trace: [], policies: [], obligations: [] });
  expect(evaluation.reason).toMatchObject({ rules: [], facts: [], whatWouldChangeIt: 'A request with a known action, a time with its zone, who asks and at least one target.' });
  expect(evaluation.reason.sentence).toContain(problem);
  expect(evaluation.toJSON().requestSha256).toMatch(/^[0-9a-f]{64}$/);
});

test('the clauses about an asset and what it lies in are judged once each, in the order of the policy', () => {
  const policy = compilePolicy({ '@context': context, '@type': 'Set', uid: 'urn:x:p', permission: [rule('1', { target: 'urn:x:catalogue' }), rule('2', { target: film }), rule('3'), rule('4', { target: 'urn:x:other' }), rule('5', { target: 'urn:x:catalogue' }), rule('6', { target: [film, 'urn:x:series'] })] });
  const lines = (ancestors: string[], id = film): string[] => ask([policy], { targets: [{ id, ancestors }] }).trace.map(({ clause }) => clause!);
  expect([lines(['urn:x:catalogue', 'urn:x:catalogue', film]), lines(['urn:x:series', 'urn:x:catalogue']), lines([]), lines([], 'urn:x:lone')]).toEqual([['1', '2', '3', '5', '6'], ['1', '2', '3', '5', '6', '6'], ['2', '3', '6'], ['3']]);
});

test('of several permissions that hold, the one that asks for least is the one that counts', () => {
  const duty = (uid: string): object => ({ uid: `#${uid}`, action: 'inform', 'backlot:phase': 'backlot:post' });
  const chosen = (...rules: object[]): string[] => ask([policyOf('p', { permission: rules })]).reason.rules;
  expect([chosen(rule('1', { duty: [duty('a')] }), rule('2')), chosen(rule('1'), rule('2', { duty: [duty('a')] })), chosen(rule('1'), rule('2')), chosen(rule('1', { duty: [duty('a'), duty('b')] }), rule('2', { duty: [duty('c')] }))]).toEqual([['urn:x:p#2'], ['urn:x:p#1'], ['urn:x:p#1'], ['urn:x:p#2']]);
});

test('a prohibition that does not hold has no part in a refusal', () => {
  const sale = { constraint: [is('purpose', 'eq', 'sale')] };
  expect(ask([policyOf('p', { permission: [rule('1', sale)], prohibition: [rule('2', sale)] })], { purpose: 'study' }).reason.rules).toEqual(['urn:x:p#1']);
});

test('all of an answer is there as JSON', () => {
  const evaluation = ask([allows], { purpose: 'study' });
  const told = JSON.parse(JSON.stringify(evaluation)) as Evaluation;
  expect(told).toEqual({ outcome: 'permit', policies: [{ id: 'urn:x:p', version: '1', sha256: allows.sha256 }], requestSha256: evaluation.requestSha256, stateSha256: canonicalSha256({ performed: [] }), trace: evaluation.trace, reason: evaluation.reason, obligations: [] });
  expect(evaluation.requestSha256).toBe(canonicalSha256({ action: 'fineTune', assignee: ['urn:x:studio'], now: '2026-05-01T12:00:00Z', targets: [{ id: film, ancestors: ['urn:x:catalogue'] }], purpose: 'study' }));
  expect(evaluation.reason).toBe(evaluation.reason);
});

test('an action that one of the policies knows is one, for whoever else decides', () => {
  const words = vocabulary.extend({ actions: { 'urn:x:screen': { includedIn: 'odrl:use', words: 'a screening' } } });
  const screens = compilePolicy({ '@context': context, '@type': 'Set', uid: 'urn:x:s', target: film, permission: [{ action: 'urn:x:screen' }] }, { vocabulary: words });
  const elsewhere = policyOf('q', { target: 'urn:x:other', permission: [rule('1')] });
  expect([[elsewhere, screens], [screens, elsewhere], [screens], [elsewhere]].map((policies) => ask(policies, { action: 'urn:x:screen' }).outcome)).toEqual(['permit', 'permit', 'permit', 'refuse']);
  const exclusions = [{ id: 'urn:x:e', target: film, segment: { first: 0, end: 1, rate: '24' }, actions: ['odrl:use'], why: 'a scene' }];
  expect(ask([elsewhere, screens], { action: 'urn:x:screen' }, { exclusions }).outcome).toBe('refuse');
  expect(ask([]).reason.sentence).toBe(`Refused: no licence covers ${film}.`);
});

test('what has no canonical JSON is hashed all the same', () => {
  const { requestSha256, outcome } = ask([allows], { facts: { 'odrl:resolution': NaN } });
  expect([outcome, requestSha256]).toEqual(['permit', '74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b']);
});

describe('what would change it', () => {
  const change1 = (policy: CompiledPolicy, more: Partial<PolicyRequest> = {}): string => ask([policy], more).reason.whatWouldChangeIt;
  const limited = (constraint: object, kind = 'permission'): CompiledPolicy => policyOf('p', { 'backlot:timeZone': 'UTC', permission: [rule('1', kind === 'permission' ? { constraint: [constraint] } : {})], ...(kind === 'prohibition' ? { prohibition: [rule('2', { constraint: [constraint] })] } : {}) });
  const date = (operator: string, value: string): object => is('dateTime', operator, { '@value': value, '@type': 'xsd:date' });
  test.each<[string, string, string]>([
    ['a purpose', change1(limited(is('purpose', 'eq', 'study')), { purpose: 'sale' }), 'A request for the purpose study, or a signed amendment of clause 1 that covers it.'],
    ['a purpose that was not said', change1(limited(is('purpose', 'eq', 'study'))), 'Stating the purpose, for a request for the purpose study, or a signed amendment of clause 1 that covers it.'],
    ['a later day', change1(limited(date('gteq', '2027-01-01'))), 'A request from 1 Jan 2027, or a signed amendment of clause 1 that covers it.'],
    ['an earlier day', change1(limited(date('lteq', '2026-01-01'))), 'A request made in time (until 1 Jan 2026), or a signed amendment of clause 1 that covers it.'],
    ['fewer uses', change1(limited(is('count', 'lteq', 3)), { counts: { train: 9 } }), 'A request for up to 3 uses, or a signed amendment of clause 1 that covers it.'],
    ['no number of uses', change1(limited(is('count', 'lt', 1)), { counts: { train: 9 } }), 'A signed amendment of clause 1 that covers it.'],
    ['another place than the prohibited', change1(limited(is('spatial', 'eq', 'DE'), 'prohibition'), { spatial: 'DE' }), 'A request outside DE, or a signed amendment that lifts clause 2.'],
    ['a permit', change1(limited(is('spatial', 'eq', 'DE')), { spatial: 'DE' }), 'A request outside DE, a prohibition, or the end of the licence.'],
    ['a permit without limits', change1(allows), 'A prohibition, or the end of the licence.'],
    ['a prohibition without limits', change1(policyOf('p', { permission: [rule('1')], prohibition: [rule('2'), rule('3')] })), 'A signed amendment that lifts clause 2 and clause 3.'],
    ['a prohibition beside which nothing is allowed', change1(policyOf('p', { prohibition: [rule('2')] })), 'A signed amendment that lifts clause 2 and allows fine-tuning.'],
    ['what is not mentioned', change1(allows, { action: 'curate' }), 'A signed amendment that allows curation.'],
    ['what no licence covers', change1(policyOf('p', { target: 'urn:x:other', permission: [rule('1')] })), 'A licence for it that allows fine-tuning.'],
  ])('%s', (_, said, expected) => {
    expect(said).toBe(expected);
  });

  test('says that it is not enough where it is not', () => {
    const two = ask([allows, policyOf('q', { permission: [rule('1', { constraint: [is('purpose', 'eq', 'study')] })], prohibition: [rule('2')] }), policyOf('r', { permission: [rule('1', { action: 'backlot:curate' })] })]);
    expect(two.reason.whatWouldChangeIt).toMatch(/; other terms refuse it as well\.$/);
  });

  test('a change of one constraint turns the answer round, by the naive reading too', () => {
    let tried = 0;
    fc.assert(
      fc.property(leaf, fc.constantFrom('permission', 'prohibition'), chance, (constraint, kind, { request }) => {
        const document = { '@context': context, '@type': 'Set', uid: 'urn:x:p', permission: [{ ...rule('1', kind === 'permission' ? { constraint: [constraint] } : {}), target: film, uid: 'urn:x:p#1' }], prohibition: kind === 'prohibition' ? [{ ...rule('2', { constraint: [constraint] }), target: film, uid: 'urn:x:p#2' }] : [] };
        const policy = compilePolicy(document);
        const asked = { ...request, action: 'backlot:fineTune', targets: [{ id: film, ancestors: [] }] };
        const before = evaluate([policy], asked, { performed: [] });
        const line = before.trace.find((one) => one.kind === kind)!;
        const condition = policy.clauses.find((clause) => clause.rule.kind === kind)!.conditions[0]!;
        const changes = changesFor(condition, line.constraints[0]!, kind === 'permission' ? !line.active : false);
        const settling = kind === 'permission' ? !line.active : line.active;
        if (!changes || changes.length === 0 || !settling) return;
        tried += 1;
        const changed = change(asked, film, line.rule, changes);
        const after = evaluate([policy], changed, { performed: [] });
        expect([before.outcome, after.outcome]).toEqual(['refuse', 'permit']);
        expect(naive([document], [document], changed, { performed: [] }).outcome).toBe('permit');
        expect(before.reason.whatWouldChangeIt).toMatch(/^(A request|Stating)/);
      }),
      { numRuns: Number(process.env.BACKLOT_AGREEMENTS ?? 1000) },
    );
    expect(tried).toBeGreaterThan(20);
  });

  test('without the rules that refuse, the answer or its reason is another', () => {
    fc.assert(
      fc.property(chance, (world) => {
        const policies = inOrder(world).filter((_, at) => world.asked.includes(at));
        const before = evaluate(policies, world.request, world.state);
        const named = before.reason.rules.filter((uid) => uid.includes('#'));
        if (before.outcome === 'permit' || named.length === 0) return;
        const lifted = policies.map((policy) => without(policy, new Set(named)));
        const after = evaluate(lifted, world.request, world.state);
        expect(after.outcome === 'permit' || JSON.stringify(after.reason) !== JSON.stringify(before.reason)).toBe(true);
        // No smaller set of prohibitions settles it than one of them.
        const prohibitions = before.trace.filter(({ active, kind, rule: uid }) => active && kind === 'prohibition' && named.includes(uid));
        if (prohibitions.length > 0) expect(new Set(named).size).toBeLessThanOrEqual(2);
      }),
      { numRuns: Number(process.env.BACKLOT_AGREEMENTS ?? 1000) },
    );
  });
});
