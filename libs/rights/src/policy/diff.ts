import type { CompiledPolicy } from './compile.js';
import type { Condition, Duty, Rule, TargetSpec } from './load.js';
import { actionWithin, below, conditionKey, narrower, partiesWithin, ruleWithin, targetWithin } from './narrower.js';
import { Wording, every, number as amount, type Names } from './names.js';
import { clauseWords, listWords, periodWords, sentence } from './words.js';
import { triggers, wordsFor } from './vocabulary.js';

/** What an amendment changes: `unclear` is treated as loosening by whoever decides on it. */
export type Effect = 'tightens' | 'loosens' | 'neutral' | 'unclear';

export interface Change {
  /** Absolute id of the rule or duty (of the version before, where it is gone), or the policy's own id. */
  rule: string;
  clause?: string;
  effect: Effect;
  /** One plain sentence. */
  words: string;
}

export interface DiffOptions {
  /** What people call an asset or party. */
  name?: Names;
}

/**
 * What changes between two versions of a licence, in plain words, each change with what it does to the licensee.
 *
 * `tightens` is only said of a change that is provably so: taken alone it permits nothing that was refused before, and takes no duty away. A version whose
 * changes all tighten or are neutral can therefore permit nothing new under this licence; what another licence of the same title says is not looked at.
 */
export function diffPolicies(before: CompiledPolicy, after: CompiledPolicy, options: DiffOptions = {}): Change[] {
  return new Diff(before, after, options).changes();
}

/** A permission that covers less tightens; a prohibition, or a duty's excuse, that covers less loosens. */
type Side = 'allows' | 'forbids';

const flipped: Record<Effect, Effect> = { tightens: 'loosens', loosens: 'tightens', neutral: 'neutral', unclear: 'unclear' };
const effectOf = (side: Side, shrinks: boolean, grows: boolean): Effect => {
  const effect = shrinks && grows ? 'neutral' : shrinks ? 'tightens' : grows ? 'loosens' : 'unclear';
  return side === 'allows' ? effect : flipped[effect];
};

class Diff {
  private readonly found: Change[] = [];
  private readonly wording: Wording;
  /** What a child of other policies is silent about follows its parents, so that dropping a permission may open what it limited. */
  private readonly inherits: boolean;

  constructor(
    private readonly before: CompiledPolicy,
    private readonly after: CompiledPolicy,
    { name }: DiffOptions,
  ) {
    this.wording = new Wording(name);
    this.inherits = [before, after].some(({ policy }) => (policy.inheritFrom?.length ?? 0) > 0);
  }

  changes(): Change[] {
    this.compareTerms();
    const { pairs, gone, added } = pairRules(this.before, this.after);
    for (const rule of gone) this.ruleGone(rule);
    for (const [was, is] of pairs) this.compareRules(was, is);
    for (const rule of added) this.ruleAdded(rule);
    this.compareDuties(this.before.policy.obligations, this.after.policy.obligations, undefined, undefined);
    return this.found;
  }

  private add(rule: { uid: string; clause?: string }, effect: Effect, words: string): void {
    this.found.push({ rule: rule.uid, ...(rule.clause === undefined ? {} : { clause: rule.clause }), effect, words: sentence(words) });
  }

  /** What stands above the rules. */
  private compareTerms(): void {
    const [was, is] = [this.before.policy, this.after.policy];
    if (was.title !== is.title && was.title !== was.uid) this.add({ uid: is.uid }, 'neutral', `the licence is now called “${is.title}” instead of “${was.title}”`);
    if (was.conflict !== is.conflict) {
      const strictness = ['perm', 'prohibit', 'invalid'];
      const words = { prohibit: 'a prohibition wins', perm: 'a permission wins', invalid: 'both are void' };
      this.add({ uid: is.uid }, strictness.indexOf(is.conflict) > strictness.indexOf(was.conflict) ? 'tightens' : 'unclear', `where a permission and a prohibition meet, ${words[is.conflict]} now; before, ${words[was.conflict]}`);
    }
    for (const uid of was.inheritFrom.filter((one) => !is.inheritFrom.includes(one))) this.add({ uid: is.uid }, is.inheritFrom.length > 0 ? 'loosens' : 'unclear', `the terms of ${this.wording.name(uid)} no longer apply`);
    for (const uid of is.inheritFrom.filter((one) => !was.inheritFrom.includes(one))) this.add({ uid: is.uid }, was.inheritFrom.length > 0 ? 'tightens' : 'unclear', `the terms of ${this.wording.name(uid)} now apply as well`);
    if ((was.zone ?? 'UTC') !== (is.zone ?? 'UTC')) this.add({ uid: is.uid }, allDuties(is).some((duty) => duty.period !== null) ? 'unclear' : 'neutral', `deadlines are now counted in the time zone ${is.zone ?? 'UTC'} instead of ${was.zone ?? 'UTC'}`);
  }

