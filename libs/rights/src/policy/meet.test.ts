import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compilePolicy, evaluate, Meet, type CompiledPolicy, type Facts, type MeetInput, type PolicyRequest, type WorldState } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
type Doc = Record<string, unknown>;
const compiled = (uid: string, more: Doc, parents: CompiledPolicy[] = []): CompiledPolicy =>
  compilePolicy({ '@context': context, '@type': 'Set', uid: `urn:x:${uid}`, ...more }, { parents: new Map(parents.map((parent) => [parent.id, parent])) });

const nothing: WorldState = { performed: [] };
const asked = { action: 'fineTune', assignee: ['urn:x:studio'], now: '2026-05-01T00:00:00Z' };
/** The meaning of a meet: every input is a target of one request, with its own policies. */
const apart = (inputs: readonly MeetInput[], request: Omit<PolicyRequest, 'targets'>, state: WorldState): string =>
  inputs.length > 0 && inputs.every(({ id, ancestors, segment, facts, policies }) => evaluate(policies, { ...request, targets: [{ id, ancestors, ...(segment ? { segment } : {}), ...(facts ? { facts } : {}) }] }, state).outcome === 'permit') ? 'permit' : 'refuse';

const film = { '@type': 'Asset', uid: 'urn:x:film', 'backlot:segment': { first: 100, end: 200, rate: '24' } };
const target = fc.constantFrom<unknown>('urn:x:film', 'urn:x:other', 'urn:x:catalogue', film, { ...film, 'backlot:segment': { first: 150, end: 400, rate: '25' } });
const constraint = fc.constantFrom<Doc>(
  { leftOperand: 'backlot:appearsPerformer', operator: 'isNoneOf', rightOperand: ['urn:x:a'] },
  { leftOperand: 'purpose', operator: 'eq', rightOperand: 'study' },
);
const rule = fc.record({ action: fc.constantFrom('backlot:fineTune', 'backlot:train', 'use', 'backlot:export'), target, constraint: fc.array(constraint, { maxLength: 1 }) });
// Mostly everything is allowed but for a prohibition or two: where all is refused anyway, nothing is told apart.
const usual = fc.constant([{ action: 'use', target: ['urn:x:film', 'urn:x:other', 'urn:x:lone'] }] as Doc[]);
const document = fc.record({ permission: fc.oneof({ weight: 3, arbitrary: usual }, { weight: 1, arbitrary: fc.array(rule as fc.Arbitrary<Doc>, { minLength: 1, maxLength: 3 }) }), prohibition: fc.array(rule, { maxLength: 1 }) });
const kind = fc.record({
  id: fc.constantFrom('urn:x:film', 'urn:x:other', 'urn:x:lone'),
  ancestors: fc.constantFrom<string[]>(['urn:x:catalogue'], []),
  frames: fc.constantFrom(undefined, [0, 50], [100, 150], [120, 130], [190, 210]),
  rate: fc.constantFrom('24', '25'),
  facts: fc.constantFrom<Facts | undefined>(undefined, { appearsPerformer: ['urn:x:a'] }, { appearsPerformer: [] }, { 'odrl:purpose': 'study' }),
  policies: fc.subarray([0, 1, 2], { minLength: 1 }),
});
const step = fc.oneof({ weight: 4, arbitrary: fc.record({ add: kind }) }, { weight: 2, arbitrary: fc.record({ remove: fc.nat() }) }, { weight: 1, arbitrary: fc.record({ replace: fc.nat(2), by: document }) });
const state = fc.constantFrom<WorldState>(
  nothing,
  { performed: [], exclusions: [{ id: 'urn:x:e', target: 'urn:x:film', segment: { first: 125, end: 128, rate: '24' }, why: 'a scene' }] },
  { performed: [], exclusions: [{ id: 'urn:x:e', target: 'urn:x:catalogue', segment: { first: 0, end: 20, rate: '24' }, actions: ['backlot:train'], why: 'a scene' }] },
  { performed: [], holds: [{ id: 'urn:x:h', on: 'performer', subject: 'urn:x:a', why: 'a complaint', since: '2026-01-01T00:00:00Z' }] },
  { performed: [], holds: [{ id: 'urn:x:h', on: 'title', subject: 'urn:x:other', why: 'a complaint', since: '2026-01-01T00:00:00Z' }] },
  { performed: [], holds: [{ id: 'urn:x:h', on: 'licence', subject: 'urn:x:p1', why: 'a complaint', since: '2026-01-01T00:00:00Z' }] },
  { performed: [], holds: [{ id: 'urn:x:h', on: 'studio', subject: 'urn:x:studio', why: 'a complaint', since: '2026-01-01T00:00:00Z' }] },
);

