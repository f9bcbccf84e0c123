import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { compilePolicy, evaluate, vocabulary, type BegunDuty, type Facts, type PerformedDuty } from '#libs/rights';
import { attempt, type Case } from './suite.js';

/** A case of testdata/testconfig.yml. */
interface Config {
  filename: string;
  evalRuleid?: string;
  evalRuleproperty?: string;
  obligationEvalRound?: string;
  evalpresets?: { defaults?: Record<string, string>; instances?: Record<string, string> };
}

type Json = Record<string, unknown>;

/**
 * Folders in the shape of nitmws/odrl-wprofile-evaltest1: testdata/testconfig.yml names a policy (testdata/NAME.json), one of its rules, and for each comparison and action
 * whether it is satisfied or exercised; the expected state is the TESTRESULT-FINAL of testdataout_archive/…/CASE_NAME_log.txt. A case without such a log expects nothing and is
 * left out.
 *
 * The suite does not judge comparisons, it combines their preset results. So each comparison becomes one of a fact of its own with "Satisfied", and that fact is its preset.
 * The rule in question is asked alone, in ODRL's terms:
 * - a permission: may its action be done on its target by its assignee;
 * - a prohibition is infringed when its action was exercised and not everything that would remedy it was done;
 * - an obligation is fulfilled when a permission that waited for it would hold. In the second round the duty was not done in time: its consequences count.
 * - A duty is exercised only in the way that its action is refined.
 */
export async function evaltest(folder: string): Promise<Case[]> {
  const config = parse(await readFile(path.join(folder, 'testdata/testconfig.yml'), 'utf8')) as Record<string, Config | string>;
  const archive = path.join(folder, 'testdataout_archive');
  const logs = existsSync(archive) ? (await readdir(archive, { recursive: true })).sort() : [];
  const cases: Case[] = [];
  for (const [name, one] of Object.entries(config)) {
    const log = logs.findLast((file) => path.basename(file) === `CASE_${name}_log.txt`);
    if (typeof one === 'string' || log === undefined) continue;
    const [, expected] = /TESTRESULT-FINAL: .*status = ([A-Za-z-]+)\s*$/m.exec(await readFile(path.join(archive, log), 'utf8')) ?? [];
    if (expected === undefined) continue;
    cases.push(
      await attempt(name, async () => {
        const policy = JSON.parse(await readFile(path.join(folder, 'testdata', `${one.filename}.json`), 'utf8')) as Json;
        return { expected: { state: expected }, got: { state: stateOf(policy, one) } };
      }),
    );
  }
  return cases;
}

const NOW = '2020-06-01T00:00:00Z';
const BEFORE = '2020-01-01T00:00:00Z';
const LONG_BEFORE = '2019-01-01T00:00:00Z';
const PRESET = 'urn:evaltest:preset:';
const listed = (value: unknown): Json[] => (value === undefined ? [] : Array.isArray(value) ? (value as Json[]) : [value as Json]);