  private ruleGone(rule: Rule): void {
    const side = sideOf(rule);
    const replaced = this.after.policy.rules.some((other) => other.kind === rule.kind && ruleWithin(rule, other) && owesAsMuch(rule, other));
    const effect = replaced ? 'neutral' : side === 'forbids' ? 'loosens' : this.inherits ? 'unclear' : 'tightens';
    const subject = `${this.wording.acts(rule)}${this.of(rule)} ${be(rule)}`;
    const words = side === 'allows' ? `${subject} no longer allowed` : this.takesOut(rule) ? `${this.wording.targets(rule.targets)} ${rule.targets.length === 1 ? 'is' : 'are'} no longer left out` : `${subject} no longer prohibited${this.limits(rule.constraints, rule)}`;
    this.add(rule, effect, replaced ? `${clauseWords(rule)} on ${this.wording.acts(rule)} is dropped, because another clause says the same or more` : words);
    this.compareDuties(rule.remedies, [], rule, undefined);
  }

  private ruleAdded(rule: Rule): void {
    const side = sideOf(rule);
    const covered = this.before.policy.rules.some((other) => other.kind === rule.kind && ruleWithin(rule, other) && owesAsMuch(rule, other));
    const effect = covered ? 'neutral' : side === 'forbids' ? 'tightens' : this.inherits ? 'unclear' : 'loosens';
    const words = this.takesOut(rule) ? `${this.wording.targets(rule.targets)} ${rule.targets.length === 1 ? 'is' : 'are'} no longer licensed` : `${this.wording.acts(rule)}${this.of(rule)} ${be(rule)} now ${side === 'allows' ? 'allowed' : 'prohibited'}${this.limits(rule.constraints, rule)}`;
    this.add(rule, effect, `${words}${covered ? ', as another clause said before' : ''}`);
    if (!covered) for (const duty of rule.duties) this.add(duty, 'tightens', `it comes with a duty: ${this.dutyWords(duty)}`);
  }

  private compareRules(was: Rule, is: Rule): void {
    if (was.clause !== is.clause) this.add(is, 'neutral', `${clauseWords(was)} is now ${clauseWords(is)}`);
    const counted = [...is.constraints, ...is.actions.flatMap((action) => action.refinement)].some(usesCount);
    if (local(was.uid) !== local(is.uid)) this.add(is, counted ? 'unclear' : 'neutral', `the rule ${local(was.uid)} is now called ${local(is.uid)}${counted ? ', so that its uses are counted anew' : ''}`);
    this.compareActions(was, is);
    this.compareTargets(was, is);
    this.compareParties(was, is);
    this.compareConditions(was.constraints, is.constraints, { rule: is, side: sideOf(is), subject: `${this.wording.acts(is)}${this.of(is)}`, be: be(is), verb: is.kind === 'permission' ? 'allowed' : 'prohibited', cap: this.wording.acts(is), rules: [was, is] });
    this.compareDuties(was.duties, is.duties, is, was);
    this.compareDuties(was.remedies, is.remedies, is, was);
  }