describe('the meet of what went into a derived asset', () => {
  test('is what deciding every input by itself gives, however it came about', () => {
    fc.assert(
      fc.property(fc.tuple(document, document, document), fc.array(step, { minLength: 1, maxLength: 14 }), state, fc.constantFrom(undefined, 'study'), fc.constantFrom('fineTune', 'train', 'export'), (documents, steps, world, purpose, action) => {
        const policies = documents.map((one, at) => compiled(`p${at}`, one));
        const meet = new Meet();
        let inputs: MeetInput[] = [];
        for (const one of steps) {
          if ('add' in one) {
            const { frames, rate, facts, policies: chosen, ...rest } = one.add;
            const input = { ...rest, ...(frames ? { segment: { first: frames[0]!, end: frames[1]!, rate } } : {}), ...(facts ? { facts } : {}), policies: chosen.map((at) => policies[at]!) };
            meet.add(input);
            inputs.push(input);
          } else if ('remove' in one && inputs.length > 0) {
            const [gone] = inputs.splice(one.remove % inputs.length, 1);
            meet.remove(gone!);
          } else if ('replace' in one) {
            const old = policies[one.replace]!;
            const by = compiled(`p${one.replace}`, one.by);
            policies[one.replace] = by;
            meet.replacePolicy(old, by);
            inputs = inputs.map((input) => ({ ...input, policies: input.policies.map((policy) => (policy === old ? by : policy)) }));
          }
          const request = { ...asked, action, ...(purpose === undefined ? {} : { purpose }) };
          expect([meet.size, meet.decide(request, world).outcome]).toEqual([inputs.length, apart(inputs, request, world)]);
        }
      }),
      { numRuns: 250 },
    );
  });

  const permits = (uid: string, target: unknown, action = 'backlot:fineTune'): CompiledPolicy => compiled(uid, { permission: [{ uid: '#p', 'backlot:clause': '1', action, target, duty: [{ uid: '#pay', action: 'compensate', 'backlot:phase': 'backlot:post', 'backlot:deadline': 'P30D' }] }] });

  test('costs as many decisions as there are kinds of input', () => {
    const catalogue = permits('catalogue', ['urn:x:c1', 'urn:x:c2']);
    const meet = new Meet();
    for (let at = 0; at < 300; at += 1) meet.add({ id: `urn:x:film-${at % 30}`, ancestors: [`urn:x:c${(at % 2) + 1}`], segment: { first: at, end: at + 10, rate: '24000/1001' }, policies: [catalogue] });
    const decision = meet.decide(asked, nothing);
    expect(decision).toMatchObject({ outcome: 'permit', inputs: 300, classes: 1, policies: [{ id: 'urn:x:catalogue' }] });
    expect(decision.reason).toMatchObject({ rules: ['urn:x:catalogue#p'] });
    expect(decision.obligations).toMatchObject([{ duty: 'urn:x:catalogue#pay', deadline: '2026-05-31T00:00:00.000Z' }]);
  });

  test('one licence less, and it is refused in the words of that licence', () => {
    const [one, two] = [permits('one', 'urn:x:a'), permits('two', 'urn:x:b')];
    const meet = new Meet();
    meet.add({ id: 'urn:x:a', ancestors: [], policies: [one] });
    meet.add({ id: 'urn:x:b', ancestors: [], policies: [two] });
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', inputs: 2, classes: 2 });
    const less = permits('two', 'urn:x:b', 'backlot:curate');
    meet.replacePolicy(two, less);
    const decision = meet.decide(asked, nothing);
    expect(decision).toMatchObject({ outcome: 'refuse', inputs: 2, policies: [{ id: 'urn:x:one' }, { id: 'urn:x:two' }], obligations: [] });
    expect(decision.reason.sentence).toBe('Refused: the licence “urn:x:two” (version 1) does not mention fine-tuning, and what it does not allow is refused.');
    meet.remove({ id: 'urn:x:b', ancestors: [], policies: [less] });
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', inputs: 1, classes: 1 });
    const other = permits('one', 'urn:x:c');
    meet.replacePolicy(one, other);
    expect(meet.decide(asked, nothing).reason.sentence).toBe('Refused: no licence covers urn:x:a.');
    meet.replacePolicy(other, one);
    expect(meet.decide(asked, nothing).outcome).toBe('permit');
  });

  test('a parent counts, frame by frame', () => {
    const parent = compiled('parent', { permission: [{ action: 'use', target: 'urn:x:film' }], prohibition: [{ uid: '#no', action: 'use', target: film }] });
    const child = compiled('child', { inheritFrom: parent.id, permission: [{ action: 'backlot:fineTune', target: 'urn:x:film' }] }, [parent]);
    const meet = new Meet();
    const input = (first: number, end: number): MeetInput => ({ id: 'urn:x:film', ancestors: [], segment: { first, end, rate: '24' }, policies: [child] });
    meet.add(input(0, 100));
    meet.add(input(200, 300));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', classes: 1 });
    meet.add(input(199, 201));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'refuse', classes: 2, reason: { rules: ['urn:x:parent#no'] } });
    meet.remove(input(199, 201));
    expect(meet.decide(asked, nothing).outcome).toBe('permit');
  });

  test("a fact that only a parent asks for tells inputs apart, and who alone carries it may leave", () => {
    const parent = compiled('parent', { permission: [{ action: 'use', target: 'urn:x:film' }], prohibition: [{ action: 'use', target: 'urn:x:film', constraint: [{ leftOperand: 'backlot:appearsPerformer', operator: 'eq', rightOperand: 'urn:x:a' }] }] });
    const child = compiled('child', { inheritFrom: parent.id, permission: [{ action: 'use', target: 'urn:x:film' }] }, [parent]);
    const input = (performers: string[]): MeetInput => ({ id: 'urn:x:film', ancestors: [], facts: { appearsPerformer: performers }, policies: [child] });
    const meet = new Meet();
    meet.add(input([]));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', classes: 1 });
    meet.add(input(['urn:x:a']));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'refuse', classes: 2 });
    meet.remove(input(['urn:x:a']));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', classes: 1 });
  });

  const about = (first: number, end: number, rate = '24'): Doc => ({ ...film, 'backlot:segment': { first, end, rate } });
  const everything = { action: 'use', target: 'urn:x:film' };
  const of = (policy: CompiledPolicy, more: Partial<MeetInput> = {}): MeetInput => ({ id: 'urn:x:film', ancestors: [], policies: [policy], ...more });
  const frames = (first: number, end: number, rate = '24'): Partial<MeetInput> => ({ segment: { first, end, rate } });

  // Each by itself is permitted or refused; what went in first must not speak for what came later.
  test.each<[string, Doc, Partial<MeetInput>, Partial<MeetInput>]>([
    ['frames that a permission only touches', { permission: [{ ...everything, target: film }] }, frames(100, 150), frames(190, 210)],
    ['frames that a permission leaves out', { permission: [{ ...everything, target: film }] }, frames(100, 150), frames(0, 50)],
    ['the whole, of which a permission names a part', { permission: [{ ...everything, target: film }] }, frames(100, 150), {}],
    ['the whole, of which a prohibition names a part', { permission: [everything], prohibition: [{ ...everything, target: film }] }, frames(0, 50), {}],
    ['frames that a prohibition touches', { permission: [everything], prohibition: [{ ...everything, target: film }] }, frames(0, 50), frames(50, 101)],
    ['the same frames of a slower rate', { permission: [{ ...everything, target: about(0, 100, '30') }] }, frames(0, 100, '30'), frames(0, 100, '25')],
    ['frames that would come to the same number', { permission: [{ ...everything, target: about(1, 100) }] }, frames(1, 5), frames(0, 67_108_869)],
    ['such frames in a film of months', { permission: [{ ...everything, target: about(1, 70_000_000) }] }, frames(1, 67_108_869), frames(0, 134_217_733)],
    ['what lies in another asset', { permission: [{ action: 'use', target: 'urn:x:c1' }] }, { ancestors: ['urn:x:c1'] }, { ancestors: ['urn:x:c2'] }],
    ['one fact of several', { permission: [everything], prohibition: [{ ...everything, constraint: [{ leftOperand: 'backlot:appearsPerformer', operator: 'eq', rightOperand: 'urn:x:a' }] }] }, { facts: { purpose: 'study', appearsPerformer: [] } }, { facts: { purpose: 'study', appearsPerformer: ['urn:x:a'] } }],
  ])('tells apart %s', (_, terms, permitted, refused) => {
    const policy = compiled('p', terms);
    const [one, other] = [of(policy, permitted), of(policy, refused)];
    expect([one, other].map((input) => apart([input], asked, nothing))).toEqual(['permit', 'refuse']);
    const meet = new Meet();
    meet.add(one);
    expect(meet.decide(asked, nothing).outcome).toBe('permit');
    expect(() => meet.remove(other)).toThrow('is not an input of this asset');
    meet.add(other);
    expect(meet.decide(asked, nothing).outcome).toBe('refuse');
    meet.remove(other);
    expect(meet.decide(asked, nothing).outcome).toBe('permit');
    // Once more: that such an input was there and left is no reason to pass over the next.
    meet.add(other);
    expect(meet.decide(asked, nothing).outcome).toBe('refuse');
    meet.remove(one);
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'refuse', inputs: 1 });
  });

  test('tells apart one title under two licences', () => {
    const [yes, no] = [permits('yes', 'urn:x:film'), permits('no', 'urn:x:film', 'backlot:export')];
    const meet = new Meet();
    meet.add(of(yes));
    meet.add(of(no));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'refuse', reason: { sentence: expect.stringContaining('urn:x:no') } });
  });

  test('facts that no clause asks for make no further kind of input', () => {
    const policy = compiled('p', { permission: [everything], prohibition: [{ ...everything, constraint: [{ leftOperand: 'backlot:appearsPerformer', operator: 'eq', rightOperand: 'urn:x:a' }] }] });
    const meet = new Meet();
    for (const facts of [{ purpose: 'study' }, { purpose: 'sale' }, {}] as Facts[]) meet.add(of(policy, { facts }));
    meet.add(of(policy));
    expect(meet.decide(asked, nothing).classes).toBe(1);
  });

  test('as many can be taken away as went in', () => {
    const meet = new Meet();
    const policy = permits('one', 'urn:x:film');
    const [clip, other] = [of(policy, frames(0, 10)), of(policy, frames(10, 20))];
    for (const input of [clip, clip, clip, other]) meet.add(input);
    for (let at = 0; at < 3; at += 1) meet.remove(clip);
    expect(() => meet.remove(clip)).toThrow('urn:x:film is not an input of this asset');
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', inputs: 1 });
  });

  test('a version that was replaced governs nothing any more', () => {
    const [old, by, later] = [permits('one', 'urn:x:film'), permits('one', 'urn:x:film'), permits('one', 'urn:x:film', 'backlot:export')];
    const meet = new Meet();
    meet.add(of(old));
    meet.replacePolicy(old, by);
    meet.replacePolicy(old, later);
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', classes: 1 });
    meet.replacePolicy(by, later);
    expect(meet.decide(asked, nothing).outcome).toBe('refuse');
  });

  test('one policy in place of two is still left when its inputs are', () => {
    const [one, two] = [permits('one', 'urn:x:film'), permits('two', 'urn:x:film')];
    const meet = new Meet();
    meet.add(of(one, { policies: [one, two] }));
    meet.replacePolicy(two, one);
    meet.add(of(one, { id: 'urn:x:part', ancestors: ['urn:x:film'] }));
    meet.remove(of(one, { policies: [one, one] }));
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', inputs: 1, classes: 1 });
  });

  test('a licence that comes to cover the frames that went in need not cover the whole', () => {
    const none = permits('one', 'urn:x:other');
    const meet = new Meet();
    meet.add(of(none, frames(100, 150)));
    expect(meet.decide(asked, nothing).outcome).toBe('refuse');
    meet.replacePolicy(none, compiled('one', { permission: [{ ...everything, target: film }] }));
    expect(meet.decide(asked, nothing).outcome).toBe('permit');
  });

  test.each<[string, NonNullable<WorldState['holds']>[number]['on'], string]>([
    ['the title', 'title', 'urn:x:film'],
    ['one of what it lies in', 'title', 'urn:x:season'],
    ['a performer who appears', 'performer', 'urn:x:a'],
    ['its licence', 'licence', 'urn:x:one'],
    ['the studio', 'studio', 'urn:x:studio'],
  ])('a hold on %s stops it, whatever else is held', (_, on, subject) => {
    const meet = new Meet();
    const policy = permits('one', 'urn:x:film');
    // The inputs are alike for every policy: only the last one is what the hold is about.
    meet.add(of(policy, { id: 'urn:x:trailer', ancestors: ['urn:x:film'], facts: { appearsPerformer: [] } }));
    meet.add(of(policy, { ancestors: ['urn:x:season', 'urn:x:series'], facts: { appearsPerformer: ['urn:x:a'] } }));
    const hold = { id: 'urn:x:h', why: 'a complaint', since: '2026-01-01T00:00:00Z' };
    const elsewhere = [{ ...hold, on: 'title', subject: 'urn:x:elsewhere' }, { ...hold, on: 'licence', subject: 'urn:x:other' }] as const;
    const held = (one?: NonNullable<WorldState['holds']>[number]): string => meet.decide(asked, { performed: [], holds: [elsewhere[0], ...(one ? [one] : []), elsewhere[1]] }).outcome;
    expect([held(), held({ ...hold, on, subject })]).toEqual(['permit', 'refuse']);
  });

  test('a refusal tells no duties of what would be permitted, but remedies that are owed', () => {
    const [yes, no] = [permits('yes', 'urn:x:film'), compiled('no', { permission: [{ action: 'use', target: 'urn:x:other' }], prohibition: [{ uid: '#x', action: 'backlot:fineTune', target: 'urn:x:other', remedy: [{ uid: '#r', action: 'delete' }] }] })];
    const meet = new Meet();
    meet.add(of(yes));
    meet.add(of(no, { id: 'urn:x:other' }));
    const infringements = [{ rule: 'urn:x:no#x', at: '2026-04-01T00:00:00Z' }];
    const decision = meet.decide(asked, { performed: [], infringements });
    expect(decision).toMatchObject({ outcome: 'refuse', reason: { rules: ['urn:x:no#x'] } });
    expect(decision.obligations.map(({ duty }) => duty)).toEqual(['urn:x:no#r']);
    expect(meet.decide({ ...asked, action: 'curate' }, nothing)).toMatchObject({ outcome: 'refuse', obligations: [] });
  });

  test('a permit tells the rules and the duties of every licence', () => {
    const meet = new Meet();
    for (const name of ['one', 'two']) meet.add(of(permits(name, 'urn:x:film')));
    const decision = meet.decide(asked, nothing);
    expect(decision.reason.rules).toEqual(['urn:x:one#p', 'urn:x:two#p']);
    expect(decision.obligations.map(({ duty }) => duty)).toEqual(['urn:x:one#pay', 'urn:x:two#pay']);
  });

  test('nothing is refused, and nothing that is not there can be taken away', () => {
    const meet = new Meet();
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'refuse', inputs: 0, classes: 0, reason: { sentence: 'Refused: the request names nothing to act on.' } });
    const one = permits('one', 'urn:x:a');
    const input = { id: 'urn:x:a', ancestors: [], segment: { first: 1, end: 2, rate: '24' }, policies: [one] };
    meet.add(input);
    meet.add(input);
    for (const other of [{ ...input, id: 'urn:x:b' }, { ...input, ancestors: ['urn:x:c'] }, { ...input, facts: {} }, { ...input, policies: [] }, { ...input, segment: { first: 1, end: 2, rate: '25' } }]) expect(() => meet.remove(other)).toThrow('is not an input of this asset');
    meet.remove(input);
    expect(meet.decide(asked, nothing)).toMatchObject({ outcome: 'permit', inputs: 1 });
    meet.remove(input);
    expect(() => meet.remove(input)).toThrow(RangeError);
    expect(meet.decide(asked, nothing)).toMatchObject({ inputs: 0, classes: 0 });
    expect(() => meet.add({ ...input, segment: { first: 2, end: 2, rate: '24' } })).toThrow('not a range of frames');
  });
});
