import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compilePolicy, evaluate, type CompiledPolicy, type PolicyRequest } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
type Doc = Record<string, unknown>;
const policy = (uid: string, more: Doc): Doc => ({ '@context': context, '@type': 'Agreement', uid: `urn:example:${uid}`, ...more });

// A small world in which rules often meet requests.
const actions = ['backlot:train', 'backlot:fineTune', 'backlot:coTrain', 'backlot:generate', 'backlot:generateLikeness', 'backlot:curate', 'use'];
const assets = ['urn:x:catalogue', 'urn:x:series', 'urn:x:film', 'urn:x:other'];
const leaf: fc.Arbitrary<Doc> = fc.oneof(
  fc.record({ leftOperand: fc.constant('purpose'), operator: fc.constantFrom('eq', 'neq', 'isAnyOf', 'isNoneOf'), rightOperand: fc.constantFrom('a', 'b') }),
  fc.record({ leftOperand: fc.constant('spatial'), operator: fc.constantFrom('eq', 'neq', 'isPartOf', 'hasPart'), rightOperand: fc.constantFrom('DE', 'EU', 'US') }),
  fc.record({ leftOperand: fc.constant('count'), operator: fc.constantFrom('lt', 'lteq', 'gt', 'gteq', 'eq'), rightOperand: fc.nat(3) }),
  fc.record({
    leftOperand: fc.constant('dateTime'),
    operator: fc.constantFrom('lt', 'gteq'),
    rightOperand: fc.constantFrom('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z').map((value) => ({ '@value': value, '@type': 'xsd:dateTime' })),
  }),
);
const { constraint } = fc.letrec<{ constraint: Doc }>((tie) => ({
  constraint: fc.oneof({ maxDepth: 2 }, leaf, fc.tuple(fc.constantFrom('and', 'or', 'xone'), fc.array(tie('constraint'), { minLength: 1, maxLength: 3 })).map(([logic, of]) => ({ [logic]: of }))),
}));
const rule = fc.record({ action: fc.constantFrom(...actions), target: fc.constantFrom(...assets), constraint: fc.array(constraint, { maxLength: 2 }) });
const rules = fc.record({ permission: fc.array(rule, { minLength: 1, maxLength: 4 }), prohibition: fc.array(rule, { maxLength: 2 }) });
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const request: fc.Arbitrary<PolicyRequest> = fc
  .record({ action: fc.constantFrom(...actions.map((name) => (name === 'use' ? 'odrl:use' : name))), purpose: optional(fc.constantFrom('a', 'b', 'c')), spatial: optional(fc.constantFrom('DE', 'FR', 'EU', 'US')), count: optional(fc.nat(3)), now: fc.constantFrom('2025-06-01T00:00:00Z', '2026-06-01T00:00:00Z') })
  .map(({ count, purpose, spatial, action, now }) => ({
    action,
    now,
    assignee: [],
    targets: [{ id: 'urn:x:film', ancestors: ['urn:x:series', 'urn:x:catalogue'] }],
    ...(purpose === undefined ? {} : { purpose }),
    ...(spatial === undefined ? {} : { spatial }),
    ...(count === undefined ? {} : { counts: Object.fromEntries([...actions.map((name) => name.replace('backlot:', '')), 'odrl:use'].map((name) => [name, count])) }),
  }));
const outcome = (compiled: CompiledPolicy[], asked: PolicyRequest): string => evaluate(compiled, asked, { performed: [] }).outcome;
const compiled = (given: Doc, uid = 'p'): CompiledPolicy => compilePolicy(policy(uid, given));
const runs = { numRuns: 200 };

