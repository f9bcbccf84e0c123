import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { loadPolicy, type Condition, type Constraint } from './load.js';
import { vocabulary } from './vocabulary.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const before = { leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2030-01-01T00:00:00Z', '@type': 'xsd:dateTime' } };
const rule = { action: 'backlot:fineTune', target: 'urn:example:film', constraint: [before] };
const policy = (more: object = {}): Record<string, unknown> => ({ '@context': context, '@type': 'Agreement', uid: 'urn:example:p', profile: 'urn:backlot:profile:', permission: [rule], ...more });
const withConstraint = (constraint: unknown): Record<string, unknown> => policy({ permission: [{ ...rule, constraint: [constraint] }] });
const nested = (depth: number): unknown => {
  let value: unknown = before;
  for (let at = 0; at < depth; at += 1) value = { and: [value] };
  return value;
};
const cyclic = policy();
cyclic.permission = [cyclic];

describe('what is not of the profile is refused at load, with the path inside the document', () => {
  test.each<[string, unknown, string]>([
    ['not JSON', '{', 'at /'],
    ['not an object', '[]', 'a policy is a JSON object'],
    ['50 MB', `{"uid":"${'x'.repeat(50_000_000)}"}`, 'larger than 4 MB'],
    ['a million values', policy({ assigner: new Array(300_000).fill('urn:x:y') }), 'larger than'],
    ['10,000 nested constraints', withConstraint(nested(10_000)), 'nests deeper than 64'],
    ['10,000 nested constraints as text', JSON.stringify(withConstraint('X')).replace('"X"', '{"and":['.repeat(10_000) + JSON.stringify(before) + ']}'.repeat(10_000)), 'nests deeper than 64'],
    ['a cycle', cyclic, 'contains itself'],
    ['a remote context', policy({ '@context': ['http://www.w3.org/ns/odrl.jsonld', 'https://example.com/context.jsonld'] }), 'at /@context/1: the context https://example.com/context.jsonld is not bundled'],
    ['no ODRL context', policy({ '@context': [{ backlot: 'urn:backlot:profile:' }] }), 'at /@context'],
    ['a context that renames terms', policy({ '@context': [...context, { permission: { '@id': 'odrl:prohibition' } }] }), 'at /@context/2/permission'],
    ['a prefix that hides a term', policy({ '@context': [...context, { action: 'urn:example:' }] }), 'at /@context/2/action: it would change what "action" means'],
    ['a prefix that hides another vocabulary', policy({ '@context': [context[0], { backlot: 'https://evil.example/ns#' }] }), 'the action https://evil.example/ns#fineTune is not in the profile'],
    ['an unknown action', policy({ permission: [{ ...rule, action: ['backlot:fineTune', 'backlot:teleport'] }] }), 'at /permission/0/action/1: the action teleport'],
    ["the profile's action without its prefix", policy({ permission: [{ ...rule, action: 'fineTune' }] }), "the profile's own is backlot:fineTune"],
    ['an unknown left operand', withConstraint({ ...before, leftOperand: 'backlot:mood' }), 'at /permission/0/constraint/0/leftOperand: the left operand mood'],
    ['an unknown operator', withConstraint({ ...before, operator: 'almost' }), 'at /permission/0/constraint/0/operator'],
    ['an operator that does not fit', withConstraint({ leftOperand: 'purpose', operator: 'lt', rightOperand: 'previs' }), 'lt does not compare odrl:purpose'],
    ['a time without zone', withConstraint({ ...before, rightOperand: { '@value': '2030-01-01T00:00:00', '@type': 'xsd:dateTime' } }), 'at /permission/0/constraint/0/rightOperand'],
    ['a date without zone', withConstraint({ ...before, rightOperand: { '@value': '2030-01-01', '@type': 'xsd:date' } }), 'a date needs a zone'],
    ['the 30th of February', withConstraint({ ...before, rightOperand: { '@value': '2030-02-30T00:00:00Z', '@type': 'xsd:dateTime' } }), 'a dateTime such as'],
    ['a time as plain text', withConstraint({ ...before, rightOperand: '2030-01-01T00:00:00Z' }), 'rightOperand'],
    ['a time zone that is none', policy({ 'backlot:timeZone': 'Mars/Olympus' }), 'at /backlot:timeZone'],
    ['a place that is none', withConstraint({ leftOperand: 'spatial', operator: 'eq', rightOperand: 'Germany' }), '"Germany" is not an ISO 3166 code'],
    ['a count that is none', withConstraint({ leftOperand: 'count', operator: 'lteq', rightOperand: { '@value': 'many', '@type': 'xsd:integer' } }), 'a whole number'],
    ['a negative count', withConstraint({ leftOperand: 'count', operator: 'lteq', rightOperand: -1 }), 'a whole number'],
    ['two values for one', withConstraint({ leftOperand: 'purpose', operator: 'eq', rightOperand: ['a', 'b'] }), 'eq compares with one value'],
    ['no value', withConstraint({ leftOperand: 'purpose', operator: 'isAnyOf', rightOperand: [] }), 'missing or empty'],
    ['an empty or', withConstraint({ or: [] }), 'at /permission/0/constraint/0'],
    ['an unknown property', policy({ permission: [{ ...rule, 'ex:only': true }] }), 'at /permission/0/ex:only'],
    ['a remedy of a permission', policy({ permission: [{ ...rule, remedy: [{ action: 'inform' }] }] }), 'at /permission/0/remedy'],
    ['a duty that is no known action', policy({ permission: [{ ...rule, duty: [{ action: 'backlot:repent' }] }] }), 'at /permission/0/duty/0/action: the action repent'],
    ['a phase that is none', policy({ permission: [{ ...rule, duty: [{ action: 'inform', 'backlot:phase': 'later' }] }] }), 'at /permission/0/duty/0/backlot:phase'],
    ['a deadline that is none', policy({ obligation: [{ action: 'inform', 'backlot:deadline': 'soon' }] }), 'at /obligation/0/backlot:deadline'],
    ['a trigger that is none', policy({ obligation: [{ action: 'inform', 'backlot:trigger': { '@id': 'backlot:onMonday' } }] }), 'onMonday is not a trigger'],
    ['a conflict strategy that is none', policy({ conflict: 'coin' }), 'at /conflict'],
    ['a policy that is its own parent', policy({ inheritFrom: 'urn:example:p' }), 'inherits from itself'],
    ['an id used twice', policy({ permission: [{ ...rule, uid: '#a' }, { ...rule, uid: 'urn:example:p#a' }] }), 'the id urn:example:p#a is described twice'],
    ['a rule without target', policy({ permission: [{ action: 'backlot:curate' }] }), 'at /permission/0/target'],
    ['a segment that ends before it begins', policy({ permission: [{ ...rule, target: { uid: 'urn:x:y', 'backlot:segment': { first: 9, end: 9, rate: '24' } } }] }), 'backlot:segment'],
    ['no rule', policy({ permission: [] }), 'neither a permission nor a prohibition'],
    ['no uid', policy({ uid: null }), 'at /uid'],
    ['a uid inside of itself', policy({ uid: '#me' }), 'at /uid: a policy has an IRI of its own'],
    ['an empty list of targets', policy({ permission: [{ ...rule, target: [] }] }), 'at /permission/0/target: it is empty'],
    ['an assignee that is null', policy({ permission: [{ ...rule, assignee: null }] }), 'at /permission/0/assignee: it is empty'],
    ['a ticket as type', policy({ '@type': 'Ticket' }), 'at /@type'],
    ['a list that says more than its items', policy({ permission: [{ ...rule, constraint: { '@list': [], ...before } }] }), 'at /permission/0/constraint: what stands beside @list'],
    ['a set beside which a prohibition is written', policy({ prohibition: { '@set': [], ...rule } }), 'at /prohibition: what stands beside @set'],
    ['a set and a list in one', policy({ prohibition: { '@list': [], '@set': [rule] } }), 'at /prohibition'],
    ['a value that is an id as well', withConstraint({ leftOperand: 'spatial', operator: 'eq', rightOperand: { '@value': 'DE', '@id': 'urn:example:elsewhere' } }), 'at /permission/0/constraint/0/rightOperand: it is a value or an id, not both'],
    ['a day in an hour that no zone has', withConstraint({ ...before, rightOperand: { '@value': '2030-01-01+99:99', '@type': 'xsd:date' } }), 'at /permission/0/constraint/0/rightOperand: a time zone'],
    ['a place of no country', withConstraint({ leftOperand: 'spatial', operator: 'eq', rightOperand: 'ZZ' }), '"ZZ" is not an ISO 3166 code'],
  ])('%s', (_, document, problem) => {
    let refusal: unknown;
    try {
      loadPolicy(document);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ name: 'Refusal', code: 'INVALID_POLICY' });
    expect((refusal as Error).message).toContain(problem);
  });
});

