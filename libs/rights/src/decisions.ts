import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, notFound, type Page, type Paged, pageSize, row, rows, scoped, type Scope, toPage } from '#libs/platform';
import type { FrameRange, TitleFrames } from './edit.js';
import type { Evaluation, PolicyRequest, WorldState } from './policy/index.js';

/** What a decision is asked about: one scope (a title, dataset version or model) and every title behind it. */
export interface Question {
  action: string;
  scopeKind: 'title' | 'dataset' | 'model' | 'catalogue';
  scopeId: string;
  titleIds: string[];
  /**
   * What the action makes or goes on with (a training run, a generation): asked about again, it is the same use, and a licence counts it
   * once. Absent: the scope. Null: a mere question, which uses nothing.
   */
  use?: string | null;
  /**
   * Which frames of the titles: as many as are allowed, or those that it gives (asked of titles whose frames the rights tell apart alone;
   * of a title that it gives none of, all). Absent: all, so that one frame that is left out of a title refuses.
   */
  frames?: 'permitted' | ((titleIds: string[]) => Promise<readonly (FrameRange & { titleId: string })[]>);
  purpose?: string;
  /** Who asks: a member's name, or the step of the product ("worker: analyse"). */
  actor: string;
}

/** `frames`: of titles whose frames were not allowed or refused as one. */
export type Reason = Evaluation['reason'] & { frames?: TitleFrames[] };

export interface Decision {
  id: string;
  action: string;
  permitted: boolean;
  sentence: string;
  reason: Reason;
  trace: Evaluation['trace'];
  policies: Evaluation['policies'];
  actor: string;
  memberId: string | null;
  scopeKind: string;
  scopeId: string;
  at: Date;
  validUntil: Date;
}

export interface DecisionRow {
  id: string;
  action: string;
  outcome: string;
  sentence: string;
  reason: Reason;
  trace: Evaluation['trace'];
  policies: Evaluation['policies'];
  actor: string;
  member_id: string | null;
  scope_kind: string;
  scope_id: string;
  created_at: Date;
  valid_until: Date;
}

export const decisionColumns = 'id, action, outcome, sentence, reason, trace, policies, actor, member_id, scope_kind, scope_id, created_at, valid_until';

export const toDecision = (found: DecisionRow): Decision => ({
  id: found.id,
  action: found.action,
  permitted: found.outcome === 'permit',
  sentence: found.sentence,
  reason: found.reason,
  trace: found.trace,
  policies: found.policies,
  actor: found.actor,
  memberId: found.member_id,
  scopeKind: found.scope_kind,
  scopeId: found.scope_id,
  at: found.created_at,
  validUntil: found.valid_until,
});

/** An evaluation, with what it says of frames. */
export type Answer = Omit<Evaluation, 'reason' | 'toJSON'> & { reason: Reason };

/** What is written down of one decision. */
export interface Verdict {
  id: string;
  request: PolicyRequest;
  state: WorldState;
  evaluation: Answer;
  at: Date;
  validUntil: Date;
  /** The licences that it was made under, as they stood before they were read: a change meanwhile undoes it. */
  standing: string[];
}

/** One of the two ids at most. */
export interface DecisionFilter {
  permitted?: boolean | null;
  titleId?: string | null;
  /** The licence that was asked. */
  licenceId?: string | null;
}

/** Decisions as they were recorded. */
export class Decisions {
  constructor(protected readonly database: Database) {}

  /** Throws Refusal NOT_FOUND. */
  async decision(scope: Scope, id: string): Promise<Decision> {
    const [found] = await this.decisionsById(scope, [id]);
    if (!found) throw notFound('decision');
    return found;
  }

  async decisionsById(scope: Scope, ids: string[]): Promise<Decision[]> {
    return this.database.inStudio(scope, async () => (await rows<DecisionRow>(`select ${decisionColumns} from decision where id = any($1)`, [ids])).map(toDecision));
  }