  private compareActions(was: Rule, is: Rule): void {
    const side = sideOf(is);
    const verb = side === 'allows' ? 'allowed' : 'prohibited';
    const byName = new Map(was.actions.map((action) => [action.name, action]));
    for (const action of is.actions) {
      const same = byName.get(action.name);
      if (same) {
        this.compareConditions(same.refinement, action.refinement, { rule: is, side, subject: `${wordsFor(action.name)}${this.of(is)}`, be: 'is', verb, cap: wordsFor(action.name), rules: [was, is] });
        continue;
      }
      const covered = was.actions.some((other) => actionWithin(action, other));
      const parts = was.actions.filter((other) => actionWithin(other, action)).map((other) => wordsFor(other.name));
      if (covered) continue;
      this.add(is, this.reach(side, 'grows'), `${wordsFor(action.name)}${this.of(is)} is now ${verb}${parts.length > 0 ? ` as a whole; before, only ${listWords(parts, 'and')} was` : ''}`);
    }
    const kept = new Set(is.actions.map((action) => action.name));
    for (const action of was.actions.filter((one) => !kept.has(one.name))) {
      const covered = is.actions.some((other) => actionWithin(action, other));
      const elsewhere = this.after.policy.rules.some((other) => other !== is && other.kind === is.kind && ruleWithin({ ...was, actions: [action] }, other) && owesAsMuch(was, other));
      const parts = is.actions.filter((other) => actionWithin(other, action)).map((other) => wordsFor(other.name));
      if (covered) continue;
      if (elsewhere) this.add(is, 'neutral', `${wordsFor(action.name)} is now ${verb} by another clause`);
      else this.add(is, this.reach(side, 'shrinks'), `${wordsFor(action.name)}${this.of(is)} is no longer ${verb}${parts.length > 0 ? ` as a whole, but ${listWords(parts, 'and')} still is` : ''}`);
    }
  }

  private compareTargets(was: Rule, is: Rule): void {
    const side = sideOf(is);
    const gone = was.targets.filter((target) => !is.targets.some((other) => targetKey(target, was) === targetKey(other, is)));
    const come = is.targets.filter((target) => !was.targets.some((other) => targetKey(target, is) === targetKey(other, was)));
    // Relative ids (#titles) keep their meaning when the licence gets another id.
    const equal = (inner: Rule, target: TargetSpec, outer: Rule, other: TargetSpec): boolean => targetWithin(target, { ...other, ...(this.relative(target.id, inner) === this.relative(other.id, outer) ? { id: target.id } : {}) });
    for (const target of [...gone]) {
      const successor = come.find((other) => other.id !== null && this.relative(other.id, is) === this.relative(target.id, was));
      if (!successor) continue;
      gone.splice(gone.indexOf(target), 1);
      come.splice(come.indexOf(successor), 1);
      const effect = this.inherits && side === 'allows' ? 'unclear' : effectOf(side, equal(is, successor, was, target), equal(was, target, is, successor));
      if (segmentKey(target) !== segmentKey(successor)) this.add(is, effect, `${this.wording.acts(is)} ${be(is)} now ${side === 'allows' ? 'allowed' : 'prohibited'} in ${this.wording.target(successor)} instead of ${this.wording.target(target)}`);
      else this.compareConditions(target.refinement, successor.refinement, { rule: is, side, subject: `${this.wording.acts(is)} of ${this.wording.name(target.id ?? '')}`, be: be(is), verb: side === 'allows' ? 'allowed' : 'prohibited', cap: this.wording.acts(is), rules: [was, is], ...(this.inherits && side === 'allows' ? { worst: 'unclear' as const } : {}) });
    }
    for (const target of gone) {
      if (is.targets.some((other) => equal(was, target, is, other))) continue;
      const licensed = this.after.policy.rules.some((rule) => rule.kind === 'permission' && rule.targets.some((other) => equal(was, target, rule, other)));
      const words = side === 'forbids' ? `${this.wording.acts(is)} of ${this.wording.target(target)} ${be(is)} no longer prohibited` : `${this.wording.target(target)} is no longer licensed${licensed ? ` for ${this.wording.acts(is)}` : ''}`;
      this.add(is, this.reach(side, 'shrinks'), words);
    }
    for (const target of come) {
      if (was.targets.some((other) => equal(is, target, was, other))) continue;
      const licensed = this.before.policy.rules.some((rule) => rule.kind === 'permission' && rule.targets.some((other) => equal(is, target, rule, other)));
      const words = side === 'forbids' ? `${this.wording.acts(is)} of ${this.wording.target(target)} ${be(is)} now prohibited` : `${this.wording.target(target)} is now licensed${licensed ? ` for ${this.wording.acts(is)}` : ''}`;
      this.add(is, this.reach(side, 'grows'), words);
    }
  }

