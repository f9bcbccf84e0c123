import { describe, expect, test } from '@jest/globals';
import { compilePolicy, evaluate, type CompiledPolicy, type Evaluation, type PolicyRequest, type WorldState } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const compiled = (more: object): CompiledPolicy => compilePolicy({ '@context': context, '@type': 'Set', uid: 'urn:x:p', target: 'urn:x:film', ...more });
const permission = (more: object): CompiledPolicy => compiled({ permission: [{ uid: '#p', action: 'backlot:generate', duty: [{ uid: '#d', 'backlot:clause': '5', action: 'inform', ...more }] }] });
const ask = (policy: CompiledPolicy, now: string, state: Partial<WorldState> = {}, more: Partial<PolicyRequest> = {}): Evaluation => evaluate([policy], { action: 'generate', assignee: [], now, targets: [{ id: 'urn:x:film', ancestors: [] }], ...more }, { performed: [], ...state });
const deadline = (policy: CompiledPolicy, now: string, state: Partial<WorldState> = {}): string | null => ask(policy, now, state).obligations[0]!.deadline;
const post = { 'backlot:phase': 'backlot:post' };
const done = (at: string, duty = 'urn:x:p#d'): { duty: string; at: string } => ({ duty, at });

describe('a deadline', () => {
  const within = (period: string, zone: string): CompiledPolicy => compiled({ 'backlot:timeZone': zone, obligation: [{ uid: '#o', action: 'inform', 'backlot:deadline': period }], permission: [{ action: 'backlot:generate' }] });
  test.each([
    ['a month is a calendar month of the zone', 'P1M', 'Europe/Berlin', '2026-01-31T22:30:00Z', '2026-02-28T22:30:00.000Z'],
    ['at 00:30 on 1 February in Berlin it is February', 'P1M', 'Europe/Berlin', '2026-01-31T23:30:00Z', '2026-02-28T23:30:00.000Z'],
    ['in UTC it was January still', 'P1M', 'UTC', '2026-01-31T23:30:00Z', '2026-02-28T23:30:00.000Z'],
    ['the end of a long month in a leap year', 'P1M', 'UTC', '2028-01-31T12:00:00Z', '2028-02-29T12:00:00.000Z'],
    ['a month across the change to summer time', 'P1M', 'Europe/Berlin', '2026-03-15T11:00:00Z', '2026-04-15T10:00:00.000Z'],
    ['a day that has 23 hours', 'P1D', 'Europe/Berlin', '2026-03-28T11:00:00Z', '2026-03-29T10:00:00.000Z'],
    ['a day that has 25 hours', 'P1D', 'America/New_York', '2026-10-31T16:00:00Z', '2026-11-01T17:00:00.000Z'],
    ['hours are hours, whatever the clocks do', 'PT24H', 'Europe/Berlin', '2026-03-28T11:00:00Z', '2026-03-29T11:00:00.000Z'],
    ['days, then hours and minutes', 'P1DT2H30M', 'UTC', '2026-01-01T00:00:00Z', '2026-01-02T02:30:00.000Z'],
    ['weeks', 'P2W', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-01-15T00:00:00.000Z'],
    ['a year after 29 February', 'P1Y', 'UTC', '2028-02-29T08:00:00Z', '2029-02-28T08:00:00.000Z'],
  ])('%s: %s in %s after %s', (_, period, zone, now, expected) => {
    expect(deadline(within(period, zone), now)).toBe(expected);
  });

  test('of a duty that another event starts runs from when that happened', () => {
    const policy = permission({ ...post, 'backlot:trigger': 'backlot:onDelivery', 'backlot:deadline': 'P10D' });
    expect(deadline(policy, '2026-05-01T00:00:00Z')).toBeNull();
    expect(deadline(policy, '2026-05-01T00:00:00Z', { begun: [done('2026-04-20T00:00:00Z'), done('2026-04-28T00:00:00Z'), done('2026-05-02T00:00:00Z'), done('2026-04-29T00:00:00Z', 'urn:x:other')] })).toBe('2026-05-08T00:00:00.000Z');
    expect(deadline(policy, '2026-05-01T00:00:00Z', { begun: [done('2026-05-01T00:00:00Z'), done('at delivery')] })).toBe('2026-05-11T00:00:00.000Z');
    expect(ask(policy, '2026-05-01T00:00:00Z', { performed: [done('2026-04-21T00:00:00Z')] }).obligations).toEqual([]);
  });

  test('of a duty that follows each use runs from this one, though an earlier use was settled', () => {
    const policy = permission({ ...post, 'backlot:deadline': 'P10D' });
    expect(ask(policy, '2026-05-01T00:00:00Z', { performed: [done('2026-04-01T00:00:00Z')], begun: [done('2026-03-30T00:00:00Z')] }).obligations).toEqual([
      { policy: 'urn:x:p', duty: 'urn:x:p#d', clause: '5', action: 'odrl:inform', phase: 'post', trigger: 'onUse', period: 'P10D', deadline: '2026-05-11T00:00:00.000Z' },
    ]);
  });
});

describe('a duty that returns', () => {
  const report = (more: object = {}): CompiledPolicy => compiled({ 'backlot:timeZone': 'Europe/Berlin', obligation: [{ uid: '#d', action: 'inform', 'backlot:interval': 'P1M', ...more }], permission: [{ action: 'backlot:generate' }] });
  test.each([
    ['before any use it runs from this one', {}, '2026-05-31T10:00:00Z', [], '2026-06-30T10:00:00.000Z'],
    ['next month end', {}, '2026-02-10T00:00:00Z', ['2026-01-31T11:00:00Z'], '2026-02-28T11:00:00.000Z'],
    ['month ends are counted from the first, not one from the other', {}, '2026-03-10T00:00:00Z', ['2026-01-31T11:00:00Z'], '2026-03-31T10:00:00.000Z'],
    ['at the very instant it is due, the next one', {}, '2026-02-28T11:00:00Z', ['2026-01-31T11:00:00Z'], '2026-03-31T10:00:00.000Z'],
    ['at the very instant of the third, the fourth', {}, '2026-04-30T10:00:00Z', ['2026-01-31T11:00:00Z'], '2026-05-31T10:00:00.000Z'],
    ['ten years on', {}, '2036-03-10T00:00:00Z', ['2026-01-31T11:00:00Z'], '2036-03-31T10:00:00.000Z'],
    ['with days of grace', { 'backlot:deadline': 'P10D' }, '2026-03-05T00:00:00Z', ['2026-01-31T11:00:00Z'], '2026-03-10T11:00:00.000Z'],
    ['every minute for a year', { 'backlot:interval': 'PT1M' }, '2027-01-31T11:00:30Z', ['2026-01-31T11:00:00Z'], '2027-01-31T11:01:00.000Z'],
    ['every other day', { 'backlot:interval': 'P2D' }, '2026-04-01T00:00:00Z', ['2026-03-27T11:00:00Z'], '2026-04-02T10:00:00.000Z'],
    ['no time at all is never', { 'backlot:interval': 'PT0H' }, '2026-04-01T00:00:00Z', ['2026-03-27T11:00:00Z'], null],
    ['nor before what starts it', { 'backlot:trigger': 'backlot:onDelivery' }, '2026-04-01T00:00:00Z', [], null],
  ])('%s', (_, more, now, begun, expected) => {
    expect(ask(report(more), now, { begun: begun.map((at) => done(at)) }).obligations).toMatchObject([{ duty: 'urn:x:p#d', interval: { 'backlot:interval': 'P1M', ...more }['backlot:interval'], deadline: expected }]);
  });

  test('is told again after it was done, and by when', () => {
    const policy = report({ 'backlot:trigger': 'backlot:onDelivery' });
    expect(ask(policy, '2026-04-10T00:00:00Z', { begun: [done('2026-03-05T11:00:00Z')], performed: [done('2026-04-05T10:00:00Z')] }).obligations).toMatchObject([{ duty: 'urn:x:p#d', deadline: '2026-05-05T10:00:00.000Z' }]);
  });

  test('that must come first and was done leaves nothing owed', () => {
    expect(ask(permission({ 'backlot:interval': 'P1M' }), '2026-05-01T00:00:00Z', { performed: [done('2026-04-20T00:00:00Z')] })).toMatchObject({ outcome: 'permit', obligations: [] });
  });

  test('that must come first holds for one interval', () => {
    const policy = permission({ 'backlot:interval': 'P1M' });
    expect(['2026-02-28T00:00:00Z', '2026-02-27T23:59:59Z'].map((now) => ask(policy, now, { performed: [done('2026-01-28T00:00:00Z')] }).outcome)).toEqual(['refuse', 'permit']);
  });
});

describe('a duty whose time has passed', () => {
  const policy = permission({ 'backlot:trigger': 'backlot:onDelivery', 'backlot:deadline': 'P10D', consequence: [{ uid: '#c', action: 'compensate' }] });
  const begun = [done('2026-04-01T00:00:00Z')];
  const paid = done('2026-04-20T00:00:00Z', 'urn:x:p#c');
  test.each<[string, string, Partial<WorldState>, string]>([
    ['in time', '2026-04-30T00:00:00Z', { begun, performed: [done('2026-04-11T00:00:00Z')] }, 'permit'],
    ['late and without its consequence', '2026-04-30T00:00:00Z', { begun, performed: [done('2026-04-11T00:00:01Z')] }, 'refuse'],
    ['late, with its consequence', '2026-04-30T00:00:00Z', { begun, performed: [done('2026-04-11T00:00:01Z'), paid] }, 'permit'],
    ['not at all, but its consequence', '2026-04-30T00:00:00Z', { begun, performed: [paid] }, 'refuse'],
    ['before its time is over it is only due', '2026-04-11T00:00:00Z', { begun }, 'refuse'],
    ['a period that has not begun does not end', '2026-04-30T00:00:00Z', { begun: [done('2026-05-01T00:00:00Z')], performed: [done('2026-04-29T00:00:00Z')] }, 'permit'],
  ])('%s', (_, now, state, outcome) => {
    expect(ask(policy, now, state).outcome).toBe(outcome);
  });

  test('is made good by all of its consequences, not by one', () => {
    const both = permission({ 'backlot:trigger': 'backlot:onDelivery', 'backlot:deadline': 'P10D', consequence: [{ uid: '#c', action: 'compensate' }, { uid: '#e', action: 'delete' }] });
    const late = [done('2026-04-12T00:00:00Z'), paid];
    expect([late, [...late, done('2026-04-20T00:00:00Z', 'urn:x:p#e')]].map((performed) => ask(both, '2026-04-30T00:00:00Z', { begun, performed }).outcome)).toEqual(['refuse', 'permit']);
  });

  test('has nothing on top where the contract says nothing, nor until its time is over', () => {
    const line = { duty: 'urn:x:p#d', action: 'odrl:inform', phase: 'pre', state: 'due' };
    const bare = compiled({ permission: [{ uid: '#p', action: 'backlot:generate', duty: [{ uid: '#d', action: 'inform', 'backlot:trigger': 'backlot:onDelivery', 'backlot:deadline': 'P10D' }] }] });
    expect(ask(bare, '2026-04-30T00:00:00Z', { begun }).trace[0]!.duties).toStrictEqual([line]);
    expect(ask(policy, '2026-04-11T00:00:00Z', { begun }).trace[0]!.duties).toStrictEqual([{ ...line, clause: '5' }]);
  });

  test('says what is owed on top', () => {
    const { trace, reason } = ask(policy, '2026-04-30T00:00:00Z', { begun });
    expect(trace[0]!.duties).toEqual([{ duty: 'urn:x:p#d', clause: '5', action: 'odrl:inform', phase: 'pre', state: 'due', consequences: [{ duty: 'urn:x:p#c', action: 'odrl:compensate', phase: 'pre', state: 'due' }] }]);
    expect(reason).toMatchObject({ facts: [{ name: 'urn:x:p#d', value: 'due' }], sentence: 'Refused: rule #p allows generation only after a report to the licensor and payment; that is not recorded, and the time for it has passed.', whatWouldChangeIt: 'A record that it was done: a report to the licensor and payment.' });
    const early = ask(policy, '2026-04-05T00:00:00Z', { begun });
    expect(early.trace[0]!.duties).toEqual([{ duty: 'urn:x:p#d', clause: '5', action: 'odrl:inform', phase: 'pre', state: 'due' }]);
    expect(early.reason.sentence).toBe('Refused: rule #p allows generation only after a report to the licensor; that is not recorded.');
  });

  test('afterwards lists its consequences with it', () => {
    const after = permission({ ...post, 'backlot:trigger': 'backlot:onDelivery', 'backlot:deadline': 'P10D', consequence: [{ uid: '#c', action: 'compensate', ...post }] });
    const owed = (state: Partial<WorldState>): string[] => ask(after, '2026-04-30T00:00:00Z', state).obligations.map(({ duty }) => duty);
    expect([owed({}), owed({ begun }), owed({ begun, performed: [paid] })]).toEqual([['urn:x:p#d'], ['urn:x:p#d', 'urn:x:p#c'], ['urn:x:p#d']]);
  });
});

test('a duty whose constraints are known not to hold is not due; what is not known is', () => {
  const policy = permission({ constraint: [{ leftOperand: 'purpose', operator: 'eq', rightOperand: 'sale' }] });
  const state = (purpose?: string): unknown => {
    const { outcome, trace } = ask(policy, '2026-05-01T00:00:00Z', {}, purpose === undefined ? {} : { purpose });
    return [outcome, trace[0]!.duties[0]!.state];
  };
  expect([state('study'), state('sale'), state()]).toEqual([['permit', 'inactive'], ['refuse', 'due'], ['refuse', 'due']]);
  // What was done is told as done, due or not.
  expect(ask(policy, '2026-05-01T00:00:00Z', { performed: [done('2026-04-01T00:00:00Z')] }, { purpose: 'study' }).trace[0]!.duties[0]!.state).toBe('fulfilled');
  const obligation = compiled({ obligation: [{ action: 'inform', constraint: [{ leftOperand: 'purpose', operator: 'eq', rightOperand: 'sale' }] }], permission: [{ action: 'backlot:generate' }] });
  expect(['study', 'sale'].map((purpose) => ask(obligation, '2026-05-01T00:00:00Z', {}, { purpose }).obligations.length)).toEqual([0, 1]);
});

test('what was recorded later, or at no time that can be read, was not done', () => {
  const policy = permission({});
  expect(['2026-05-01T00:00:00Z', '2026-05-01T00:00:01Z', 'yesterday'].map((at) => ask(policy, '2026-05-01T00:00:00Z', { performed: [done(at)] }).outcome)).toEqual(['permit', 'refuse', 'refuse']);
});

describe('a prohibition that was broken', () => {
  const policy = compiled({
    permission: [{ action: 'backlot:generate' }],
    prohibition: [{ uid: '#x', action: 'backlot:export', remedy: [{ uid: '#r', 'backlot:clause': '9', action: 'delete', 'backlot:deadline': 'P10D' }, { uid: '#s', action: 'inform', constraint: [{ leftOperand: 'purpose', operator: 'neq', rightOperand: 'study' }] }] }],
  });
  const infringements = [{ rule: 'urn:x:p#x', at: '2026-04-01T00:00:00Z' }];
  const owed = (state: Partial<WorldState>, more: Partial<PolicyRequest> = { purpose: 'study' }): unknown[] => ask(policy, '2026-05-01T00:00:00Z', { infringements, ...state }, more).obligations.map(({ duty, deadline }) => [duty, deadline]);

  test('owes its remedies whatever the outcome', () => {
    const remedy = { policy: 'urn:x:p', duty: 'urn:x:p#r', clause: '9', action: 'odrl:delete', phase: 'post', trigger: 'onInfringement', period: 'P10D', deadline: '2026-04-11T00:00:00.000Z', state: 'due', remedies: 'urn:x:p#x' };
    for (const action of ['generate', 'export']) expect(ask(policy, '2026-05-01T00:00:00Z', { infringements }, { action, purpose: 'study' }).obligations).toEqual([remedy]);
    expect(owed({}, {})).toEqual([['urn:x:p#r', '2026-04-11T00:00:00.000Z'], ['urn:x:p#s', null]]);
  });

  test('until they are performed, after it happened', () => {
    expect(owed({ performed: [done('2026-04-01T00:00:00Z', 'urn:x:p#r')] })).toEqual([]);
    expect(owed({ performed: [done('2026-03-31T23:59:59Z', 'urn:x:p#r')] })).toHaveLength(1);
    expect(owed({ infringements: [...infringements, { rule: 'urn:x:p#x', at: '2026-04-20T00:00:00Z' }], performed: [done('2026-04-10T00:00:00Z', 'urn:x:p#r')] })).toEqual([['urn:x:p#r', '2026-04-30T00:00:00.000Z']]);
  });

  test('not before it happened, nor for a rule of another licence', () => {
    expect(owed({ infringements: [{ rule: 'urn:x:p#x', at: '2026-05-02T00:00:00Z' }, { rule: 'urn:x:p#x', at: 'once' }, { rule: 'urn:x:q#x', at: '2026-04-01T00:00:00Z' }] })).toEqual([]);
    expect(owed({ infringements: [{ rule: 'urn:x:p#x', at: '2026-05-01T00:00:00Z' }] })).toHaveLength(1);
  });
});

test('each licence owes its own duties, told with its clauses where it has any', () => {
  const licence = (uid: string, more: object = {}): CompiledPolicy => compiled({ uid, permission: [{ action: 'backlot:generate', duty: [{ uid: '#d', action: 'inform', ...post, ...more }] }] });
  const asked = { action: 'generate', assignee: [], now: '2026-05-01T00:00:00Z', targets: [{ id: 'urn:x:film', ancestors: [] }] };
  const told = { action: 'odrl:inform', phase: 'post', trigger: 'onUse', period: null, deadline: null };
  expect(evaluate([licence('urn:x:a', { 'backlot:clause': '7' }), licence('urn:x:b')], asked, { performed: [] }).obligations).toStrictEqual([
    { ...told, policy: 'urn:x:a', duty: 'urn:x:a#d', clause: '7' },
    { ...told, policy: 'urn:x:b', duty: 'urn:x:b#d' },
  ]);
});

test('how a duty was done is judged by its record: the day it was done and its own purpose, not those of the use', () => {
  const manner = (refinement: object[]): CompiledPolicy => compiled({ permission: [{ action: 'backlot:generate', duty: [{ uid: '#d', action: [{ 'rdf:value': { '@id': 'odrl:obtainConsent' }, refinement }] }] }] });
  const [inTime, forA] = [manner([{ leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2026-02-01T00:00:00Z', '@type': 'xsd:dateTime' } }]), manner([{ leftOperand: 'purpose', operator: 'eq', rightOperand: 'a' }])];
  const outcome = (policy: CompiledPolicy, at: string, facts?: Record<string, string>): string => ask(policy, '2026-05-01T00:00:00Z', { performed: [{ ...done(at), ...(facts ? { facts } : {}) }] }, { purpose: 'a' }).outcome;
  expect([outcome(inTime, '2026-01-31T00:00:00Z'), outcome(inTime, '2026-02-02T00:00:00Z')]).toEqual(['permit', 'refuse']);
  expect([outcome(forA, '2026-01-31T00:00:00Z', { 'odrl:purpose': 'a' }), outcome(forA, '2026-01-31T00:00:00Z', { 'odrl:purpose': 'b' })]).toEqual(['permit', 'refuse']);
});