describe('for any policies and request', () => {
  test('one more prohibition never turns a refusal into a permit', () => {
    fc.assert(
      fc.property(rules, rule, request, (given, more, asked) => {
        const harder = { ...given, prohibition: [...given.prohibition, more] };
        return !(outcome([compiled(given)], asked) === 'refuse' && outcome([compiled(harder)], asked) === 'permit');
      }),
      runs,
    );
  });

  test('one permission less never turns a refusal into a permit', () => {
    fc.assert(
      fc.property(rules, rule, request, (given, extra, asked) => {
        const wider = { ...given, permission: [...given.permission, extra] };
        return !(outcome([compiled(wider)], asked) === 'refuse' && outcome([compiled(given)], asked) === 'permit');
      }),
      runs,
    );
  });

  test('one more policy that governs the target never turns a refusal into a permit, unless nothing covered it', () => {
    fc.assert(
      fc.property(rules, rules, request, (given, more, asked) => {
        const before = evaluate([compiled(given)], asked, { performed: [] });
        const after = outcome([compiled(given), compiled(more, 'q')], asked);
        return !(before.outcome === 'refuse' && before.policies.length > 0 && after === 'permit');
      }),
      runs,
    );
  });

  test('a fact less never turns a refusal into a permit', () => {
    fc.assert(
      fc.property(rules, request, fc.constantFrom('purpose', 'spatial', 'counts'), (given, asked, fact) => {
        const { [fact as 'purpose']: _, ...less } = asked;
        return !(outcome([compiled(given)], asked) === 'refuse' && outcome([compiled(given)], less) === 'permit');
      }),
      runs,
    );
  });

  test('one more target never turns a refusal into a permit', () => {
    fc.assert(
      fc.property(rules, request, fc.constantFrom(...assets), (given, asked, id) => {
        const more = { ...asked, targets: [...asked.targets, { id, ancestors: [] }] };
        return !(outcome([compiled(given)], asked) === 'refuse' && outcome([compiled(given)], more) === 'permit');
      }),
      runs,
    );
  });

  test('the same question has the same answer to the byte, whatever the order of the policies', () => {
    fc.assert(
      fc.property(rules, rules, request, (one, two, asked) => {
        const [p, q] = [compiled(one), compiled(two, 'q')];
        expect(evaluate([p, q], asked, { performed: [] })).toEqual(evaluate([compiled(one), compiled(two, 'q')], asked, { performed: [] }));
        expect(outcome([p, q], asked)).toBe(outcome([q, p], asked));
      }),
      { numRuns: 50 },
    );
  });
});

const targets = [{ id: 'urn:x:film', ancestors: [] }];
const ask = (more: Partial<PolicyRequest> = {}): PolicyRequest => ({ action: 'fineTune', targets, assignee: [], now: '2026-02-03T00:00:00Z', ...more });

test('the sentence of the contract that ended: clause, limit and today', () => {
  const given = compiled({
    'backlot:timeZone': 'UTC',
    permission: [{ 'backlot:clause': '4.2', action: 'backlot:fineTune', target: 'urn:x:film', constraint: [{ leftOperand: 'dateTime', operator: 'lteq', rightOperand: { '@value': '2026-01-31', '@type': 'xsd:date' } }] }],
  });
  const { reason, trace } = evaluate([given], ask(), { performed: [] });
  expect(reason.sentence).toBe('Refused: clause 4.2 allows fine-tuning until 31 Jan 2026; today is 3 Feb 2026.');
  expect(reason.facts).toEqual([{ name: 'odrl:dateTime', value: '2026-02-03T00:00:00Z' }]);
  expect(trace).toMatchObject([{ clause: '4.2', matched: true, active: false, constraints: [{ actual: '2026-02-03T00:00:00Z', result: false }] }]);
});

test('a day ends when the clocks of its time zone say so, on the days of the clock change too', () => {
  const until = (zone: string, day: string): CompiledPolicy =>
    compiled({ 'backlot:timeZone': zone, permission: [{ action: 'backlot:fineTune', target: 'urn:x:film', constraint: [{ leftOperand: 'dateTime', operator: 'lteq', rightOperand: { '@value': day, '@type': 'xsd:date' } }] }] });
  for (const [zone, day, last] of [
    ['Europe/Berlin', '2026-03-29', '2026-03-29T21:59:59.999Z'],
    ['Europe/Berlin', '2026-10-25', '2026-10-25T22:59:59.999Z'],
    ['America/New_York', '2026-07-04', '2026-07-05T03:59:59.999Z'],
    ['Asia/Kolkata', '2026-01-01', '2026-01-01T18:29:59.999Z'],
  ] as const) {
    const next = new Date(Date.parse(last) + 1).toISOString();
    expect([zone, outcome([until(zone, day)], ask({ now: last })), outcome([until(zone, day)], ask({ now: next }))]).toEqual([zone, 'permit', 'refuse']);
  }
});

