import type { CompiledPolicy } from './compile.js';
import type { Duty, Rule } from './load.js';
import { Wording, type Names } from './names.js';
import type { Contract } from './template.js';
import { wordsFor } from './vocabulary.js';
import { listWords, sentence } from './words.js';

/** A policy as prose that a lawyer reads. Every sentence that a rule or duty makes says which one it is. */
export interface Prose {
  title: string;
  /** "Version 3, of 4 parties …" */
  head: string[];
  definitions: { term: string; value: string }[];
  sections: ProseSection[];
  /** How the whole is read: what is silent, what wins. */
  general: string[];
}

export interface ProseSection {
  /** Absent: the policy gives no number. */
  clause?: string;
  heading?: string;
  /** The contract's own words. */
  prose?: string;
  sentences: { words: string; rule: string; clause?: string }[];
}

export interface RenderOptions {
  /** The filled template that the policy comes from: its headings, its own words and what they mean. */
  contract?: Contract;
  name?: Names;
}

/** The policy in numbered clauses: what each allows, prohibits and asks for, until when, where and by whom. */
export function renderPolicy({ policy, sha256 }: CompiledPolicy, { contract, name }: RenderOptions = {}): Prose {
  const wording = new Wording((id) => name?.(id) ?? contract?.names.get(id));
  const sections = new Map<string, ProseSection>();
  const section = ({ clause, uid }: { clause?: string; uid: string }): ProseSection => {
    const key = clause ?? uid;
    const found = sections.get(key) ?? { ...(clause === undefined ? {} : { clause }), sentences: [] };
    sections.set(key, found);
    return found;
  };
  for (const { clause, heading, prose } of contract?.clauses ?? []) sections.set(clause, { clause, ...(heading === undefined ? {} : { heading }), prose, sentences: [] });
  const say = (about: { uid: string; clause?: string }, words: string, at = section(about)): void => {
    at.sentences.push({ words: sentence(words), rule: about.uid, ...(about.clause === undefined ? {} : { clause: about.clause }) });
  };
  for (const rule of policy.rules) {
    const at = section(rule);
    say(rule, ruleProse(rule, wording), at);
    for (const duty of rule.duties) for (const { about, words } of dutyProse(duty, wording)) say({ uid: about.uid, ...clauseOf(about, rule) }, words, at);
    for (const remedy of rule.remedies) say({ uid: remedy.uid, ...clauseOf(remedy, rule) }, `whoever does so nevertheless owes ${wordsFor(remedy.action)} ${wording.due(remedy).replace('the use', 'the infringement')}${limits(remedy, wording)}`, at);
  }
  for (const duty of policy.obligations) for (const { about, words } of dutyProse(duty, wording)) say({ uid: about.uid, ...clauseOf(about, duty) }, words, section(duty));
  const kind = { Agreement: 'Agreement', Offer: 'Offer, not yet accepted', Set: 'Terms without named parties' }[policy.kind];
  return {
    title: policy.title,
    head: [`${kind}, version ${policy.version}`, policy.uid, `SHA-256 ${sha256}`, ...(contract ? [contract.about] : [])],
    definitions: contract?.definitions ?? derived(policy.rules, wording),
    sections: contract ? [...sections.values()] : [...sections.values()].toSorted((a, b) => (a.clause ?? '~').localeCompare(b.clause ?? '~', 'en', { numeric: true })),
    general: [
      { prohibit: 'Where something is both allowed and prohibited, it is prohibited.', perm: 'Where something is both allowed and prohibited, it is allowed.', invalid: 'Where something is both allowed and prohibited, neither counts and it is refused.' }[policy.conflict],
      ...(policy.inheritFrom.length > 0 ? [`The terms of ${listWords(policy.inheritFrom.map(wording.name), 'and')} apply as well, and count where this licence is silent.`] : ['What this licence does not mention is refused.']),
      'A fact that is not known never allows anything, and sets a prohibition in force.',
      ...(policy.zone === undefined ? [] : [`Days begin and end in the time zone ${policy.zone}.`]),
    ],
  };
}

const clauseOf = (own: { clause?: string }, rule: { clause?: string }): { clause?: string } => {
  const clause = own.clause ?? rule.clause;
  return clause === undefined ? {} : { clause };
};

function ruleProse(rule: Rule, wording: Wording): string {
  const who = rule.assignees.length > 0 ? ` to ${listWords(rule.assignees.map((party) => `${wording.name(party.id)}${party.refinement.map((condition) => ` ${wording.condition(condition)}`).join('')}`), 'and')}` : '';
  const be = rule.actions.length === 1 ? 'is' : 'are';
  const by = rule.actions.flatMap((action) => action.refinement.map((condition) => `${wordsFor(action.name)} only ${wording.condition(condition, rule)}`));
  const where = rule.constraints.map((condition) => wording.condition(condition, rule));
  const said = `for ${wording.targets(rule.targets)}, ${wording.acts(rule)} ${be} ${rule.kind === 'permission' ? 'allowed' : 'prohibited'}${who}`;
  return `${said}${where.length > 0 ? ` ${where.join(', ')}` : ''}${by.length > 0 ? ` (${by.join('; ')})` : ''}`;
}

