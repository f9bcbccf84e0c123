import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compilePolicy, diffPolicies, evaluate, type Change, type CompiledPolicy, type PolicyRequest } from './index.js';

type Doc = Record<string, unknown>;
const compiled = (more: Doc): CompiledPolicy =>
  compilePolicy({ '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:', dct: 'http://purl.org/dc/terms/' }], '@type': 'Agreement', uid: 'urn:example:l', 'backlot:timeZone': 'UTC', target: 'urn:example:series:4', ...more });
const day = (operator: string, value: string): Doc => ({ leftOperand: 'dateTime', operator, rightOperand: { '@value': value, '@type': 'xsd:date' } });
const cap = (value: number): Doc => ({ leftOperand: 'count', operator: 'lteq', rightOperand: value });
const said = (before: Doc, after: Doc): [Change['effect'], string][] => diffPolicies(compiled(before), compiled(after)).map(({ effect, words }) => [effect, words]);
const fineTune = (...constraint: Doc[]): Doc => ({ permission: [{ uid: '#p1', 'backlot:clause': '4.2', action: 'backlot:fineTune', constraint }] });

describe('a licence and its next version, in plain words', () => {
  test('the same licence has no changes', () => {
    expect(said(fineTune(cap(5)), fineTune(cap(5)))).toEqual([]);
  });

  test('an episode less, and a lower cap', () => {
    const episodes = (...targets: number[]): Doc[] => [{ uid: '#p1', action: 'backlot:fineTune', target: targets.map((number) => `urn:example:series:4:episode:${number}`), constraint: [cap(targets.length === 3 ? 1000 : 500)] }];
    expect(said({ permission: episodes(1, 2, 3) }, { permission: episodes(1, 2) })).toEqual([
      ['tightens', 'Episode 3 is no longer licensed.'],
      ['tightens', 'The cap on fine-tuning falls from 1,000 to 500.'],
    ]);
  });

  test('an episode that is taken out by a prohibition', () => {
    const out = { uid: '#x1', action: 'use', target: 'urn:example:series:4:episode:3' };
    expect(said(fineTune(), { ...fineTune(), prohibition: [out] })).toEqual([['tightens', 'Episode 3 is no longer licensed.']]);
    expect(said({ ...fineTune(), prohibition: [out] }, fineTune())).toEqual([['loosens', 'Episode 3 is no longer left out.']]);
  });

  test('a longer term and a shorter one', () => {
    expect(said(fineTune(day('lteq', '2029-01-31')), fineTune(day('lteq', '2030-01-31')))).toEqual([['loosens', 'Fine-tuning is now allowed until 31 Jan 2030 instead of 31 Jan 2029.']]);
    expect(said(fineTune(day('lteq', '2030-01-31')), fineTune(day('lteq', '2029-01-31')))).toEqual([['tightens', 'Fine-tuning is now allowed until 31 Jan 2029 instead of 31 Jan 2030.']]);
  });

  test('a term inside of "and", written flat in the next version, is the same term', () => {
    expect(said(fineTune({ and: [day('gteq', '2026-01-01'), day('lteq', '2029-01-31')] }), fineTune(day('lteq', '2029-01-31'), day('gteq', '2026-01-01')))).toEqual([]);
  });

  test('a limit that comes, and one that goes', () => {
    const own = { leftOperand: 'backlot:isolation', operator: 'eq', rightOperand: 'dedicated' };
    expect(said(fineTune(), fineTune(own))).toEqual([['tightens', 'Fine-tuning is now allowed only where the isolation of the tenant is dedicated.']]);
    expect(said(fineTune(own), fineTune())).toEqual([['loosens', 'Fine-tuning is now allowed without the limit “where the isolation of the tenant is dedicated”.']]);
    expect(said(fineTune(cap(5)), fineTune())).toEqual([['loosens', 'The cap of 5 on fine-tuning is gone.']]);
  });

  test('fewer territories tighten, also by the place that holds them', () => {
    const places = (...rightOperand: string[]): Doc => fineTune({ leftOperand: 'spatial', operator: 'isAnyOf', rightOperand });
    expect(said(places('DE', 'FR', 'ES'), places('DE', 'FR'))).toEqual([['tightens', 'Fine-tuning is now allowed in Germany or France instead of Germany, France or Spain.']]);
    expect(said(places('DE', 'AT'), places('EU'))[0]![0]).toBe('loosens');
    expect(said(places('DE', 'US'), places('EU'))[0]![0]).toBe('unclear');
  });

  test('an action more and an action less', () => {
    const rule = (...action: string[]): Doc => ({ permission: [{ uid: '#p1', 'backlot:clause': '3', action }] });
    expect(said(rule('backlot:curate'), rule('backlot:curate', 'backlot:export'))).toEqual([['loosens', 'Export is now allowed.']]);
    expect(said(rule('backlot:train'), rule('backlot:fineTune'))).toEqual([['tightens', 'Training is no longer allowed as a whole, but fine-tuning still is.']]);
    expect(said(rule('backlot:fineTune'), rule('backlot:train'))).toEqual([['loosens', 'Training is now allowed as a whole; before, only fine-tuning was.']]);
  });

  test('prohibitions turn it round', () => {
    const no = (...constraint: Doc[]): Doc => ({ ...fineTune(), prohibition: [{ uid: '#x1', action: 'backlot:export', constraint }] });
    expect(said(no(), no(day('lt', '2030-01-01')))).toEqual([['loosens', 'Export is now prohibited only before 1 Jan 2030.']]);
    expect(said(no(day('lt', '2029-01-01')), no(day('lt', '2030-01-01')))).toEqual([['tightens', 'Export is now prohibited before 1 Jan 2030 instead of 1 Jan 2029.']]);
  });

  test('duties: what must come first, what is owed and when', () => {
    const owing = (...duty: Doc[]): Doc => ({ permission: [{ uid: '#p1', action: 'backlot:export', duty }] });
    const pay = (days: number): Doc => ({ uid: '#d1', action: 'compensate', 'backlot:phase': { '@id': 'backlot:post' }, 'backlot:deadline': `P${days}D` });
    expect(said(owing(), owing({ uid: '#d2', action: 'obtainConsent' }))).toEqual([['tightens', 'Consent now must come first for export.']]);
    expect(said(owing({ uid: '#d2', action: 'obtainConsent' }), owing())).toEqual([['loosens', 'Consent need no longer come first for export.']]);
    expect(said(owing(pay(60)), owing(pay(30)))).toEqual([['tightens', 'Payment for export is now due within 30 days instead of within 60 days.']]);
    expect(said(owing(pay(30)), owing({ ...pay(30), 'backlot:deadline': 'P1M' }))[0]![0]).toBe('unclear');
  });

  test('a clause that is only numbered anew, and a rule that is moved, change nothing', () => {
    const two = (first: string, second: string): Doc => ({ permission: [{ 'backlot:clause': first, action: 'backlot:curate' }, { 'backlot:clause': second, action: 'backlot:export' }] });
    expect(said(two('1', '2'), two('1', '3'))).toEqual([['neutral', 'Clause 2 is now clause 3.']]);
    const { permission } = two('1', '2') as { permission: Doc[] };
    expect(said({ permission }, { permission: permission.toReversed() }).map(([effect]) => effect)).toEqual(['neutral', 'neutral']);
  });

  test('a licence that names no zone counts in UTC: to say so changes nothing', () => {
    expect(said({ ...fineTune(cap(5)), 'backlot:timeZone': null }, fineTune(cap(5)))).toEqual([]);
    expect(said({ ...fineTune(cap(5)), 'backlot:timeZone': 'Europe/Berlin' }, fineTune(cap(5)))).toEqual([['neutral', 'Deadlines are now counted in the time zone UTC instead of Europe/Berlin.']]);
  });

  test('the same day in another time zone is another instant', () => {
    expect(said(fineTune(day('lteq', '2029-01-31')), { ...fineTune(day('lteq', '2029-01-31')), 'backlot:timeZone': 'America/New_York' })).toContainEqual(['loosens', '“until 31 Jan 2029” now means another instant for fine-tuning, because the time zone changed.']);
  });

  test('each change names its rule and clause', () => {
    expect(diffPolicies(compiled(fineTune(cap(2))), compiled(fineTune(cap(1))))).toEqual([{ rule: 'urn:example:l#p1', clause: '4.2', effect: 'tightens', words: 'The cap on fine-tuning falls from 2 to 1.' }]);
  });
});

