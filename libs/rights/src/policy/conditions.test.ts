import { describe, expect, test } from '@jest/globals';
import { compilePolicy, evaluate, vocabulary, type CompiledPolicy, type Evaluation, type Fact, type PolicyRequest } from './index.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const words = vocabulary.extend({
  leftOperands: {
    'urn:x:scores': { type: 'integer', many: true, words: 'the scores' },
    'urn:x:countries': { type: 'place', many: true, words: 'the countries' },
    'urn:x:moment': { type: 'instant', words: 'the moment' },
    'urn:x:flag': { type: 'boolean', words: 'the flag' },
  },
});
const limited = (constraint: object, kind = 'permission', more: object = {}): CompiledPolicy =>
  compilePolicy({ '@context': context, '@type': 'Set', uid: 'urn:x:p', 'backlot:timeZone': 'UTC', [kind]: [{ uid: '#p', action: 'backlot:generate', target: 'urn:x:film', constraint: [constraint], ...more }] }, { vocabulary: words });
const ask = (policy: CompiledPolicy, more: Partial<PolicyRequest>): Evaluation => evaluate([policy], { action: 'generate', assignee: [], now: '2026-05-01T12:00:00Z', targets: [{ id: 'urn:x:film', ancestors: [] }], ...more }, { performed: [] });
/** How a comparison with a fact comes out. */
const result = (leftOperand: string, operator: string, rightOperand: unknown, fact: Fact | undefined | null, more: object = {}): unknown => {
  const name = leftOperand.startsWith('urn:') ? leftOperand : leftOperand.startsWith('backlot:') ? leftOperand.slice(8) : `odrl:${leftOperand}`;
  const [line] = ask(limited({ leftOperand, operator, rightOperand, ...more }), fact === undefined ? {} : { facts: { [name]: fact as Fact } }).trace;
  return (line!.constraints[0] as { result: unknown }).result;
};
const typed = (value: string, type: string): object => ({ '@value': value, '@type': `xsd:${type}` });
const day = typed('2026-05-01', 'date');
const noon = typed('2026-05-01T12:00:00Z', 'dateTime');
const [no, unknown] = [false, 'unknown'] as const;