describe('every construct of ODRL 2.2 has its place in the tree', () => {
  const only = <T>(list: readonly T[]): T => {
    expect(list).toHaveLength(1);
    return list[0]!;
  };
  const constraintOf = (constraint: unknown): Constraint => only(only(loadPolicy(withConstraint(constraint)).rules).constraints) as Constraint;

  test('what is common to all rules may stand at the top: target, parties, action, constraint; a rule with its own keeps its own', () => {
    const { permission: _, ...bare } = policy({ target: 'urn:example:film', assignee: 'urn:example:a', assigner: 'urn:example:b', action: 'backlot:curate', constraint: [before] });
    const { rules } = loadPolicy({ ...bare, permission: [{}, { action: 'play', target: 'urn:example:other', assignee: 'urn:example:c' }], obligation: [{ action: 'inform' }] });
    expect(rules.map((one) => [one.actions.map(({ name }) => name), one.targets.map(({ id }) => id), one.assignees.map(({ id }) => id), one.assigners.map(({ id }) => id), one.constraints.length])).toEqual([
      [['curate'], ['urn:example:film'], ['urn:example:a'], ['urn:example:b'], 1],
      [['odrl:play'], ['urn:example:other'], ['urn:example:c'], ['urn:example:b'], 1],
    ]);
  });

  test('in a policy that declares no profile, a rule without action is about every action and one without target about every asset', () => {
    const { profile: _, ...open } = policy({ permission: [{}] });
    const { rules, strict, kind, conflict } = loadPolicy(open);
    expect({ strict, kind, conflict }).toEqual({ strict: false, kind: 'Agreement', conflict: 'prohibit' });
    expect(rules[0]).toMatchObject({ actions: [{ name: 'odrl:use' }, { name: 'odrl:transfer' }], targets: [{ id: null }], assignees: [] });
  });

  test.each(['Set', 'Offer', 'Agreement'])('%s', (kind) => expect(loadPolicy(policy({ '@type': kind })).kind).toBe(kind));
  test('Policy is a Set', () => expect(loadPolicy(policy({ '@type': ['Policy'] })).kind).toBe('Set'));
  test.each(['perm', 'prohibit', 'invalid'])('conflict %s', (conflict) => expect(loadPolicy(policy({ conflict })).conflict).toBe(conflict));
  test('inheritFrom', () => expect(loadPolicy(policy({ permission: [], inheritFrom: ['urn:x:a', 'urn:x:b'] }))).toMatchObject({ inheritFrom: ['urn:x:a', 'urn:x:b'], rules: [] }));

  test('remedies and consequences', () => {
    const { rules } = loadPolicy(policy({ permission: [{ ...rule, uid: '#p', duty: [{ action: 'attribute', 'backlot:deadline': 'P3D', consequence: [{ uid: '#c', action: 'compensate' }] }] }], prohibition: [{ action: 'index', target: 'urn:x:y', remedy: { uid: '#r', action: 'anonymize', target: 'urn:x:y' } }] }));
    expect(rules[0]!.duties).toMatchObject([{ uid: 'urn:example:p#p-duty-1', action: 'odrl:attribute', phase: 'pre', period: 'P3D', consequences: [{ uid: 'urn:example:p#c', action: 'odrl:compensate', phase: 'pre' }] }]);
    expect(rules[1]!.remedies).toMatchObject([{ uid: 'urn:example:p#r', action: 'odrl:anonymize', phase: 'post', targets: [{ id: 'urn:x:y' }] }]);
  });

  test('a duty is owed by whom its rule is for, unless it says', () => {
    const { rules, obligations } = loadPolicy(policy({ assignee: 'urn:x:all', permission: [{ ...rule, assignee: 'urn:x:editors', duty: [{ action: 'attribute', consequence: [{ action: 'compensate' }] }, { action: 'inform', assignee: 'urn:x:one' }] }], obligation: [{ action: 'delete' }] }));
    const owed = [...rules[0]!.duties, ...rules[0]!.duties[0]!.consequences, ...obligations].map((duty) => duty.assignees.map(({ id }) => id));
    expect(owed).toEqual([['urn:x:editors'], ['urn:x:one'], ['urn:x:editors'], ['urn:x:all']]);
  });

  test.each([
    ['of a remedy', { prohibition: [{ ...rule, remedy: [{ action: 'inform', consequence: [{ action: 'compensate' }] }] }] }, '/prohibition/0/remedy/0/consequence'],
    ['of a consequence', { permission: [{ ...rule, duty: [{ action: 'inform', consequence: [{ action: 'compensate', consequence: [{ action: 'delete' }] }] }] }] }, '/permission/0/duty/0/consequence/0/consequence'],
  ])('a consequence %s is refused, as ODRL does', (_, more, at) => expect(() => loadPolicy(policy(more))).toThrow(`at ${at}`));

  test('party and asset collections with refinements, actions and duties with refinements', () => {
    const older = { leftOperand: 'backlot:humanReview', operator: 'eq', rightOperand: 'done' };
    const { rules } = loadPolicy(
      policy({
        permission: [
          {
            target: { '@type': 'AssetCollection', source: 'urn:x:films', refinement: [older] },
            assignee: { '@type': ['PartyCollection', 'vcard:Group'], source: 'urn:x:editors', refinement: [older] },
            action: { 'rdf:value': { '@id': 'odrl:print' }, refinement: [{ leftOperand: 'resolution', operator: 'lteq', rightOperand: { '@value': '1200', '@type': 'xsd:integer' }, unit: 'http://dbpedia.org/resource/Dots_per_inch' }] },
            duty: [{ action: [{ 'rdf:value': { '@id': 'odrl:compensate' }, refinement: [{ leftOperand: 'payAmount', operator: 'eq', rightOperand: { '@value': '5.00', '@type': 'xsd:decimal' } }] }] }],
          },
        ],
      }),
    );
    expect(rules[0]).toMatchObject({
      targets: [{ id: 'urn:x:films', refinement: [{ leftOperand: 'humanReview' }] }],
      assignees: [{ id: 'urn:x:editors', refinement: [{ values: ['done'] }] }],
      actions: [{ name: 'odrl:print', refinement: [{ leftOperand: 'odrl:resolution', values: [1200], unit: 'http://dbpedia.org/resource/Dots_per_inch' }] }],
      duties: [{ action: 'odrl:compensate', actionRefinement: [{ values: [5] }] }],
    });
  });

  test.each(['and', 'or', 'xone', 'andSequence'])('%s as a list and as a set', (logic) => {
    const set = loadPolicy(withConstraint({ [logic]: [before, before] })).rules[0]!.constraints[0];
    expect(set).toMatchObject({ logic, of: [{ operator: 'lt' }, { operator: 'lt' }] });
    expect(loadPolicy(withConstraint({ [logic]: { '@list': [before, before] } })).rules[0]!.constraints[0]).toEqual(set);
  });

  test('a constraint, a duty, a party or a target may be described once and named elsewhere', () => {
    const { rules } = loadPolicy(
      policy({
        permission: [
          { ...rule, constraint: [{ or: { '@list': [{ '@id': '#window' }, { '@id': '#other' }] } }, { ...before, uid: '#window' }, { ...before, uid: '#other', operator: 'gt' }], duty: [{ uid: '#pay', action: 'compensate' }], assignee: { uid: 'urn:x:team', '@type': 'PartyCollection', refinement: [before] } },
          { ...rule, duty: ['#pay'], assignee: 'urn:x:team' },
        ],
      }),
    );
    expect((rules[0]!.constraints[0] as Extract<Condition, { logic: string }>).of).toMatchObject([{ operator: 'lt' }, { operator: 'gt' }]);
    expect(rules[1]!.duties).toEqual(rules[0]!.duties);
    expect(rules[1]!.assignees).toEqual(rules[0]!.assignees);
  });

  test.each<[string, object, string]>([
    ['a logic that names itself', { permission: [{ ...rule, constraint: [{ uid: '#a', and: ['#a'] }] }] }, 'contains itself'],
    ['two logics that name each other', { permission: [{ ...rule, constraint: [{ uid: '#a', and: ['#b'] }, { uid: '#b', or: ['#a'] }] }] }, 'contains itself'],
    ['a name that nothing describes', { permission: [{ ...rule, constraint: ['urn:x:nowhere'] }] }, '"urn:x:nowhere" is not described in the document'],
    ['a name that is described twice', { permission: [{ ...rule, constraint: [{ or: ['#a'] }, { uid: '#a', ...before }, { uid: '#a', ...before, operator: 'gt' }] }] }, 'is described twice'],
    ['an asset that another policy hangs on', { permission: [{ ...rule, target: { uid: 'urn:x:y', hasPolicy: 'urn:x:z' } }] }, '/permission/0/target/hasPolicy'],
    ['a profile that is not ours', { profile: ['urn:backlot:profile:', 'https://example.com/profile'] }, 'the profile https://example.com/profile is not known'],
    ['text with a prefix of the document', { '@context': [...context, { perf: 'urn:x:performer:' }], permission: [{ ...rule, constraint: [{ leftOperand: 'backlot:appearsPerformer', operator: 'eq', rightOperand: 'perf:1' }] }] }, 'write {"@id": "perf:1"}'],
    ['a prohibition among the permissions', { permission: [{ ...rule, '@type': 'Prohibition' }] }, 'a Prohibition does not stand here'],
    ['a value and a reference to one', { permission: [{ ...rule, constraint: [{ ...before, rightOperandReference: 'urn:x:y' }] }] }, 'not both'],
    ['a number as text in a licence', { permission: [{ ...rule, constraint: [{ leftOperand: 'count', operator: 'lteq', rightOperand: '500' }] }] }, 'a whole number (xsd:integer) is expected'],
    ['a type that contradicts dataType', { permission: [{ ...rule, constraint: [{ ...before, dataType: 'xsd:date' }] }] }, 'is not the xsd:date that the constraint declares'],
    ['a duration of months', { permission: [{ ...rule, constraint: [{ leftOperand: 'elapsedTime', operator: 'lt', rightOperand: { '@value': 'P1M', '@type': 'xsd:duration' } }] }] }, 'days, hours, minutes and seconds'],
    ['a country that is none', { permission: [{ ...rule, constraint: [{ leftOperand: 'spatial', operator: 'eq', rightOperand: 'QX' }] }] }, '"QX" is not an ISO 3166 code'],
    ['an event before anything else', { permission: [{ ...rule, constraint: [{ leftOperand: 'event', operator: 'lt', rightOperand: 'policyUsage' }] }] }, 'is said of a duty'],
  ])('%s is refused', (_, more, problem) => {
    expect(() => loadPolicy(policy(more))).toThrow(expect.objectContaining({ code: 'INVALID_POLICY', message: expect.stringContaining(problem) }));
  });

  test('values: by reference, of a declared data type, durations, decimals, a status beside them', () => {
    expect(constraintOf({ leftOperand: 'payAmount', operator: 'lteq', rightOperandReference: { '@id': 'urn:x:fee' } })).toMatchObject({ reference: 'urn:x:fee', values: [] });
    expect(constraintOf({ leftOperand: 'payAmount', operator: 'lteq', rightOperand: '5.5', dataType: 'xsd:decimal', unit: 'urn:x:eur', status: '2' })).toMatchObject({ values: [5.5], unit: 'urn:x:eur' });
    expect(constraintOf({ leftOperand: 'elapsedTime', operator: 'lt', rightOperand: { '@value': 'P1DT1H', '@type': 'xsd:duration' } }).values).toEqual([90_000_000]);
    expect(constraintOf({ leftOperand: 'dateTime', operator: 'lt', rightOperand: { '@value': '2030-01-01Z', '@type': 'xsd:date' } }).values).toMatchObject([{ start: Date.UTC(2030, 0, 1), end: Date.UTC(2030, 0, 2) }]);
    expect(constraintOf({ leftOperand: 'backlot:processingTerritory', operator: 'isPartOf', rightOperand: { '@id': 'backlot:territory-EEA' } }).values).toEqual(['EEA']);
  });

  test('a duty before or after the use, as ODRL says it with an event', () => {
    const duty = (operator: string): unknown => loadPolicy(policy({ permission: [{ ...rule, duty: [{ action: 'compensate', constraint: [{ leftOperand: 'event', operator, rightOperand: 'policyUsage' }] }] }] })).rules[0]!.duties[0];
    expect(duty('lt')).toMatchObject({ phase: 'pre', constraints: [] });
    expect(duty('gt')).toMatchObject({ phase: 'post', constraints: [] });
  });

  test('deprecated words of ODRL mean their successors', () => {
    expect(loadPolicy(policy({ permission: [{ action: ['write', 'copy'], target: 'urn:x:y' }] })).rules[0]!.actions.map(({ name }) => name)).toEqual(['odrl:modify', 'odrl:reproduce']);
  });

  test('an interval, and the zone that days and months are counted in', () => {
    expect(loadPolicy(policy({ 'backlot:timeZone': 'Europe/Berlin', obligation: [{ action: 'inform', 'backlot:interval': 'P1M' }] }))).toMatchObject({ zone: 'Europe/Berlin', obligations: [{ interval: 'P1M', phase: 'post' }] });
  });

  test('frames by their name', () => {
    expect(loadPolicy(policy({ permission: [{ ...rule, target: 'urn:backlot:segment:10.5240-AAAA-F:24000-1001:10-20' }] })).rules[0]!.targets).toEqual([{ id: '10.5240-AAAA-F', segment: { first: 10, end: 20, rate: '24000/1001' }, refinement: [] }]);
    for (const wrong of ['a:24-1:20-10', 'a:24-0:1-2', ':24-1:1-2', 'a:24-1:1', 'a:0:1-2']) expect(() => loadPolicy(policy({ permission: [{ ...rule, target: `urn:backlot:segment:${wrong}` }] }))).toThrow('a segment by its name');
  });
});