// A small world in which changes often matter: what the diff calls tighter must never let through what was refused.
const leaf: fc.Arbitrary<Doc> = fc.oneof(
  fc.tuple(fc.constantFrom('eq', 'neq', 'isAnyOf', 'isNoneOf', 'isAllOf'), fc.subarray(['a', 'b', 'c'], { minLength: 1 })).map(([operator, words]) => ({ leftOperand: 'purpose', operator, rightOperand: ['eq', 'neq'].includes(operator) ? words[0] : words })),
  fc.tuple(fc.constantFrom('eq', 'neq', 'isAnyOf', 'isNoneOf', 'isPartOf', 'hasPart'), fc.subarray(['DE', 'EU', 'US', 'DE-BY'], { minLength: 1 })).map(([operator, words]) => ({ leftOperand: 'spatial', operator, rightOperand: operator.startsWith('isA') || operator.startsWith('isN') ? words : words[0] })),
  fc.tuple(fc.constantFrom('lt', 'lteq', 'gt', 'gteq', 'eq', 'neq'), fc.nat(3)).map(([operator, rightOperand]) => ({ leftOperand: 'count', operator, rightOperand })),
  fc.tuple(fc.constantFrom('isAnyOf', 'isNoneOf', 'isAllOf', 'eq', 'neq', 'isA'), fc.subarray(['urn:p:1', 'urn:p:2', 'urn:p:3'], { minLength: 1 })).map(([operator, words]) => ({ leftOperand: 'backlot:appearsPerformer', operator, rightOperand: operator.startsWith('isA') && operator !== 'isA' ? words : operator === 'isNoneOf' ? words : words[0] })),
  fc.tuple(fc.constantFrom('lt', 'lteq', 'gt', 'gteq'), fc.constantFrom('2026-01-01', '2027-01-01')).map(([operator, value]) => day(operator, value)),
);
const { condition } = fc.letrec<{ condition: Doc }>((tie) => ({
  condition: fc.oneof({ maxDepth: 2 }, leaf, fc.tuple(fc.constantFrom('and', 'or', 'xone'), fc.array(tie('condition'), { minLength: 1, maxLength: 3 })).map(([logic, of]) => ({ [logic]: of }))),
}));
const ruleOf = fc.record({
  uid: fc.constantFrom('#1', '#2', '#3'),
  action: fc.uniqueArray(fc.constantFrom('backlot:train', 'backlot:fineTune', 'backlot:generate', 'use'), { minLength: 1, maxLength: 2 }),
  target: fc.uniqueArray(fc.oneof(fc.constantFrom<unknown>('urn:x:series', 'urn:x:film'), fc.tuple(fc.nat(3), fc.integer({ min: 4, max: 8 })).map(([first, end]) => ({ '@type': 'Asset', source: 'urn:x:film', 'backlot:segment': { first, end, rate: '24' } }))), { minLength: 1, maxLength: 2 }),
  assignee: fc.subarray(['urn:p:north', 'urn:p:south']),
  constraint: fc.array(condition, { maxLength: 2 }),
  duty: fc.subarray([{ uid: '#d1', action: 'obtainConsent' }, { uid: '#d2', action: 'compensate' }]),
});
type RuleDoc = Doc & { uid: string; duty: Doc[] };
const build = (rules: RuleDoc[], permitted: number): CompiledPolicy => {
  // For anyone is said by naming nobody: an empty list is refused.
  const anyone = ({ assignee, ...rule }: RuleDoc): RuleDoc => ((assignee as string[]).length > 0 ? { ...rule, assignee } : rule) as RuleDoc;
  const made = rules.map(anyone).map(({ duty, ...rule }) => (duty.length > 0 ? { ...rule, duty: duty.map((one) => ({ ...one, uid: `${rule.uid}${String(one.uid).slice(1)}` })) } : rule));
  const plain = rules.map(anyone).map(({ duty: _duty, ...rule }) => rule);
  return compiled({ permission: made.slice(0, permitted), prohibition: plain.slice(permitted) });
};
// The next version differs in a field or two of a rule, or lacks one: as people amend.
const versions = fc
  .tuple(fc.uniqueArray(ruleOf, { minLength: 2, maxLength: 3, selector: (rule) => rule.uid }), fc.integer({ min: 1, max: 2 }), fc.array(fc.tuple(fc.nat(2), fc.constantFrom('action', 'target', 'assignee', 'constraint', 'duty', 'more', 'less', 'gone'), ruleOf), { minLength: 1, maxLength: 2 }))
  .map(([rules, permitted, edits]) => {
    let next: RuleDoc[] = rules;
    let kept = permitted;
    for (const [index, edit, donor] of edits) {
      const at = index % next.length;
      if (edit === 'gone' && at < kept && kept > 1) {
        next = next.filter((_, place) => place !== at);
        kept -= 1;
      } else if (edit === 'gone' && at >= kept) next = next.filter((_, place) => place !== at);
      else if (edit === 'more') next = next.map((rule, place) => (place === at ? { ...rule, constraint: [...(rule.constraint as Doc[]), ...donor.constraint] } : rule));
      else if (edit === 'less') next = next.map((rule, place) => (place === at ? { ...rule, constraint: (rule.constraint as Doc[]).slice(1) } : rule));
      else if (edit !== 'gone') next = next.map((rule, place) => (place === at ? { ...rule, [edit]: donor[edit] } : rule));
    }
    return [build(rules, permitted), build(next, kept)] as const;
  });