describe('a comparison', () => {
  const orders: [string, unknown, string, unknown, Fact][] = [
    // left operand, right, and facts below, at and above it
    ['resolution', typed('10.5', 'decimal'), 'odrl:resolution', [10.4, 10.5, 10.6], 0],
    ['retention', typed('PT90M', 'duration'), 'retention', ['PT1H29M59.999S', 'P0DT1H30M', 'P1D'], 0],
    ['urn:x:moment', noon, 'urn:x:moment', ['2026-05-01T11:59:59.999Z', '2026-05-01T14:00:00+02:00', '2026-05-01T12:00:00.001Z'], 0],
    ['urn:x:moment', day, 'urn:x:moment', ['2026-04-30T23:59:59.999Z', '2026-05-01T23:59:59.999Z', '2026-05-02T00:00:00Z'], 0],
  ];
  test.each(orders)('by size: %s %j', (leftOperand, right, _, facts) => {
    const operand = leftOperand === 'retention' ? 'backlot:retention' : leftOperand;
    const outcomes = ['lt', 'lteq', 'gt', 'gteq', 'eq', 'neq'].map((operator) => (facts as Fact[]).map((fact) => result(operand, operator, right, fact)));
    expect(outcomes).toEqual([
      [true, no, no],
      [true, true, no],
      [no, no, true],
      [no, true, true],
      [no, true, no],
      [true, no, true],
    ]);
    const sets = ['isAnyOf', 'isNoneOf', 'isAllOf'].map((operator) => (facts as Fact[]).map((fact) => result(operand, operator, [right], fact)));
    expect(sets).toEqual([[no, true, no], [true, no, true], [no, true, no]]);
  });

  test.each<[string, string, unknown, Fact, unknown]>([
    ['modelFamily', 'eq', 'wan', 'wan', true],
    ['modelFamily', 'eq', 'wan', 'urn:backlot:profile:wan', true],
    ['modelFamily', 'isA', 'wan', 'wan', true],
    ['modelFamily', 'isPartOf', 'wan', 'other', no],
    ['modelFamily', 'hasPart', 'wan', 'wan', true],
    ['modelFamily', 'isAnyOf', ['wan', 'ltx'], 'ltx', true],
    ['modelFamily', 'isAllOf', ['wan', 'ltx'], 'ltx', no],
    ['modelFamily', 'isAllOf', ['wan'], 'wan', true],
    ['modelFamily', 'isNoneOf', ['wan', 'ltx'], 'ltx', no],
    ['modelFamily', 'eq', 'wan', '', unknown],
    ['modelFamily', 'eq', 'wan', 5, unknown],
    ['modelFamily', 'eq', 'wan', ['wan'], true],
    ['modelFamily', 'neq', 'wan', ['wan', 'ltx'], unknown],
    ['modelFamily', 'neq', 'wan', [], unknown],
    ['processingTerritory', 'eq', 'DE', 'DE-BY', true],
    ['processingTerritory', 'eq', 'DE-BY', 'DE', unknown],
    ['processingTerritory', 'neq', 'DE', 'FR', true],
    ['processingTerritory', 'isAnyOf', ['FR', 'EU'], 'DE', true],
    ['processingTerritory', 'isAnyOf', ['FR', 'DE'], 'EU', unknown],
    ['processingTerritory', 'isAllOf', ['DE', 'EU'], 'DE', true],
    ['processingTerritory', 'isAllOf', ['DE', 'FR'], 'DE', no],
    ['processingTerritory', 'hasPart', 'DE', 'EU', true],
    ['processingTerritory', 'hasPart', 'EU', 'DE', unknown],
    ['processingTerritory', 'hasPart', 'US', 'EU', no],
    ['processingTerritory', 'eq', 'DE', 'Germany', unknown],
    ['appearsPerformer', 'eq', 'urn:x:a', ['urn:x:b', 'urn:x:a'], true],
    ['appearsPerformer', 'eq', 'urn:x:a', 'urn:x:a', true],
    ['appearsPerformer', 'eq', 'urn:x:a', [], no],
    ['appearsPerformer', 'neq', 'urn:x:a', ['urn:x:b', 'urn:x:a'], no],
    ['appearsPerformer', 'neq', 'urn:x:a', [], true],
    ['appearsPerformer', 'isAnyOf', ['urn:x:a', 'urn:x:c'], ['urn:x:b', 'urn:x:c'], true],
    ['appearsPerformer', 'isNoneOf', ['urn:x:a', 'urn:x:c'], ['urn:x:b'], true],
    ['appearsPerformer', 'isAllOf', ['urn:x:a', 'urn:x:c'], ['urn:x:c'], no],
    ['appearsPerformer', 'isAllOf', ['urn:x:a', 'urn:x:c'], ['urn:x:c', 'urn:x:a', 'urn:x:b'], true],
    ['appearsPerformer', 'isA', 'urn:x:a', ['urn:x:a', 'urn:x:b'], no],
    ['appearsPerformer', 'isPartOf', 'urn:x:a', ['urn:x:a', 'urn:x:a'], true],
    ['appearsPerformer', 'hasPart', 'urn:x:a', ['urn:x:b', 'urn:x:a'], true],
    ['appearsPerformer', 'eq', 'urn:x:a', [5], unknown],
    ['appearsPerformer', 'neq', 'urn:x:a', 5, unknown],
    ['appearsPerformer', 'neq', 'urn:x:a', '', unknown],
    ['performerClearance', 'eq', 'cleared', ['cleared', 'cleared'], true],
    ['performerClearance', 'eq', 'cleared', ['cleared', 'pending'], unknown],
    ['performerClearance', 'isAllOf', ['cleared'], ['cleared', 'pending'], unknown],
    ['performerClearance', 'isAnyOf', ['cleared', 'waived'], ['waived', 'cleared'], true],
    ['performerClearance', 'eq', 'cleared', ['pending', 'refused'], no],
    ['performerClearance', 'neq', 'refused', ['cleared', 'refused'], unknown],
    ['performerClearance', 'isNoneOf', ['refused'], ['cleared', 'pending'], true],
    ['performerClearance', 'eq', 'cleared', [], true],
    ['performerClearance', 'eq', 'cleared', 'cleared', true],
    ['retention', 'lt', typed('PT1H', 'duration'), 'P1M', unknown],
    ['retention', 'lt', typed('PT1H', 'duration'), 5, unknown],
  ])('%s %s %j with %j', (name, operator, right, fact, expected) => {
    expect(result(`backlot:${name}`, operator, right, fact)).toBe(expected);
  });

  test.each<[string, string, unknown, Fact, unknown]>([
    ['urn:x:scores', 'lt', 5, [3, 4], true],
    ['urn:x:scores', 'lt', 5, [3, 6], no],
    ['urn:x:scores', 'gteq', 5, [], true],
    ['urn:x:scores', 'eq', 5, [4, 5], true],
    ['urn:x:scores', 'eq', 5, [4, 5.5], unknown],
    ['urn:x:countries', 'isPartOf', 'EU', ['DE', 'FR'], true],
    ['urn:x:countries', 'isPartOf', 'EU', ['DE', 'US'], no],
    ['urn:x:countries', 'isPartOf', 'DE', ['DE', 'EU'], unknown],
    ['urn:x:countries', 'eq', 'DE', ['FR', 'EU'], unknown],
    ['urn:x:countries', 'eq', 'DE', ['EU', 'DE'], true],
    ['urn:x:countries', 'eq', 'DE', ['DE', 'EU'], true],
    ['urn:x:countries', 'eq', 'DE', ['EU', 'FR'], unknown],
    ['urn:x:countries', 'neq', 'DE', ['EU', 'FR'], unknown],
    ['urn:x:countries', 'hasPart', 'DE', ['US', 'EU'], true],
    ['urn:x:countries', 'isAllOf', ['DE', 'FR'], ['DE', 'FR'], true],
    ['urn:x:countries', 'isAllOf', ['DE', 'FR'], ['DE', 'EU'], unknown],
    ['urn:x:flag', 'eq', true, true, true],
    ['urn:x:flag', 'eq', true, false, no],
    ['urn:x:flag', 'neq', true, false, true],
    ['urn:x:flag', 'eq', true, 'true', unknown],
    ['urn:x:moment', 'lt', noon, '2026-05-01', unknown],
    ['resolution', 'lt', typed('5', 'decimal'), '4', unknown],
    ['resolution', 'lt', typed('5', 'decimal'), Infinity, unknown],
  ])('%s %s %j with %j', (name, operator, right, fact, expected) => {
    expect(result(name, operator, right, fact)).toBe(expected);
  });

  test('in a unit takes an amount in that unit, or a plain number, and no other', () => {
    const more = { unit: 'urn:x:eur' };
    const five = typed('5', 'decimal');
    expect([{ value: 5, unit: 'urn:x:eur' }, 5, { value: 4, unit: 'urn:x:eur' }, { value: 5, unit: 'urn:x:usd' }].map((fact) => result('payAmount', 'eq', five, fact, more))).toEqual([true, true, no, unknown]);
    expect(result('payAmount', 'eq', five, { value: 5, unit: 'urn:x:eur' })).toBe(unknown);
    expect(result('payAmount', 'eq', five, { value: 5 } as never)).toBe(unknown);
  });

  test('what is absent is not known, whatever is asked of it', () => {
    expect(['eq', 'neq', 'isAnyOf', 'isNoneOf', 'isAllOf'].map((operator) => result('backlot:performerClearance', operator, 'cleared', undefined))).toEqual(Array(5).fill(unknown));
    expect(result('backlot:modelFamily', 'eq', 'wan', null)).toBe(unknown);
  });

  test('shows the value that it had', () => {
    const line = ask(limited({ leftOperand: 'dateTime', operator: 'lteq', rightOperand: day }), {}).trace[0]!;
    expect(line.constraints).toEqual([{ leftOperand: 'odrl:dateTime', operator: 'lteq', right: day, actual: '2026-05-01T12:00:00Z', result: true }]);
    const absent = ask(limited({ leftOperand: 'backlot:modelFamily', operator: 'eq', rightOperand: 'wan' }), {}).trace[0]!;
    expect(absent.constraints).toEqual([{ leftOperand: 'modelFamily', operator: 'eq', right: 'wan', actual: null, result: unknown }]);
  });
});

