import fc from 'fast-check';
import type { PolicyRequest, WorldState } from '../src/policy/index.js';
import type { Doc } from './naive.js';

/** Policies, requests and states by chance: a small world, in which rules often meet requests. */

export interface Chance {
  /** Each may inherit from those before it. */
  documents: Doc[];
  /** Which of them are asked. */
  asked: number[];
  request: PolicyRequest;
  state: WorldState;
}

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const actions = ['use', 'play', 'display', 'backlot:train', 'backlot:fineTune', 'backlot:coTrain', 'backlot:generate', 'backlot:generateLikeness'];
const assets = ['urn:x:catalogue', 'urn:x:series', 'urn:x:film', 'urn:x:other'];
const days = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'];
const places = ['DE-BY', 'DE', 'FR', 'US', 'AT', 'EU', 'DACH'];
const performers = ['urn:x:a', 'urn:x:b'];
const licensors = ['urn:x:archive', 'urn:x:rival'];
const clearances = ['cleared', 'pending', 'refused'];
const UNIT = 'urn:x:unit:dpi';

const among = (operators: string[], leftOperand: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<Doc> => fc.record({ leftOperand: fc.constant(leftOperand), operator: fc.constantFrom(...operators), rightOperand: values });
const listOf = (leftOperand: string, values: string[]): fc.Arbitrary<Doc> =>
  fc.oneof(among(['eq', 'neq', 'isA', 'isPartOf', 'hasPart'], leftOperand, fc.constantFrom(...values)), among(['isAnyOf', 'isNoneOf', 'isAllOf'], leftOperand, fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })));
const ordered = ['lt', 'lteq', 'gt', 'gteq', 'eq', 'neq'];

export const leaf: fc.Arbitrary<Doc> = fc.oneof(
  listOf('purpose', ['study', 'promo', 'advert']),
  listOf('spatial', places),
  listOf('backlot:appearsPerformer', performers),
  listOf('backlot:performerClearance', clearances),
  listOf('backlot:coTrainedLicensor', [...licensors, 'backlot:anyOtherLicensor']),
  among(ordered, 'count', fc.nat(3)),
  among(ordered, 'dateTime', fc.constantFrom(...days).map((value) => ({ '@value': value, '@type': 'xsd:dateTime' }))),
  fc.tuple(among(ordered, 'resolution', fc.constantFrom('300', '1200.5').map((value) => ({ '@value': value, '@type': 'xsd:decimal' }))), fc.constantFrom({}, { unit: UNIT })).map(([one, unit]) => ({ ...one, ...unit })),
  fc.record({ leftOperand: fc.constant('purpose'), operator: fc.constantFrom('eq', 'neq', 'isAnyOf'), rightOperandReference: fc.constant('urn:x:agreed-purpose') }),
);

const { condition } = fc.letrec<{ condition: Doc }>((tie) => ({
  condition: fc.oneof({ maxDepth: 2 }, { weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom('and', 'or', 'xone', 'andSequence'), fc.array(tie('condition'), { minLength: 1, maxLength: 3 })).map(([logic, of]) => ({ [logic]: of })) }),
}));

const few = <T>(one: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> => fc.array(one, { maxLength: most });
const frames = fc.constantFrom({ first: 100, end: 200, rate: '24' }, { first: 150, end: 300, rate: '24' }, { first: 104, end: 208, rate: '25' }, { first: 96, end: 97, rate: '24000/1001' });
const target = fc.oneof<fc.Arbitrary<unknown>[]>(
  { weight: 4, arbitrary: fc.constantFrom(...assets) } as never,
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...assets), frames).map(([source, segment]) => ({ '@type': 'Asset', source, 'backlot:segment': segment })) } as never,
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...assets), leaf).map(([source, one]) => ({ '@type': 'AssetCollection', source, refinement: [one] })) } as never,
);
const assignee = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>('urn:x:studio', 'urn:x:stranger', ['urn:x:studio', 'urn:x:stranger']) },
  { weight: 1, arbitrary: leaf.map((one) => [{ '@type': 'PartyCollection', source: 'urn:x:studio', refinement: [one] }, 'urn:x:stranger']) },
);
const duty = fc.record({
  action: fc.constantFrom('inform', 'compensate'),
  'backlot:phase': fc.constantFrom('backlot:pre', 'backlot:pre', 'backlot:post'),
  constraint: few(leaf, 1),
  'backlot:deadline': fc.constantFrom('P10D', 'P40D'),
  consequence: few(fc.record({ action: fc.constant('attribute') }), 1),
});
const rule = fc.record({
  action: fc.oneof(fc.constantFrom(...actions), fc.uniqueArray(fc.constantFrom(...actions), { minLength: 2, maxLength: 2 })),
  target: fc.oneof({ weight: 5, arbitrary: target }, { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...assets), { minLength: 2, maxLength: 3 }) }),
  assignee,
  assigner: fc.constantFrom(undefined, 'urn:x:archive'),
  constraint: few(condition, 2),
});