  private compareParties(was: Rule, is: Rule): void {
    const [granters, now] = [was, is].map((rule) => rule.assigners.map((party) => party.id).sort());
    // "Any other licensor" means others than who grants.
    if (String(granters) !== String(now)) this.add(is, [...was.constraints, ...is.constraints].some(namesOthers) ? 'unclear' : 'neutral', `${this.wording.acts(is)} ${be(is)} now ${is.kind === 'permission' ? 'granted' : 'prohibited'} by ${listWords(now!.map(this.wording.name), 'and') || 'nobody named'} instead of ${listWords(granters!.map(this.wording.name), 'and') || 'nobody named'}`);
    const [shrinks, grows] = [partiesWithin(is.assignees, was.assignees), partiesWithin(was.assignees, is.assignees)];
    if (shrinks && grows) return;
    const side = sideOf(is);
    const effect = side === 'allows' && this.inherits ? 'unclear' : effectOf(side, shrinks, grows);
    const people = (rule: Rule): string => (rule.assignees.length === 0 ? 'anyone' : listWords(rule.assignees.map((party) => this.wording.name(party.id)), 'and'));
    this.add(is, effect, people(was) === people(is) ? `who counts as ${people(is)} is now described otherwise` : `${this.wording.acts(is)} ${be(is)} now ${side === 'allows' ? 'allowed to' : 'prohibited to'} ${people(is)} instead of ${people(was)}`);
  }

  private compareConditions(was: readonly Condition[], is: readonly Condition[], about: About): void {
    const [flatBefore, flatAfter] = [was.flatMap(flatten), is.flatMap(flatten)];
    const [shrinks, grows] = [narrower(flatAfter, flatBefore), narrower(flatBefore, flatAfter)];
    const keysBefore = new Set(flatBefore.map(conditionKey));
    const keysAfter = new Set(flatAfter.map(conditionKey));
    const old = flatBefore.filter((one) => !keysAfter.has(conditionKey(one)));
    const fresh = flatAfter.filter((one) => !keysBefore.has(conditionKey(one)));
    // What one comparison gains another may take back: the whole decides what the single change can still be.
    const settle = (effect: Effect): Effect => {
      const whole = effectOf(about.side, shrinks, grows);
      const settled = whole === 'neutral' || (whole === 'tightens' && effect !== 'tightens') || (whole === 'loosens' && effect === 'tightens') ? 'neutral' : effect;
      return settled === 'neutral' ? settled : (about.worst ?? settled);
    };
    for (const one of old) {
      const at = fresh.findIndex((other) => slot(other) === slot(one));
      const successor = at >= 0 ? fresh.splice(at, 1)[0]! : undefined;
      const effect = settle(successor ? effectOf(about.side, below(successor, one), below(one, successor)) : flipIf(about.side, 'loosens'));
      this.add(about.rule, effect, successor ? this.changed(one, successor, about) : this.dropped(one, about));
    }
    for (const one of fresh) this.add(about.rule, settle(flipIf(about.side, 'tightens')), this.introduced(one, about));
  }

  private changed(was: Condition, is: Condition, { subject, be, verb, cap, rules }: About): string {
    const [old, fresh] = [was, is].map((one, at) => this.wording.condition(one, rules[at]!)) as [string, string];
    if (isCap(was) && isCap(is) && verb === 'allowed') {
      const [from, to] = [Number(was.values[0]), Number(is.values[0])];
      return `the cap on ${cap} ${to < from ? 'falls' : to > from ? 'rises' : 'changes'} ${from === to ? `from “${old}” to “${fresh}”` : `from ${amount(from)} to ${amount(to)}`}`;
    }
    if (old === fresh) return `“${fresh}” now means another instant for ${subject}, because the time zone changed`;
    return `${subject} ${be} now ${verb} ${fresh} instead of ${lessOf(old, fresh)}`;
  }

  private dropped(was: Condition, { subject, be, verb, cap, rules }: About): string {
    const words = this.wording.condition(was, rules[0]);
    if (isCap(was) && verb === 'allowed') return `the cap of ${amount(Number(was.values[0]))} on ${cap} is gone`;
    return `${subject} ${be} now ${verb} without the limit “${words}”`;
  }

  private introduced(is: Condition, { subject, be, verb, cap, rules }: About): string {
    if (isCap(is) && verb === 'allowed') return `${cap} now ${be === 'is' ? 'has' : 'have'} a cap of ${amount(Number(is.values[0]))}`;
    return `${subject} ${be} now ${verb} only ${this.wording.condition(is, rules[1])}`;
  }