describe('where a value stands', () => {
  const count = limited({ leftOperand: 'count', operator: 'lteq', rightOperand: 3 });
  test.each<[string, PolicyRequest['counts'], string]>([
    ['uses so far, and this one', { generate: 2 }, 'permit'],
    ['one too many', { generate: 3 }, 'refuse'],
    ["the rule's own count goes before its action's", { generate: 0, 'urn:x:p#p': 3 }, 'refuse'],
    ['nobody counted', {}, 'refuse'],
    ['nothing was counted', undefined, 'refuse'],
    ['what is not a number', { generate: null as never }, 'refuse'],
  ])('a count: %s', (_, counts, outcome) => {
    expect(ask(count, counts === undefined ? {} : { counts }).outcome).toBe(outcome);
  });

  test("the target's own facts go before the request's, and its fields before both", () => {
    const family = limited({ leftOperand: 'backlot:modelFamily', operator: 'eq', rightOperand: 'wan' });
    const target = { id: 'urn:x:film', ancestors: [], facts: { modelFamily: 'wan', 'odrl:purpose': 'sale' } };
    expect(ask(family, { facts: { modelFamily: 'ltx' }, targets: [target] }).outcome).toBe('permit');
    const purpose = limited({ leftOperand: 'purpose', operator: 'eq', rightOperand: 'sale' });
    expect([ask(purpose, { targets: [target] }).outcome, ask(purpose, { targets: [target], purpose: 'study' }).outcome]).toEqual(['permit', 'refuse']);
  });

  const referred = (leftOperand: string, operator: string): CompiledPolicy => limited({ leftOperand, operator, rightOperandReference: 'urn:x:agreed' });
  test.each<[string, string, Fact | undefined, Partial<PolicyRequest>, string]>([
    ['purpose', 'eq', 'study', { purpose: 'study' }, 'permit'],
    ['purpose', 'eq', 'sale', { purpose: 'study' }, 'refuse'],
    ['purpose', 'neq', undefined, { purpose: 'study' }, 'refuse'],
    ['purpose', 'neq', [], { purpose: 'study' }, 'refuse'],
    ['purpose', 'neq', ['sale', 'loan'], { purpose: 'study' }, 'refuse'],
    ['purpose', 'isNoneOf', ['sale', 'loan'], { purpose: 'study' }, 'permit'],
    ['purpose', 'isAnyOf', ['sale', 'study'], { purpose: 'study' }, 'permit'],
    ['dateTime', 'lt', '2026-05-01T12:00:01Z', {}, 'permit'],
    ['dateTime', 'lt', '2026-05-01T12:00:00Z', {}, 'refuse'],
    ['dateTime', 'lt', 'soon', {}, 'refuse'],
    ['count', 'lteq', 3, { counts: { generate: 2 } }, 'permit'],
    ['count', 'lteq', 2, { counts: { generate: 2 } }, 'refuse'],
  ])('a right operand by reference: %s %s %j', (leftOperand, operator, agreed, more, outcome) => {
    expect(ask(referred(leftOperand, operator), { ...more, ...(agreed === undefined ? {} : { facts: { 'urn:x:agreed': agreed } }) }).outcome).toBe(outcome);
  });

  test('the others are all but those who grant the rule, and unknown where nobody is said to', () => {
    const others = (operator: string, assigner: object, fact: string[], right: unknown = 'backlot:anyOtherLicensor'): unknown =>
      (ask(limited({ leftOperand: 'backlot:coTrainedLicensor', operator, rightOperand: right }, 'permission', assigner), { facts: { coTrainedLicensor: fact } }).trace[0]!.constraints[0] as { result: unknown }).result;
    const archive = { assigner: 'urn:x:archive' };
    expect([others('eq', archive, ['urn:x:archive']), others('eq', archive, ['urn:x:archive', 'urn:x:rival']), others('eq', archive, ['anyOtherLicensor']), others('isNoneOf', archive, []), others('eq', {}, ['urn:x:archive'])]).toEqual([no, true, true, true, unknown]);
    expect([others('isAnyOf', archive, ['urn:x:archive'], ['urn:x:archive', 'backlot:anyOtherLicensor']), others('isAllOf', archive, ['urn:x:archive'], ['urn:x:archive', 'backlot:anyOtherLicensor']), others('isPartOf', archive, ['urn:x:rival', 'urn:x:archive']), others('hasPart', archive, ['urn:x:rival']), others('hasPart', archive, ['urn:x:archive'])]).toEqual([true, no, no, true, no]);
  });
});

