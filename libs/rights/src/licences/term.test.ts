import { describe, expect, test } from '@jest/globals';
import { compilePolicy } from '../policy/index.js';
import { stateOf, type Standing, termOf, within } from './term.js';

const day = (text: string): { '@value': string; '@type': string } => ({ '@value': text, '@type': 'xsd:date' });
const at = (operator: string, value: unknown): object => ({ leftOperand: 'dateTime', operator, rightOperand: value });
const permission = (...constraint: object[]): object => ({ action: 'backlot:curate', constraint });
const term = (...permissions: object[]): string => {
  const { begins, ends } = termOf(
    compilePolicy({
      '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }],
      '@type': 'Agreement',
      uid: 'urn:example:licence',
      profile: 'urn:backlot:profile:',
      'backlot:timeZone': 'Europe/Berlin',
      assigner: 'urn:example:licensor',
      assignee: 'urn:example:studio',
      target: '#titles',
      permission: permissions,
    }),
  );
  return `${begins?.toISOString() ?? 'ever'} to ${ends?.toISOString() ?? 'no end'}`;
};

describe('the term of a licence is read from the times of its permissions', () => {
  test.each([
    ['none', [permission()], 'ever to no end'],
    ['until a day, that day included in its own zone', [permission(at('lteq', day('2026-01-31')))], 'ever to 2026-01-31T23:00:00.000Z'],
    ['before a day', [permission(at('lt', day('2026-07-01')))], 'ever to 2026-06-30T22:00:00.000Z'],
    ['from an instant', [permission(at('gteq', { '@value': '2026-01-01T00:00:00Z', '@type': 'xsd:dateTime' }))], '2026-01-01T00:00:00.000Z to no end'],
    ['after a day', [permission(at('gt', day('2026-01-01')))], '2026-01-01T23:00:00.000Z to no end'],
    ['a window', [permission(at('gteq', day('2026-01-01')), at('lt', day('2027-01-01')))], '2025-12-31T23:00:00.000Z to 2026-12-31T23:00:00.000Z'],
    ['one day', [permission(at('eq', day('2026-01-01')))], '2025-12-31T23:00:00.000Z to 2026-01-01T23:00:00.000Z'],
    ['the later end of two permissions', [permission(at('lt', day('2026-01-01'))), permission(at('lt', day('2027-01-01')))], 'ever to 2026-12-31T23:00:00.000Z'],
    ['one permission without end', [permission(at('lt', day('2026-01-01'))), permission()], 'ever to no end'],
    ['either of two windows', [permission({ or: [at('lt', day('2026-01-01')), at('lt', day('2028-01-01'))] })], 'ever to 2027-12-31T23:00:00.000Z'],
    ['both of two windows', [permission({ and: [at('lt', day('2026-01-01')), at('lt', day('2028-01-01'))] })], 'ever to 2025-12-31T23:00:00.000Z'],
    ['a permission that can never hold has no share', [permission(at('gteq', day('2030-01-01')), at('lt', day('2029-01-01'))), permission(at('lt', day('2027-01-01')))], 'ever to 2026-12-31T23:00:00.000Z'],
    ['only one that can never hold', [permission(at('gteq', day('2030-01-01')), at('lt', day('2029-01-01')))], 'ever to 2028-12-31T23:00:00.000Z'],
    ['other facts do not count', [permission({ leftOperand: 'purpose', operator: 'eq', rightOperand: 'backlot:research' })], 'ever to no end'],
    ['a day that is excepted gives no bound', [permission(at('neq', day('2026-01-01')))], 'ever to no end'],
  ])('%s', (_what, permissions, expected) => expect(term(...permissions)).toBe(expected));

  test('a child begins and ends with its parents', () => {
    const date = (text: string): Date => new Date(text);
    expect(within({ begins: null, ends: date('2030-01-01') }, [{ begins: date('2026-01-01'), ends: null }, { begins: null, ends: date('2027-01-01') }])).toEqual({ begins: date('2026-01-01'), ends: date('2027-01-01') });
  });
});

describe('the state of a licence', () => {
  const now = new Date('2026-06-01T00:00:00Z');
  const days = (count: number): Date => new Date(now.getTime() + count * 86_400_000);
  const active: Standing = { signed: true, effectiveFrom: days(-1), suspended: false, withdrawn: false, begins: null, ends: null };
  test.each([
    ['active', {}],
    ['draft', { signed: false }],
    ['signed', { effectiveFrom: days(1) }],
    ['signed', { begins: days(1) }],
    ['expiring', { ends: days(90) }],
    ['active', { ends: days(91) }],
    ['expired', { ends: now }],
    ['suspended', { suspended: true, ends: days(-1) }],
    ['withdrawn', { withdrawn: true, suspended: true }],
    ['withdrawn', { withdrawn: true, signed: false }],
  ] as const)('%s: %j', (state, change) => expect(stateOf({ ...active, ...change }, now)).toBe(state));
});