/** Ids for all that has one, so that the other side can name them. */
function named(uid: string, document: Doc): Doc {
  const duties = (value: unknown, of: string): unknown[] => (value as Doc[]).map((one, at) => ({ ...one, uid: `${of}-d${at}`, ...(one.consequence ? { consequence: duties(one.consequence, `${of}-d${at}`) } : {}) }));
  const rules = (kind: string): Doc[] => (document[kind] as Doc[]).map((one, at) => ({ ...one, uid: `${uid}#${kind}${at}`, ...(one.duty ? { duty: duties(one.duty, `${uid}#${kind}${at}`) } : {}) }));
  // Through JSON, which knows no undefined.
  return JSON.parse(JSON.stringify({ ...document, '@context': context, '@type': 'Set', uid, permission: rules('permission'), prohibition: rules('prohibition') })) as Doc;
}

const documents = fc
  .array(
    fc.record({
      permission: fc.array(fc.tuple(rule, fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(duty, { minLength: 1, maxLength: 2 }) })).map(([one, duties]) => ({ ...one, duty: duties })), { minLength: 1, maxLength: 4 }),
      prohibition: few(rule, 2),
      conflict: fc.constantFrom('prohibit', 'prohibit', 'perm', 'invalid'),
      parents: fc.array(fc.nat(9), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => all.map(({ parents, ...document }, at) => named(`urn:x:p${at}`, { ...document, ...(at > 0 && parents.length > 0 ? { inheritFrom: [...new Set(parents.map((parent) => `urn:x:p${parent % at}`))] } : {}) })));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 3 });
/** Without what is not given: a request that says "undefined" says nothing. */
const plain = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;

const facts = fc
  .record({
    appearsPerformer: maybe(fc.subarray(performers)),
    performerClearance: maybe(few(fc.constantFrom(...clearances), 2)),
    coTrainedLicensor: maybe(fc.subarray(licensors)),
    'odrl:resolution': maybe(fc.constantFrom(200, 1200.5, { value: 300, unit: UNIT }, { value: 300, unit: 'urn:x:unit:other' })),
    'urn:x:agreed-purpose': maybe(fc.constantFrom('study', 'promo')),
  })
  .map(plain);

const request: fc.Arbitrary<PolicyRequest> = fc
  .record({
    action: fc.constantFrom(...actions.map((name) => (name.includes(':') ? name : `odrl:${name}`))),
    targets: fc.array(
      fc
        .tuple(fc.constantFrom({ id: 'urn:x:film', ancestors: ['urn:x:series', 'urn:x:catalogue'] }, { id: 'urn:x:film', ancestors: ['urn:x:series', 'urn:x:catalogue'] }, { id: 'urn:x:other', ancestors: ['urn:x:catalogue', 'urn:x:catalogue'] }, { id: 'urn:x:lone', ancestors: [] }), maybe(frames), maybe(facts))
        .map(([one, segment, own]) => plain({ ...one, segment, facts: own })),
      { minLength: 1, maxLength: 2 },
    ),
    assignee: fc.subarray(['urn:x:studio', 'urn:x:member']),
    now: fc.constantFrom(...days, '2026-02-15T12:00:00Z'),
    purpose: maybe(fc.constantFrom('study', 'promo')),
    spatial: maybe(fc.constantFrom(...places)),
    counts: maybe(fc.nat(3).map((count) => Object.fromEntries(actions.map((name) => [name.startsWith('backlot:') ? name.slice(8) : `odrl:${name}`, count])))),
    facts: maybe(facts),
  })
  .map(plain) as fc.Arbitrary<PolicyRequest>;

const duties = ['urn:x:p0#permission0-d0', 'urn:x:p0#permission0-d1', 'urn:x:p1#permission0-d0', 'urn:x:p0#permission0-d0-d0', 'urn:x:p1#permission1-d0'];
const dutyAt = fc.record({ duty: fc.constantFrom(...duties), at: fc.constantFrom(...days, '2025-12-01T00:00:00Z') });
const rarely = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.oneof({ weight: 6, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: 2 }) });
const state: fc.Arbitrary<WorldState> = fc.record({
  performed: few(dutyAt, 3),
  begun: few(dutyAt, 2),
  exclusions: rarely(
    fc
      .record({ target: fc.constantFrom(...assets), segment: frames, actions: maybe(fc.constantFrom(['backlot:train'], ['backlot:coTrain', 'odrl:display'])) })
      .map((one) => plain({ ...one, id: 'urn:x:exclusion', why: 'it is left out' })),
  ),
  holds: rarely(
    fc
      .constantFrom(['title', 'urn:x:series'], ['title', 'urn:x:film'], ['studio', 'urn:x:studio'], ['licence', 'urn:x:p0'], ['performer', 'urn:x:a'])
      .chain(([on, subject]) => fc.constantFrom(days[0]!, days[2]!).map((since) => ({ id: 'urn:x:hold', on: on as 'title', subject: subject!, why: 'a complaint', since }))),
  ),
});

export const chance: fc.Arbitrary<Chance> = fc.record({ documents, asked: fc.subarray([0, 1, 2], { minLength: 1 }), request, state });