describe('and, or, xone and andSequence', () => {
  // The purpose is what is asked for; the family is never given.
  const parts = { true: { leftOperand: 'purpose', operator: 'eq', rightOperand: 'a' }, false: { leftOperand: 'purpose', operator: 'eq', rightOperand: 'b' }, unknown: { leftOperand: 'backlot:modelFamily', operator: 'eq', rightOperand: 'wan' } };
  const logic = (name: string, of: (true | false | 'unknown')[]): unknown => ask(limited({ [name]: of.map((one) => parts[String(one) as 'true']) }), { purpose: 'a' }).trace[0]!.constraints[0]!.result;
  test.each<[(true | false | 'unknown')[], unknown, unknown, unknown]>([
    [[true], true, true, true],
    [[no], no, no, no],
    [[unknown], unknown, unknown, unknown],
    [[true, true], true, true, no],
    [[true, no], no, true, true],
    [[no, no], no, no, no],
    [[true, unknown], unknown, true, unknown],
    [[unknown, true], unknown, true, unknown],
    [[no, unknown], no, unknown, unknown],
    [[unknown, no], no, unknown, unknown],
    [[true, true, unknown], unknown, true, no],
    [[no, no, true], no, true, true],
  ])('%j', (of, and, or, xone) => {
    expect([logic('and', of), logic('andSequence', of), logic('or', of), logic('xone', of)]).toEqual([and, and, or, xone]);
  });

  test('are traced with their parts', () => {
    const [line] = ask(limited({ or: [parts.false, parts.true] }), { purpose: 'a' }).trace;
    expect(line!.constraints).toMatchObject([{ logic: 'or', result: true, of: [{ right: 'b', result: no }, { right: 'a', result: true }] }]);
  });
});

test('places that strangers send do not pile up, and come out the same again', () => {
  const policy = limited({ leftOperand: 'spatial', operator: 'eq', rightOperand: 'DE' });
  const outcomes = Array.from({ length: 2500 }, (_, at) => ask(policy, { spatial: `${at % 2 === 0 ? 'DE' : 'FR'}-${String(at % 1250).padStart(3, '0').slice(-3)}` }).outcome);
  expect(outcomes.every((outcome, at) => outcome === (at % 2 === 0 ? 'permit' : 'refuse'))).toBe(true);
});