function stateOf(policy: Json, config: Config): string {
  const presets = new Presets(config);
  const [kind, rule] = ruleOf(policy, config);
  const secondRound = config.obligationEvalRound === '2' || presets.default('dutyEvalRound') === '2';
  const target = 'urn:evaltest:target';
  const party = 'urn:evaltest:party';
  const performed: PerformedDuty[] = [];
  const begun: BegunDuty[] = [];
  let duties = 0;

  const comparison = (constraint: Json, use: 'constraint' | 'refinement'): Json => {
    const logic = ['and', 'or', 'xone', 'andSequence'].find((name) => name in constraint);
    if (logic) return { [logic]: listed((constraint[logic] as Json)['@list'] ?? constraint[logic]).map((part) => comparison(part, use)) };
    return { leftOperand: { '@id': presets.operand((constraint['@id'] ?? constraint.uid) as string | undefined, use) }, operator: 'eq', rightOperand: 'Satisfied' };
  };
  const all = (value: unknown, use: 'constraint' | 'refinement'): Json[] => listed(value).map((one) => comparison(one, use));
  const holds = (conditions: Json[]): boolean => conditions.length === 0 || outcome({ permission: [{ action: 'use', target, constraint: conditions }] }) === 'permit';
  const actionOf = (rule: Json): { name: unknown; refinement: Json[] } => {
    const [action] = listed(rule.action) as [Json | string];
    return typeof action === 'string' ? { name: action, refinement: [] } : { name: (action['rdf:value'] as Json | undefined)?.['@id'] ?? action['@id'], refinement: all(action.refinement, 'refinement') };
  };
  const duty = (source: Json, use: string): Json => {
    const uid = `urn:evaltest:duty:${(duties += 1)}`;
    const { name, refinement } = actionOf(source);
    if (presets.exercised(String(name), use) && holds(refinement)) performed.push({ duty: uid, at: use === 'consequenceAction' ? NOW : BEFORE });
    const consequence = listed(source.consequence).map((one) => duty(one, 'consequenceAction'));
    const late = secondRound && consequence.length > 0;
    if (late) begun.push({ duty: uid, at: LONG_BEFORE });
    return { uid, action: name, constraint: all(source.constraint, 'constraint'), consequence, ...(late ? { 'backlot:deadline': 'P1D' } : {}) };
  };
  const outcome = (rules: Json): 'permit' | 'refuse' => {
    const document = { '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }], '@type': 'Set', uid: 'urn:evaltest:policy', ...rules };
    const compiled = compilePolicy(document, { vocabulary: vocabulary.extend({ leftOperands: presets.words }) });
    return evaluate([compiled], { action: 'odrl:use', targets: [{ id: target, ancestors: [] }], assignee: [party], now: NOW, facts: presets.facts }, { performed, begun }).outcome;
  };

  const { refinement } = actionOf(rule);
  const place = { source: target, '@type': 'AssetCollection', refinement: listed(rule.target).filter((one) => typeof one === 'object').flatMap((one) => all(one.refinement, 'refinement')) };
  const assignee = { source: party, '@type': 'PartyCollection', refinement: listed(rule.assignee).filter((one) => typeof one === 'object').flatMap((one) => all(one.refinement, 'refinement')) };
  const action = { 'rdf:value': { '@id': 'odrl:use' }, refinement };
  const constraint = all(rule.constraint, 'constraint');

  if (kind === 'permission') {
    const waits = listed(rule.duty).map((one) => duty(one, 'dutyAction'));
    return outcome({ permission: [{ action, target: place, assignee, constraint, duty: waits }] }) === 'permit' ? 'Allowed' : 'Not-Allowed';
  }
  if (kind === 'obligation') {
    const waits = duty(rule, 'obligationAction');
    return outcome({ permission: [{ action: 'use', target, duty: [waits] }] }) === 'permit' ? 'Fulfilled' : 'Not-Fulfilled';
  }
  const { name } = actionOf(rule);
  const remedies = listed(rule.remedy).map((one) => duty(one, 'remedyAction'));
  const uid = 'urn:evaltest:prohibition';
  const document = { '@context': 'http://www.w3.org/ns/odrl.jsonld', '@type': 'Set', uid: 'urn:evaltest:policy', prohibition: [{ uid, action, target: place, assignee, constraint, remedy: remedies }] };
  const compiled = compilePolicy(document, { vocabulary: vocabulary.extend({ leftOperands: presets.words }) });
  const exercised = presets.exercised(String(name), 'action');
  const evaluation = evaluate(
    [compiled],
    { action: 'odrl:use', targets: [{ id: target, ancestors: [] }], assignee: [party], now: NOW, facts: presets.facts },
    { performed, infringements: exercised ? [{ rule: uid, at: LONG_BEFORE }] : [] },
  );
  const forbids = evaluation.trace.some((trace) => trace.kind === 'prohibition' && trace.active);
  const owed = remedies.length === 0 || evaluation.obligations.some(({ state }) => state === 'due');
  return exercised && forbids && owed ? 'Infringed' : 'Not-Infringed';
}

function ruleOf(policy: Json, { evalRuleid, evalRuleproperty }: Config): [string, Json] {
  const rules = ['permission', 'prohibition', 'obligation'].flatMap((kind) => listed(policy[kind]).map((rule, at) => ({ kind, rule, at: `${kind}.${at + 1}` })));
  const found = rules.find(({ rule, at }) => (evalRuleid === undefined ? at === evalRuleproperty : (rule.uid ?? rule['@id']) === evalRuleid));
  if (!found) throw new Error(`the policy has no rule ${evalRuleid ?? evalRuleproperty}`);
  return [found.kind, found.rule];
}

/** The results that the configuration gives to comparisons and actions: by id, else by what they are. */
class Presets {
  readonly facts: Record<string, Facts[string]> = {};
  readonly words: Record<string, { type: 'term'; words: string }> = {};

  constructor(private readonly config: Config) {}

  default(name: string): string | undefined {
    return this.config.evalpresets?.defaults?.[name];
  }

  /** A left operand of the comparison's own; its value is the preset result. */
  operand(id: string | undefined, use: 'constraint' | 'refinement'): string {
    const iri = `${PRESET}${Object.keys(this.words).length + 1}`;
    this.words[iri] = { type: 'term', words: 'the preset result' };
    const preset = this.config.evalpresets?.instances?.[id ?? ''] ?? this.default(use);
    if (preset !== undefined) this.facts[iri] = preset;
    return iri;
  }

  exercised(action: string, use: string): boolean {
    const iri = action.includes(':') ? action.replace(/^odrl:/, ODRL) : ODRL + action;
    return (this.config.evalpresets?.instances?.[iri] ?? this.default(use) ?? this.default('action')) === 'Exercised';
  }
}

const ODRL = 'http://www.w3.org/ns/odrl/2/';