test('every licence of every title must allow it, and the reason names the one that does not', () => {
  const permits = (uid: string, target: string, action: string): CompiledPolicy => compiled({ permission: [{ action, target }] }, uid);
  const both = [permits('catalogue', 'urn:x:catalogue', 'backlot:train'), permits('film', 'urn:x:film', 'backlot:curate')];
  const inCatalogue = ask({ targets: [{ id: 'urn:x:film', ancestors: ['urn:x:catalogue'] }] });
  expect(evaluate(both, inCatalogue, { performed: [] })).toMatchObject({ outcome: 'refuse', policies: [{ id: 'urn:example:catalogue' }, { id: 'urn:example:film' }] });
  expect(evaluate(both, inCatalogue, { performed: [] }).reason.sentence).toContain('“urn:example:film” (version 1) does not mention fine-tuning');
  const many = ask({ targets: [{ id: 'urn:x:a', ancestors: ['urn:x:catalogue'] }, { id: 'urn:x:b', ancestors: [] }, { id: 'urn:x:c', ancestors: ['urn:x:catalogue'] }] });
  expect(evaluate(both.slice(0, 1), many, { performed: [] }).reason.sentence).toBe('Refused: no licence covers urn:x:b. 1 of the 3 titles asked for is refused.');
});

test('a permit starts its duties with their deadlines, a refusal none', () => {
  const given = compiled({
    permission: [{ action: 'backlot:fineTune', target: 'urn:x:film', duty: [{ uid: '#pay', 'backlot:clause': '8', action: 'compensate', 'backlot:phase': { '@id': 'backlot:post' }, 'backlot:deadline': 'P1M' }] }],
    obligation: [{ uid: '#retire', action: 'backlot:retireModel', 'backlot:trigger': { '@id': 'backlot:onExpiry' }, 'backlot:deadline': 'P90D' }],
  });
  expect(evaluate([given], ask({ now: '2026-01-31T12:00:00Z' }), { performed: [] }).obligations).toEqual([
    { policy: 'urn:example:p', duty: 'urn:example:p#pay', clause: '8', action: 'odrl:compensate', phase: 'post', trigger: 'onUse', period: 'P1M', deadline: '2026-02-28T12:00:00.000Z' },
    { policy: 'urn:example:p', duty: 'urn:example:p#retire', action: 'retireModel', phase: 'post', trigger: 'onExpiry', period: 'P90D', deadline: null },
  ]);
  expect(evaluate([given], ask({ action: 'export' }), { performed: [] }).obligations).toEqual([]);
});

test('asking for training as such asks for every kind of it', () => {
  const given = compiled({ permission: [{ action: ['backlot:train', 'backlot:generate'], target: 'urn:x:film' }], prohibition: [{ action: ['backlot:coTrain', 'backlot:generateLikeness'], target: 'urn:x:film' }] });
  const answers = ['train', 'fineTune', 'coTrain', 'generate', 'generateLikeness'].map((action) => outcome([given], ask({ action })));
  expect(answers).toEqual(['refuse', 'permit', 'refuse', 'permit', 'refuse']);
});

test('the hashes are of the request and state that were given', () => {
  const given = compiled({ permission: [{ action: 'backlot:fineTune', target: 'urn:x:film' }] });
  const one = evaluate([given], ask(), { performed: [] });
  const two = evaluate([given], ask({ purpose: 'a' }), { performed: [{ duty: 'urn:x:d', at: '2026-01-01T00:00:00Z' }] });
  expect(one.requestSha256).toMatch(/^[0-9a-f]{64}$/);
  expect([one.requestSha256, one.stateSha256]).not.toEqual([two.requestSha256, two.stateSha256]);
  expect(one.policies).toEqual([{ id: given.id, version: '1', sha256: given.sha256 }]);
});