const optional = <T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<Doc> => fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [key]: one }));
const asked = fc
  .tuple(
    fc.constantFrom('backlot:train', 'backlot:fineTune', 'backlot:generate', 'odrl:use'),
    optional('purpose', fc.constantFrom('a', 'b', 'c', 'd')),
    optional('spatial', fc.constantFrom('DE', 'FR', 'EU', 'US', 'DE-BY')),
    fc.option(fc.nat(3), { nil: undefined }),
    optional('appearsPerformer', fc.subarray(['urn:p:1', 'urn:p:2', 'urn:p:3'])),
    fc.constantFrom('2025-06-01T00:00:00Z', '2026-01-01T10:00:00Z', '2026-06-01T00:00:00Z', '2027-06-01T00:00:00Z'),
    fc.subarray(['urn:p:north', 'urn:p:south']),
    fc.option(fc.tuple(fc.nat(5), fc.integer({ min: 6, max: 9 })), { nil: undefined }),
    fc.subarray(['#1d1', '#1d2', '#2d1', '#2d2', '#3d1', '#3d2']),
  )
  .map(([action, purpose, spatial, count, facts, now, assignee, frames, done]) => ({
    request: {
      action,
      ...purpose,
      ...spatial,
      ...(count === undefined ? {} : { counts: Object.fromEntries(['train', 'fineTune', 'generate', 'odrl:use'].map((name) => [name, count])) }),
      facts,
      now,
      assignee,
      targets: [{ id: 'urn:x:film', ancestors: ['urn:x:series'], ...(frames ? { segment: { first: frames[0], end: frames[1], rate: '24' } } : {}) }],
    } as PolicyRequest,
    state: { performed: done.map((duty) => ({ duty: `urn:example:l${duty}`, at: '2025-01-01T00:00:00Z' })) },
  }));