  /** Decisions newest first: of the studio, about one title, or that asked one licence. */
  async decisions(scope: Scope, page: Page, filter: DecisionFilter = {}): Promise<Paged<Decision>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    const outcome = outcomeOf(filter);
    const behind = behindOf(filter);
    return this.database.inStudio(scope, async () => {
      const found = behind
        ? await rows<DecisionRow>(
            `select ${decisionColumns} from ${behind.table} t join decision on id = decision_id where t.studio_id = $1 and ${behind.column} = $2 and ($3::uuid is null or decision_id < $3) and ($4::text is null or outcome = $4) order by decision_id desc limit $5`,
            [scope.studioId, behind.id, after, outcome, first + 1],
          )
        : await rows<DecisionRow>(`select ${decisionColumns} from decision where studio_id = $1 and ($2::uuid is null or id < $2) and ($3::text is null or outcome = $3) order by id desc limit $4`, [scope.studioId, after, outcome, first + 1]);
      return toPage(found.map(toDecision), first, (decision) => [decision.id]);
    });
  }

  async countDecisions(scope: Scope, filter: DecisionFilter = {}): Promise<number> {
    const outcome = outcomeOf(filter);
    const behind = behindOf(filter);
    return this.database.inStudio(scope, async () => {
      const counted = behind
        ? await row<{ count: string }>(`select count(*) from ${behind.table} t join decision d on d.id = t.decision_id where t.studio_id = $1 and ${behind.column} = $2 and ($3::text is null or d.outcome = $3)`, [scope.studioId, behind.id, outcome])
        : await row<{ count: string }>(`select count(*) from decision where studio_id = $1 and ($2::text is null or outcome = $2)`, [scope.studioId, outcome]);
      return Number(counted!.count);
    });
  }

  /** Titles behind each decision (at most 100 each), by decision id. */
  async titleIdsOfDecisions(scope: Scope, decisionIds: string[]): Promise<Map<string, string[]>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ decision_id: string; ids: string[] }>(
        `select d.id as decision_id, array(select title_id from decision_target t where t.decision_id = d.id order by title_id limit 100) as ids from unnest($1::uuid[]) as d(id)`,
        [decisionIds],
      );
      return new Map(found.map((item) => [item.decision_id, item.ids]));
    });
  }

  /** Writes a decision with its titles and its log entry into the open transaction. */
  protected async record(scope: Scope, question: Question, titleIds: string[], { id, request, state, evaluation, at, validUntil, standing }: Verdict): Promise<void> {
    const { studioId } = scoped();
    const { outcome, policies, requestSha256, stateSha256, trace, reason } = evaluation;
    await rows(
      `insert into decision (id, studio_id, member_id, actor, action, scope_kind, scope_id, outcome, policies, request, request_sha256, state, state_sha256, trace, reason, sentence, created_at, valid_until, licences)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
      [id, studioId, scope.memberId ?? null, question.actor, question.action, question.scopeKind, question.scopeId, outcome, JSON.stringify(policies), request, requestSha256, state, stateSha256, JSON.stringify(trace), reason, reason.sentence, at, validUntil, standing],
    );
    await rows(
      `with titles as (insert into decision_target (decision_id, title_id, studio_id) select $1, unnest($2::uuid[]), $3)
       insert into decision_licence (decision_id, licence_id, studio_id) select $1, split_part(one, ':', 1)::uuid, $3 from unnest($4::text[]) one`,
      [id, titleIds, studioId, standing],
    );
    await appendEntry(outcome === 'permit' ? 'decision' : 'refusal', { decision: id, action: question.action, actor: question.actor, outcome, policies, request: requestSha256, scope: question.scopeId, sentence: reason.sentence, state: stateSha256 });
  }
}

/** The rows that tie decisions to what the filter names. */
function behindOf({ titleId, licenceId }: DecisionFilter): { table: string; column: string; id: string } | undefined {
  if (titleId) return { table: 'decision_target', column: 'title_id', id: titleId };
  return licenceId ? { table: 'decision_licence', column: 'licence_id', id: licenceId } : undefined;
}

function outcomeOf({ permitted }: { permitted?: boolean | null }): 'permit' | 'refuse' | null {
  return permitted === null || permitted === undefined ? null : permitted ? 'permit' : 'refuse';
}