test.each([
  ['the amount that the contract names', { value: 5, unit: 'urn:x:eur' }, 'permit'],
  ['a number, which counts as in its unit', 5, 'permit'],
  ['nothing said of the amount: whoever recorded it judged', undefined, 'permit'],
  ['another amount', { value: 4, unit: 'urn:x:eur' }, 'refuse'],
  ['the number in another unit', { value: 5, unit: 'urn:x:usd' }, 'refuse'],
  ['what is not an amount', 'five', 'refuse'],
])('a payment counts in the manner that the duty asks for: %s', (_, payAmount, expected) => {
  const refinement = [{ leftOperand: 'payAmount', operator: 'eq', rightOperand: { '@value': '5.00', '@type': 'xsd:decimal' }, unit: 'urn:x:eur' }];
  const licence = compiled({ permission: [{ action: 'play', target: 'urn:x:film', duty: [{ uid: '#pay', action: [{ 'rdf:value': { '@id': 'odrl:compensate' }, refinement }] }] }] });
  const performed = [{ duty: 'urn:example:p#pay', at: '2026-01-01T00:00:00Z', facts: { media: 'bank', ...(payAmount === undefined ? {} : { 'odrl:payAmount': payAmount }) } }];
  expect(evaluate([licence], { action: 'odrl:play', assignee: [], now: '2026-06-01T00:00:00Z', targets: [{ id: 'urn:x:film', ancestors: [] }] }, { performed }).outcome).toBe(expected);
});

describe('a slip in an id, a count or the state refuses; it never permits', () => {
  const uuid = '0190abcd-0000-7000-8000-00000000abcd';
  const ask = (policies: Doc, more: Partial<PolicyRequest> = {}, state: object = { performed: [] }): string =>
    evaluate([compilePolicy(policies)], { action: 'generate', now: '2026-06-01T00:00:00Z', assignee: [], targets: [{ id: `urn:uuid:${uuid}`, ancestors: ['urn:example:slips#titles', 'urn:eidr:10.5240:AAAA-BBBB'] }], ...more }, state as { performed: [] }).outcome;
  const open = (more: Doc = {}, constraint: Doc[] = []): Doc => policy('slips', { profile: 'urn:backlot:profile:', permission: [{ action: 'backlot:generate', target: '#titles', constraint }], ...more });

  test.each([`URN:UUID:${uuid.toUpperCase()}`, `urn:uuid:${uuid.toUpperCase()}`, 'urn:eidr:10.5240:aaaa-bbbb'])('a prohibition on %s means the asset, however it is written', (target) => {
    expect(ask(open())).toBe('permit');
    expect(ask(open({ prohibition: [{ action: 'backlot:generate', target }] }))).toBe('refuse');
  });

  test.each([[-9, 'refuse'], [0.5, 'refuse'], [Infinity, 'refuse'], [0, 'permit'], [1, 'refuse']])('a count of %d under a cap of one', (count, outcome) => {
    expect(ask(open({}, [{ leftOperand: 'count', operator: 'lteq', rightOperand: 1 }]), { counts: { generate: count } })).toBe(outcome);
  });

  test('a hold on nobody knows what, an exclusion of half a frame, a state without duties', () => {
    const segment = { first: 0, end: 10, rate: '24' };
    const frames: Partial<PolicyRequest> = { targets: [{ id: `urn:uuid:${uuid}`, ancestors: ['urn:example:slips#titles'], segment }] };
    expect(ask(open(), {}, { performed: [], holds: [{ id: 'h', on: 'reel', subject: 'x', why: 'y', since: '2026-01-01T00:00:00Z' }] })).toBe('refuse');
    expect(ask(open(), frames, { performed: [], exclusions: [{ id: 'e', target: `urn:uuid:${uuid}`, segment: { first: 20, end: 30.5, rate: '25' }, why: 'y' }] })).toBe('refuse');
    expect(ask(open(), frames, { exclusions: [{ id: 'e', target: `urn:uuid:${uuid}`, segment: { first: 20, end: 30, rate: '24' }, why: 'y' }] })).toBe('permit');
  });
});