describe('words of somebody else', () => {
  const words = vocabulary.extend({ actions: { 'http://example.org/remix': { includedIn: 'http://www.w3.org/ns/odrl/2/derive', words: 'a remix' } }, leftOperands: { 'ex:dayOfWeek': { type: 'term', words: 'the day of the week' } }, profiles: ['http://example.org/profile'] });
  const document = policy({ profile: 'http://example.org/profile', permission: [{ action: 'http://example.org/remix', target: 'urn:x:y', constraint: [{ leftOperand: 'ex:dayOfWeek', operator: 'eq', rightOperand: { '@value': 'Sunday', '@type': 'xsd:string' } }] }] });

  test('are known where they are given, and nowhere else', () => {
    expect(loadPolicy(document, { vocabulary: words }).rules[0]).toMatchObject({ actions: [{ name: 'http://example.org/remix' }], constraints: [{ leftOperand: 'ex:dayOfWeek', values: ['Sunday'] }] });
    expect(words.actionPath('http://example.org/remix')).toEqual(['http://example.org/remix', 'odrl:derive', 'odrl:use']);
    expect(() => loadPolicy(document)).toThrow('the profile http://example.org/profile is not known');
    expect(vocabulary.isAction('http://example.org/remix')).toBe(false);
  });

  test('change nothing of the profile, and form no circle', () => {
    expect(() => vocabulary.extend({ actions: { 'urn:backlot:profile:fineTune': { words: 'nothing' } } })).toThrow('"fineTune" is a word of the profile already');
    expect(() => vocabulary.extend({ actions: { 'x:a': { includedIn: 'x:b', words: 'a' }, 'x:b': { includedIn: 'x:a', words: 'b' } } })).toThrow('included in itself');
    expect(() => vocabulary.extend({ actions: { 'x:a': { includedIn: 'x:b', words: 'a' } } })).toThrow('not an action');
  });
});