const whoOwes = ({ assignees }: Duty, wording: Wording): string => (assignees.length > 0 ? `${listWords(assignees.map((party) => wording.name(party.id)), 'and')} ${assignees.length === 1 ? 'owes' : 'owe'}` : 'the licensee owes');

function dutyProse(duty: Duty, wording: Wording): { about: Duty; words: string }[] {
  const what = wordsFor(duty.action);
  const how = duty.actionRefinement.map((condition) => ` ${wording.condition(condition)}`).join(',');
  const when = limits(duty, wording);
  const first = duty.phase === 'pre' ? `before that, ${what}${how} must be on record${when}` : `${whoOwes(duty, wording)} ${what}${how} ${wording.due(duty)}${when}`;
  return [{ about: duty, words: first }, ...duty.consequences.map((one) => ({ about: one, words: `if that is not done in time, ${whoOwes(one, wording)} ${wordsFor(one.action)} as well ${wording.due(one).replace('the use', 'the day on which it was due')}` }))];
}

const limits = (duty: Duty, wording: Wording): string => (duty.constraints.length > 0 ? `, ${duty.constraints.map((condition) => wording.condition(condition)).join(', ')}` : '');

/** The parties and assets that a policy without a contract's own definitions names. */
function derived(rules: readonly Rule[], wording: Wording): Prose['definitions'] {
  const list = (ids: (string | null)[]): string[] => [...new Set(ids.filter((id) => id !== null))];
  const [licensors, licensees, assets] = [list(rules.flatMap((rule) => rule.assigners.map((party) => party.id))), list(rules.flatMap((rule) => rule.assignees.map((party) => party.id))), list(rules.flatMap((rule) => rule.targets.map((target) => target.id)))];
  const defined = (term: string, ids: string[]): Prose['definitions'] => (ids.length > 0 ? [{ term, value: listWords(ids.map((id) => (wording.name(id) === id ? id : `${wording.name(id)} (${id})`)), 'and') }] : []);
  return [...defined('the Licensor', licensors), ...defined('the Licensee', licensees), ...defined('the Titles', assets)];
}

const local = (uid: string): string => uid.replace(/^[^#]*(?=#)/, '');

/** Prose as plain text of at most 100 columns. */
export function proseText({ title, head, definitions, sections, general }: Prose): string {
  const lines = [title.toUpperCase(), '', ...head.flatMap((line) => wrap(line, '')), '', ...(definitions.length > 0 ? ['DEFINITIONS', '', ...definitions.flatMap(({ term, value }) => wrap(`“${capital(term)}”: ${value}`, '  ')), ''] : [])];
  for (const { clause, heading, prose, sentences } of sections) {
    lines.push(headingOf(clause, heading).toUpperCase(), '');
    if (prose !== undefined) lines.push(...wrap(prose, '  '), '');
    for (const { words, rule, clause: own } of sentences) lines.push(...wrap(`- ${words} [${own === undefined ? '' : `clause ${own}, `}rule ${local(rule)}]`, '  '));
    if (sentences.length > 0) lines.push('');
  }
  return `${[...lines, 'HOW THIS IS READ', '', ...general.flatMap((line) => wrap(`- ${line}`, '  '))].join('\n')}\n`;
}

/** Prose as Markdown; every sentence links to its clause and names its rule. */
export function proseMarkdown({ title, head, definitions, sections, general }: Prose): string {
  const lines = [`# ${plain(title)}`, '', ...head.map((line) => `${plain(line)}  `), ''];
  if (definitions.length > 0) lines.push('## Definitions', '', ...definitions.map(({ term, value }) => `- **${plain(capital(term))}**: ${plain(value)}`), '');
  for (const { clause, heading, prose, sentences } of sections) {
    lines.push(`<a id="${anchor(clause ?? sentences[0]?.rule ?? '')}"></a>`, '', `## ${plain(headingOf(clause, heading))}`, '');
    if (prose !== undefined) lines.push(plain(prose), '');
    for (const { words, rule, clause: own } of sentences) lines.push(`- <a id="${anchor(local(rule))}"></a>${plain(words)} (${own === undefined ? '' : `[clause ${plain(own)}](#${anchor(own)}), `}rule \`${local(rule)}\`)`);
    if (sentences.length > 0) lines.push('');
  }
  return `${[...lines, '## How this is read', '', ...general.map((line) => `- ${plain(line)}`)].join('\n')}\n`;
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const headingOf = (clause: string | undefined, heading: string | undefined): string => [clause, heading].filter((one) => one !== undefined).join(' ') || 'Without a number';
const anchor = (text: string): string => `c-${text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`;
/** What people wrote stays text: no mark-up of theirs comes through. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(/[\\`*_[\]#|]/g, '\\$&');

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  const more = text.startsWith('- ') ? `${indent}  ` : indent;
  let line = '';
  for (const word of text.split(/\s+/)) {
    const start = lines.length === 0 ? indent : more;
    if (line !== '' && start.length + line.length + 1 + word.length > 100) {
      lines.push(start + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, (lines.length === 0 ? indent : more) + line];
}