  private compareDuties(was: readonly Duty[], is: readonly Duty[], rule: Rule | undefined, former: Rule | undefined): void {
    const left = [...was];
    const take = (matches: (duty: Duty) => boolean): Duty | undefined => {
      const at = left.findIndex(matches);
      return at < 0 ? undefined : left.splice(at, 1)[0];
    };
    const about = rule ? ` for ${this.wording.acts(former ?? rule)}` : '';
    // First by id, so that a duty keeps its record; then by what is to be done.
    const pairs = is.map((duty) => [take((one) => local(one.uid) === local(duty.uid) && one.action === duty.action), duty] as [Duty | undefined, Duty]);
    for (const pair of pairs) pair[0] ??= take((one) => one.action === pair[1].action && one.phase === pair[1].phase);
    for (const [old, duty] of pairs) {
      if (old) this.compareDuty(old, duty, about, rule);
      else this.add(duty, 'tightens', `${this.dutyWords(duty)}${duty.phase === 'pre' ? ' now must come first' : ' is now owed'}${about}`);
    }
    for (const duty of left) this.add(duty, 'loosens', `${this.dutyWords(duty)}${duty.phase === 'pre' ? ' need no longer come first' : ' is no longer owed'}${about}`);
  }

  private compareDuty(was: Duty, is: Duty, about: string, rule: Rule | undefined): void {
    const what = wordsFor(is.action);
    if (was.clause !== is.clause) this.add(is, 'neutral', `${clauseWords(was)} is now ${clauseWords(is)}`);
    if (local(was.uid) !== local(is.uid)) this.add(is, is.phase === 'pre' ? 'unclear' : 'neutral', `the duty ${local(was.uid)} is now called ${local(is.uid)}${is.phase === 'pre' ? ', so that what was recorded under the old name no longer counts' : ''}`);
    if (was.phase !== is.phase) this.add(is, is.phase === 'pre' ? 'tightens' : 'loosens', `${what}${about} must now come ${is.phase === 'pre' ? 'before the use' : 'after the use'} instead of ${is.phase === 'pre' ? 'after' : 'before'} it`);
    if (was.trigger !== is.trigger) this.add(is, 'unclear', `${what}${about} now counts from ${triggers.get(is.trigger)!} instead of ${triggers.get(was.trigger)!}`);
    if (was.period !== is.period) this.add(is, shorter(was.period, is.period), `${what}${about} is now due ${within(is.period)} instead of ${within(was.period)}`);
    if (was.interval !== is.interval) this.add(is, shorter(was.interval, is.interval), `${what}${about} is now due ${often(is.interval)} instead of ${often(was.interval)}`);
    const verb = { side: 'forbids' as const, subject: `${what}${about}`, be: 'is', verb: 'owed', cap: what, rules: [rule, rule] as const };
    this.compareConditions(was.constraints, is.constraints, { rule: is, ...verb });
    this.compareConditions(was.actionRefinement, is.actionRefinement, { rule: is, ...verb, side: 'allows', worst: 'unclear' });
    const [whoBefore, whoNow] = [was, is].map((duty) => duty.assignees.map((party) => party.id).sort());
    if (String(whoBefore) !== String(whoNow)) this.add(is, 'unclear', `${what}${about} is now owed by ${listWords(whoNow!.map(this.wording.name), 'and') || 'the licensee'} instead of ${listWords(whoBefore!.map(this.wording.name), 'and') || 'the licensee'}`);
    if (String(was.targets.map((target) => targetKey(target, was)).sort()) !== String(is.targets.map((target) => targetKey(target, is)).sort())) this.add(is, 'unclear', `${what}${about} is now about ${this.wording.targets(is.targets) || 'what the rule is about'} instead of ${this.wording.targets(was.targets) || 'what the rule is about'}`);
    this.compareDuties(was.consequences, is.consequences, undefined, undefined);
  }

  /** What a permission or prohibition that reaches further, or less far, does. */
  private reach(side: Side, way: 'grows' | 'shrinks'): Effect {
    if (side === 'allows' && this.inherits) return 'unclear';
    return flipIf(side, way === 'grows' ? 'loosens' : 'tightens');
  }

  /** The rule's targets, where they are not those that the other rules have. */
  private of(rule: Rule): string {
    return this.hasOwnTargets(rule) ? ` of ${this.wording.targets(rule.targets)}` : '';
  }

