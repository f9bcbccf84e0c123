import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { compilePolicy, exampleValues, fillTemplate, proseMarkdown, proseText, readTemplate, renderPolicy, type Contract, type Prose } from './index.js';

const folder = path.join(repositoryRoot, 'policies/templates');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const contractOf = (name: string): Contract => {
  const template = readTemplate(readFileSync(path.join(folder, name), 'utf8'));
  return fillTemplate(template, exampleValues(template), 'urn:example:licence');
};
const prose = (name: string): Prose => {
  const contract = contractOf(name);
  return renderPolicy(compilePolicy(contract.policy), { contract });
};

describe.each(names)('%s in prose', (name) => {
  const compiled = compilePolicy(contractOf(name).policy);
  const rendered = prose(name);
  const said = rendered.sections.flatMap((section) => section.sentences.map((one) => ({ ...one, section: section.clause })));

  test('every rule, duty, consequence, remedy and obligation has its sentence, below its clause', () => {
    const { rules, obligations } = compiled.policy;
    const all = [...rules, ...rules.flatMap((rule) => [...rule.duties, ...rule.duties.flatMap((duty) => duty.consequences), ...rule.remedies]), ...obligations].map((one) => one.uid);
    expect(new Set(said.map((one) => one.rule))).toEqual(new Set(all));
    for (const one of said) expect(one.section).toBe(one.clause);
  });

  test('reads as English: whole sentences, no ids of terms, no placeholders', () => {
    for (const { words } of said) expect(words).toMatch(/^[A-Z][^{}]*\.$/);
    for (const { words } of said) expect(words).not.toMatch(/odrl:|backlot:|undefined|null|\bP\d/);
  });

  test('Markdown links each sentence to a clause that is there', () => {
    const text = proseMarkdown(rendered);
    const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));
    for (const [, link] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(link);
  });

  test('plain text keeps to 100 columns where words allow', () => {
    for (const line of proseText(rendered).split('\n')) if (/ \S+ \S+/.test(line.trim())) expect(line.length).toBeLessThanOrEqual(110);
  });
});

test('a territory deal, as a lawyer reads it', () => {
  const delivery = prose('territory-window.yaml').sections.find((section) => section.clause === '4.1')!;
  expect(delivery.prose).toContain('up to 500 generated clips for use in Germany, France and Spain');
  expect(delivery.sentences.map((one) => one.words)).toEqual([
    'For the Titles, export is allowed to the Licensee from 1 Oct 2026, until 30 Sep 2028, in Germany, France or Spain, for the purpose previs or internalPromo, for up to 500 uses.',
    'Before that, attribution must be on record.',
    'The Licensee owes payment within 30 days of delivery.',
    'If that is not done in time, the Licensee owes a report to the licensor as well within 10 days of the day on which it was due.',
  ]);
});

test('a policy that was not made from a template: clauses by number, parties as definitions, what people wrote stays text', () => {
  const policy = compilePolicy({
    '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:', dct: 'http://purl.org/dc/terms/' }],
    '@type': 'Agreement',
    uid: 'urn:example:l',
    'dct:title': 'A <b>title</b> [x](y)',
    assigner: 'urn:example:archive',
    target: { '@type': 'Asset', source: 'urn:example:film:7', 'backlot:segment': { first: 1000, end: 2000, rate: '24' } },
    permission: [
      { uid: '#b', 'backlot:clause': '10', action: 'backlot:export' },
      { uid: '#a', 'backlot:clause': '9', action: [{ 'rdf:value': { '@id': 'backlot:generate' }, refinement: [{ leftOperand: 'backlot:humanReview', operator: 'eq', rightOperand: 'beforeExport' }] }] },
    ],
  });
  const rendered = renderPolicy(policy);
  expect(rendered.sections.map((section) => section.clause)).toEqual(['9', '10']);
  expect(rendered.definitions).toContainEqual({ term: 'the Licensor', value: 'urn:example:archive' });
  expect(rendered.sections[1]!.sentences[0]!.words).toBe('For frames 1,000 to 1,999 (at 24 a second) of film 7, export is allowed.');
  expect(rendered.sections[0]!.sentences[0]!.words).toContain('(generation only where the human review is beforeExport)');
  expect(proseMarkdown(rendered)).toContain('# A &lt;b>title&lt;/b> \\[x\\](y)');
  expect(proseText(rendered)).toContain('[clause 10, rule #b]');
});
