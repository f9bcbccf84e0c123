import { governs, type CompiledPolicy } from './compile.js';
import { evaluate } from './evaluate.js';
import type { Evaluation, PolicyRequest, Target, WorldState } from './types.js';

/** One question of the past, or one that could be asked. */
export interface Recorded {
  request: PolicyRequest;
  state: WorldState;
  /** What was decided; absent where nothing was: then the licences as they are say it. */
  outcome?: Evaluation['outcome'];
  /** The job that asked: a run, a dataset version, a generation. */
  scope?: string;
}

/** Decisions of one title or job that would come out otherwise. */
export interface FlipGroup {
  id: string;
  /** Were permitted, would be refused. */
  toRefuse: number;
  /** Were refused, would be permitted. */
  toPermit: number;
  /** Why the first of them would come out otherwise. */
  sentence: string;
}

export interface WhatIf {
  decisions: number;
  /** Decisions on something that a changed licence governs. */
  affected: number;
  toRefuse: number;
  toPermit: number;
  /** Decisions that the licences before do not give as they were recorded (another licence decided, or has changed since): not counted as flips. */
  unreproduced: number;
  titles: FlipGroup[];
  jobs: FlipGroup[];
}

export interface Flip {
  from: Evaluation['outcome'];
  to: Evaluation['outcome'];
  titles: string[];
  scope?: string;
  sentence: string;
}

/**
 * Which decisions would come out otherwise if the licences were `after` instead of `before`, by title and by job. Reads each decision once and keeps only the
 * groups, so a period of any length may be streamed through.
 */
export function flips(before: readonly CompiledPolicy[], after: readonly CompiledPolicy[], recorded: Iterable<Recorded>): WhatIf {
  const replay = new Replay(before, after);
  for (const one of recorded) replay.add(one);
  return replay.result();
}

/** The same, a decision at a time: for whoever reads them from a database. */
export class Replay {
  private readonly changed: CompiledPolicy[];
  private readonly counts = { decisions: 0, affected: 0, toRefuse: 0, toPermit: 0, unreproduced: 0 };
  private readonly titles = new Map<string, FlipGroup>();
  private readonly jobs = new Map<string, FlipGroup>();

  /** `before` empty: only `after` is known, and each decision is compared with its record on what `after` governs. */
  constructor(
    private readonly before: readonly CompiledPolicy[],
    private readonly after: readonly CompiledPolicy[],
  ) {
    const kept = new Set(before.filter((policy) => after.some((other) => sameTerms(policy, other))).map((policy) => policy.id));
    this.changed = [...before, ...after].filter((policy) => !kept.has(policy.id));
  }

  /** Takes a decision in; tells how it would flip. */
  add({ request, state, outcome, scope }: Recorded): Flip | undefined {
    this.counts.decisions += 1;
    if (!request.targets.some((target) => this.changed.some((policy) => governs(policy, target)))) return undefined;
    this.counts.affected += 1;
    const alone = this.before.length === 0;
    // What other licences say of other titles of the job is not known here.
    const asked = alone ? { ...request, targets: request.targets.filter((target) => this.after.some((policy) => governs(policy, target))) } : request;
    const next = evaluate(this.after, asked, state);
    if (next.outcome === outcome) return undefined;
    const was = alone ? (outcome ?? next.outcome) : evaluate(this.before, request, state).outcome;
    if (outcome !== undefined && was !== outcome) {
      this.counts.unreproduced += 1;
      return undefined;
    }
    if (was === next.outcome) return undefined;
    const flip = { from: was, to: next.outcome, titles: this.stopped(asked, state, next.outcome), ...(scope === undefined ? {} : { scope }), sentence: next.reason.sentence };
    const count = flip.to === 'refuse' ? 'toRefuse' : 'toPermit';
    this.counts[count] += 1;
    for (const title of flip.titles) bump(this.titles, title, count, flip.sentence);
    if (scope !== undefined) bump(this.jobs, scope, count, flip.sentence);
    return flip;
  }

  result(): WhatIf {
    const most = (groups: Map<string, FlipGroup>): FlipGroup[] => [...groups.values()].toSorted((a, b) => b.toRefuse + b.toPermit - a.toRefuse - a.toPermit || (a.id < b.id ? -1 : 1));
    return { ...this.counts, titles: most(this.titles), jobs: most(this.jobs) };
  }

  /** The titles of a job that make the difference: those that are, or were, refused on their own. */
  private stopped(request: PolicyRequest, state: WorldState, to: Evaluation['outcome']): string[] {
    const policies = to === 'refuse' ? this.after : this.before;
    const refused = (target: Target): boolean => evaluate(policies, { ...request, targets: [target] }, state).outcome === 'refuse';
    const all = request.targets.length === 1 || policies.length === 0 ? request.targets : request.targets.filter(refused);
    return [...new Set(all.map((target) => target.id))];
  }
}

/** Whether two policies decide alike without asking them: the same document under the same parents. */
function sameTerms(a: CompiledPolicy, b: CompiledPolicy): boolean {
  return a === b || (a.id === b.id && a.sha256 === b.sha256 && a.parents.length === b.parents.length && a.parents.every((parent, at) => sameTerms(parent, b.parents[at]!)));
}

function bump(groups: Map<string, FlipGroup>, id: string, count: 'toRefuse' | 'toPermit', sentence: string): void {
  const group = groups.get(id) ?? { id, toRefuse: 0, toPermit: 0, sentence };
  group[count] += 1;
  groups.set(id, group);
}