  /** Whether it is how a contract leaves an episode out: every use of it is prohibited. */
  private takesOut(rule: Rule): boolean {
    return rule.kind === 'prohibition' && rule.constraints.length === 0 && rule.actions.some(({ name, refinement }) => name === 'odrl:use' && refinement.length === 0) && this.hasOwnTargets(rule);
  }

  private hasOwnTargets(rule: Rule): boolean {
    const key = (one: Rule): string => one.targets.map((target) => targetKey(target, one)).sort().join();
    const usual = new Map<string, number>();
    for (const one of [...this.before.policy.rules, ...this.after.policy.rules]) usual.set(key(one), (usual.get(key(one)) ?? 0) + 1);
    const [most] = [...usual].toSorted((a, b) => b[1] - a[1])[0] ?? [''];
    return usual.size > 1 && (key(rule) !== most || rule.kind === 'prohibition') && rule.targets.some((target) => !target.id?.endsWith('#titles'));
  }

  private relative(id: string | null, rule: Rule): string | null {
    const base = rule.uid.replace(/#.*$/, '');
    return id?.startsWith(`${base}#`) ? id.slice(base.length) : id;
  }

  private limits(conditions: readonly Condition[], rule: Rule): string {
    return conditions.map((condition) => ` ${this.wording.condition(condition, rule)}`).join(',');
  }

  private dutyWords(duty: Duty): string {
    if (duty.phase === 'pre') return wordsFor(duty.action);
    return `${wordsFor(duty.action)} ${this.wording.due(duty)}`;
  }
}

interface About {
  rule: { uid: string; clause?: string };
  side: Side;
  /** "fine-tuning" */
  subject: string;
  be: string;
  /** "allowed" */
  verb: string;
  cap: string;
  /** The version before and after, for the words of their parties. */
  rules: readonly [Rule | undefined, Rule | undefined];
  /** What every change counts as, where its direction alone does not settle it. */
  worst?: Effect;
}

const sideOf = (rule: Rule): Side => (rule.kind === 'permission' ? 'allows' : 'forbids');
const flipIf = (side: Side, effect: Effect): Effect => (side === 'allows' ? effect : flipped[effect]);
const be = (rule: Rule): string => (rule.actions.length === 1 ? 'is' : 'are');
const local = (uid: string): string => uid.replace(/^[^#]*(?=#)/, '');
const made = (uid: string): boolean => /#(permission|prohibition|obligation)(-\d+)?(-|$)/.test(uid);
const within = (period: string | null): string => (period === null ? 'at no fixed time' : `within ${periodWords(period)}`);
const often = (interval: string | null): string => (interval === null ? 'once' : every(interval));
const flatten = (condition: Condition): Condition[] => ('logic' in condition && condition.logic === 'and' ? condition.of.flatMap(flatten) : [condition]);
const usesCount = (condition: Condition): boolean => ('logic' in condition ? condition.of.some(usesCount) : condition.operand.from === 'counts');
const namesOthers = (condition: Condition): boolean => ('logic' in condition ? condition.of.some(namesOthers) : condition.operand.others !== undefined);
const allDuties = ({ rules, obligations }: CompiledPolicy['policy']): Duty[] => [...rules.flatMap((rule) => [...rule.duties, ...rule.remedies]), ...obligations];

function isCap(condition: Condition): condition is Extract<Condition, { leftOperand: string }> {
  return !('logic' in condition) && condition.leftOperand === 'odrl:count' && ['lt', 'lteq'].includes(condition.operator) && condition.values.length === 1;
}

/** Conditions of one slot are versions of each other: both ends of a term, each list of places, each logical constraint. */
function slot(condition: Condition): string {
  if ('logic' in condition) return condition.logic;
  const { operator } = condition;
  const kind = ['lt', 'lteq'].includes(operator) ? 'upper' : ['gt', 'gteq'].includes(operator) ? 'lower' : ['neq', 'isNoneOf'].includes(operator) ? 'none' : 'any';
  return `${condition.leftOperand} ${kind}`;
}

/** "31 Jan 2029" of "until 31 Jan 2029" beside "until 31 Jan 2030": what both begin with is said once, but no value is cut. */
function lessOf(old: string, fresh: string): string {
  const [start] = /^(until|before|after|from|in|on|for the purpose|where [^0-9]*? (is|are)( one of| none of| at most| at least| above| below| not)?) /.exec(old) ?? [''];
  return start !== '' && fresh.startsWith(start) ? old.slice(start.length) : old;
}

/** What happens to a duty whose deadline or interval changes: sooner is tighter. */
function shorter(was: string | null, is: string | null): Effect {
  if (was === null || is === null) return was === null ? 'tightens' : 'loosens';
  const [old, fresh] = [spans(was), spans(is)];
  const less = fresh.every((span, at) => span <= old[at]!);
  const more = fresh.every((span, at) => span >= old[at]!);
  return less && more ? 'neutral' : less ? 'tightens' : more ? 'loosens' : 'unclear';
}

/** A period's months and its minutes: as months differ in length, one period is only shorter than another when it is so in both. */
function spans(period: string): number[] {
  const [date = '', time = ''] = period.slice(1).split('T');
  const of = (text: string, unit: string): number => Number(new RegExp(`(\\d+)${unit}`).exec(text)?.[1] ?? 0);
  return [of(date, 'Y') * 12 + of(date, 'M'), ((of(date, 'W') * 7 + of(date, 'D')) * 24 + of(time, 'H')) * 60 + of(time, 'M')];
}

const segmentKey = ({ segment }: TargetSpec): string => (segment ? `${segment.first}-${segment.end}@${segment.rate}` : '');

function targetKey(target: TargetSpec, rule: { uid: string }): string {
  const base = rule.uid.replace(/#.*$/, '');
  return JSON.stringify([target.id?.startsWith(`${base}#`) ? target.id.slice(base.length) : target.id, segmentKey(target), target.refinement.map(conditionKey).sort()]);
}

/** Whether whoever uses `rule` owes all that `other` asks for. */
function owesAsMuch(rule: Rule, other: Rule): boolean {
  const key = (duty: Duty): string => JSON.stringify([duty.uid, duty.action, duty.phase, duty.trigger, duty.period, duty.interval, duty.constraints.map(conditionKey), duty.actionRefinement.map(conditionKey), duty.assignees.map((party) => party.id), duty.consequences.map((one) => one.uid)]);
  const owed = new Set(rule.duties.map(key));
  return other.duties.every((duty) => owed.has(key(duty)));
}

/** Which rules are versions of each other: by id, then by what they say, by clause, by what they are about. */
function pairRules(before: CompiledPolicy, after: CompiledPolicy): { pairs: [Rule, Rule][]; gone: Rule[]; added: Rule[] } {
  const gone = [...before.policy.rules];
  const added = [...after.policy.rules];
  const pairs: [Rule, Rule][] = [];
  const share = (a: Rule, b: Rule): boolean => a.actions.some((one) => b.actions.some((other) => actionWithin({ ...one, refinement: [] }, { ...other, refinement: [] }) || actionWithin({ ...other, refinement: [] }, { ...one, refinement: [] })));
  const says = (rule: Rule): string => JSON.stringify([rule.actions.map(({ name, refinement }) => [name, refinement.map(conditionKey)]), rule.targets.map((target) => targetKey(target, rule)), rule.assignees.map((party) => party.id), rule.constraints.map(conditionKey)]);
  const sameTarget = (a: Rule, b: Rule): boolean => a.targets.some((one) => b.targets.some((other) => targetKey(one, a) === targetKey(other, b)));
  const alike: ((a: Rule, b: Rule) => boolean)[] = [
    (a, b) => local(a.uid) === local(b.uid) && !made(a.uid),
    (a, b) => says(a) === says(b),
    (a, b) => a.clause !== undefined && a.clause === b.clause && share(a, b),
    (a, b) => share(a, b) && sameTarget(a, b),
  ];
  for (const one of alike) {
    for (const rule of [...gone]) {
      const at = added.findIndex((other) => other.kind === rule.kind && one(rule, other));
      if (at < 0) continue;
      pairs.push([rule, added.splice(at, 1)[0]!]);
      gone.splice(gone.indexOf(rule), 1);
    }
  }
  const place = new Map(after.policy.rules.map((rule, at) => [rule, at]));
  return { pairs: pairs.sort((a, b) => place.get(a[1])! - place.get(b[1])!), gone, added };
}