test('every action leads to use or transfer', () => {
  for (const name of vocabulary.actions.keys()) expect(vocabulary.roots).toContain(vocabulary.actionPath(name).at(-1));
  expect(vocabulary.roots).toEqual(['odrl:use', 'odrl:transfer']);
});

const contracts = path.join(repositoryRoot, '../shared/rights/contracts');
(existsSync(contracts) ? describe : describe.skip)('the contracts of three studios, with their prefixes renamed to ours', () => {
  const contract = (name: string): unknown => {
    const text = readFileSync(path.join(contracts, name), 'utf8');
    return JSON.parse(text.replaceAll('https://example.com/ns/lvt#', 'urn:backlot:profile:').replaceAll('urn:lvt:', 'urn:backlot:').replaceAll('"lvt:', '"backlot:').replaceAll('"lvt"', '"backlot"'));
  };
  const names = (of: { actions: { name: string }[] }): string[] => of.actions.map(({ name }) => name);

  test('an exclusive archive', () => {
    const { rules, obligations, strict } = loadPolicy(contract('A-exclusive-studio.json'));
    expect(strict).toBe(true);
    expect(rules.map(names)).toEqual([['ingest', 'caption', 'curate', 'evaluate'], ['fineTune'], ['generate'], ['distil'], ['coTrain'], ['export']]);
    expect(rules[1]!.constraints).toMatchObject([
      { leftOperand: 'odrl:dateTime', operator: 'lt', values: [{ start: Date.UTC(2029, 0, 1) }] },
      { leftOperand: 'modelTenant', values: ['urn:backlot:tenant:northlight'] },
      { leftOperand: 'coTrainedLicensor', operator: 'isNoneOf', operand: { others: 'anyOtherLicensor' }, values: ['anyOtherLicensor'] },
      { leftOperand: 'performerClearance', operator: 'isAllOf', operand: { each: true }, values: ['cleared'] },
    ]);
    expect(rules[2]).toMatchObject({ targets: [{ id: 'urn:backlot:models-derived-from:northlight' }], assignees: [{ id: 'urn:backlot:party:northlight-editors' }], duties: [{ action: 'embedContentCredentials', phase: 'pre' }], constraints: [{ values: [50_000] }, { values: ['beforeExport'] }] });
    expect(obligations).toMatchObject([
      { action: 'odrl:delete', trigger: 'onTermination', period: 'P30D', interval: null },
      { action: 'odrl:inform', trigger: 'onUse', period: null, interval: 'P1M' },
    ]);
  });

  test("a streamer's library with territory, term and an excluded performer", () => {
    const { rules, obligations } = loadPolicy(contract('B-streamer-territory.json'));
    expect(rules[0]!.constraints).toMatchObject([{ logic: 'and', of: [{ operator: 'gteq' }, { operator: 'lt' }] }, { leftOperand: 'processingTerritory', operator: 'isPartOf', values: ['EEA'] }, { values: ['previs', 'internalPromo'] }]);
    expect(rules[1]).toMatchObject({ constraints: [{ values: ['DE', 'FR', 'ES'] }], duties: [{ phase: 'post', period: 'P30D' }, { phase: 'pre' }] });
    expect(rules[2]).toMatchObject({ kind: 'prohibition', targets: [{ id: 'urn:backlot:catalogue:streamco-eu', refinement: [{ leftOperand: 'appearsPerformer', values: ['urn:backlot:performer:0042'] }] }] });
    expect(rules[3]!.targets).toEqual([{ id: '10.5240-AAAA-BBBB-CCCC-DDDD-EEEE-F', segment: { first: 107_892, end: 131_866, rate: '24000/1001' }, refinement: [] }]);
    expect(obligations.map(({ action, trigger, period }) => [action, trigger, period])).toEqual([['notifyGuild', 'onFirstTrain', 'P30D'], ['retireModel', 'onExpiry', 'P90D']]);
  });

  test('a documentary archive without synthesis', () => {
    const { rules, obligations } = loadPolicy(contract('C-documentary-nosynth.json'));
    expect(rules.map(names)).toEqual([['ingest', 'caption', 'odrl:index'], ['train', 'generate', 'coTrain']]);
    expect(rules[0]!.constraints).toMatchObject([{ leftOperand: 'captionModelRetention', values: ['noRetention'] }]);
    expect(obligations).toMatchObject([{ action: 'cryptoShred', trigger: 'onWithdrawal', period: 'P7D' }]);
  });
});