test('when every change tightens or is neutral, nothing that was refused is permitted; when every change loosens or is neutral, nothing permitted is refused', () => {
  let told = 0;
  fc.assert(
    fc.property(versions, fc.array(asked, { minLength: 6, maxLength: 12 }), ([before, after], questions) => {
      const effects = new Set(diffPolicies(before, after).map((change) => change.effect));
      if (effects.has('unclear') || (effects.has('tightens') && effects.has('loosens'))) return;
      told += 1;
      for (const { request, state } of questions) {
        // An asset that a version no longer names is refused by it alone.
        const [was, is] = [evaluate([before], request, state).outcome, evaluate([after], request, state).outcome];
        if (!effects.has('loosens')) expect([was, is]).not.toEqual(['refuse', 'permit']);
        if (!effects.has('tightens')) expect([was, is]).not.toEqual(['permit', 'refuse']);
      }
    }),
    { numRuns: 1500 },
  );
  expect(told).toBeGreaterThan(500);
});

describe('what stands around the rules', () => {
  const frame = compiled({ uid: 'urn:example:frame', permission: [{ uid: '#f', action: 'use' }] });
  const child = (more: Doc): CompiledPolicy =>
    compilePolicy({ '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }], '@type': 'Agreement', uid: 'urn:example:l', target: 'urn:example:series:4', inheritFrom: 'urn:example:frame', ...more }, { parents: new Map([[frame.id, frame]]) });
  const rule = (...constraint: Doc[]): Doc => ({ uid: '#p1', action: 'backlot:fineTune', constraint });

  test('where a policy inherits, a permission that goes may open what it limited: unclear', () => {
    const [only, both] = [child({ permission: [{ uid: '#p2', action: 'backlot:curate' }] }), child({ permission: [rule(cap(5)), { uid: '#p2', action: 'backlot:curate' }] })];
    expect(diffPolicies(both, only).map((change) => change.effect)).toEqual(['unclear']);
    expect(diffPolicies(only, both).map((change) => change.effect)).toEqual(['unclear']);
    expect(diffPolicies(child({ permission: [rule(cap(5))] }), child({ permission: [rule(cap(4))] })).map((change) => change.effect)).toEqual(['tightens']);
  });

  test('a parent more or less', () => {
    expect(diffPolicies(compiled({ permission: [rule()] }), child({ permission: [rule()] })).map(({ effect, words }) => [effect, words])).toContainEqual(['unclear', 'The terms of urn:example:frame now apply as well.']);
    expect(diffPolicies(child({ permission: [rule()] }), compiled({ permission: [rule()] })).map((change) => change.effect)).toContain('unclear');
  });

  test('another conflict strategy', () => {
    expect(said({ conflict: 'perm', ...fineTune() }, { conflict: 'prohibit', ...fineTune() })).toEqual([['tightens', 'Where a permission and a prohibition meet, a prohibition wins now; before, a permission wins.']]);
    expect(said({ conflict: 'prohibit', ...fineTune() }, { conflict: 'perm', ...fineTune() })[0]![0]).toBe('unclear');
  });

  test('who may, and which frames', () => {
    const to = (...assignee: string[]): Doc => ({ permission: [{ uid: '#p1', action: 'backlot:fineTune', ...(assignee.length > 0 ? { assignee } : {}) }] });
    expect(said(to(), to('urn:example:studio:north'))).toEqual([['tightens', 'Fine-tuning is now allowed to studio north instead of anyone.']]);
    const frames = (first: number, end: number): Doc => ({ permission: [{ uid: '#p1', action: 'backlot:fineTune', target: { '@type': 'Asset', source: 'urn:example:film:7', 'backlot:segment': { first, end, rate: '24' } } }] });
    expect(said(frames(0, 1000), frames(0, 900))).toEqual([['tightens', 'Fine-tuning is now allowed in frames 0 to 899 (at 24 a second) of film 7 instead of frames 0 to 999 (at 24 a second) of film 7.']]);
    expect(said(frames(0, 1000), frames(500, 1500))[0]![0]).toBe('unclear');
  });

  test('a duty that is to be done otherwise, or whose consequence goes', () => {
    const owing = (more: Doc): Doc => ({ permission: [{ uid: '#p1', action: 'backlot:export', duty: [{ uid: '#d1', action: 'compensate', 'backlot:deadline': 'P30D', ...more }] }] });
    expect(said(owing({ consequence: [{ uid: '#c1', action: 'inform' }] }), owing({})).map(([effect]) => effect)).toEqual(['loosens']);
    expect(said(owing({}), owing({ action: [{ 'rdf:value': { '@id': 'odrl:compensate' }, refinement: [{ leftOperand: 'payAmount', operator: 'eq', rightOperand: 5 }] }] })).map(([effect]) => effect)).toEqual(['unclear']);
    expect(said({ ...fineTune(), obligation: [{ uid: '#o', action: 'inform', 'backlot:interval': 'P1M' }] }, { ...fineTune(), obligation: [{ uid: '#o', action: 'inform', 'backlot:interval': 'P3M' }] })).toEqual([['loosens', 'A report to the licensor is now due every 3 months instead of every month.']]);
  });

  test('a rule under another id counts its uses anew', () => {
    const named = (uid: string): Doc => ({ permission: [{ uid, 'backlot:clause': '4.2', action: 'backlot:fineTune', constraint: [cap(5)] }] });
    expect(said(named('#p1'), named('#p9'))).toEqual([['unclear', 'The rule #p1 is now called #p9, so that its uses are counted anew.']]);
  });
});
