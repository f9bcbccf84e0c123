import { appendEntry } from '#libs/audit';
import { config, type Database, decodeCursor, newId, notFound, type Page, type Paged, pageSize, Refusal, type ReleasedKey, row, rows, scoped, type Scope, toPage, type Vault, writeAnyway } from '#libs/platform';
import { type Licence, Licences } from './licences.js';
import { type Evaluation, evaluate, type PolicyRequest } from './policy/index.js';
import { remember } from './remember.js';

/** What a decision is asked about: one scope (a title, dataset version or model) and every title behind it. */
export interface Question {
  action: string;
  scopeKind: 'title' | 'dataset' | 'model' | 'catalogue';
  scopeId: string;
  titleIds: string[];
  purpose?: string;
  /** Who asks: a member's name, or the step of the product ("worker: analyse"). */
  actor: string;
}

export interface Decision {
  id: string;
  action: string;
  permitted: boolean;
  sentence: string;
  reason: Evaluation['reason'];
  trace: Evaluation['trace'];
  policies: Evaluation['policies'];
  actor: string;
  memberId: string | null;
  scopeKind: string;
  scopeId: string;
  at: Date;
  validUntil: Date;
}

/** The licence said no. Carries the decision so that a person can ask why. */
export class LicenceRefused extends Refusal {
  constructor(readonly decision: Decision) {
    super('LICENCE_REFUSED', decision.sentence, decision.reason.whatWouldChangeIt, 403);
  }
}

interface DecisionRow {
  id: string;
  action: string;
  outcome: string;
  sentence: string;
  reason: Evaluation['reason'];
  trace: Evaluation['trace'];
  policies: Evaluation['policies'];
  actor: string;
  member_id: string | null;
  scope_kind: string;
  scope_id: string;
  created_at: Date;
  valid_until: Date;
}

const decisionColumns = 'id, action, outcome, sentence, reason, trace, policies, actor, member_id, scope_kind, scope_id, created_at, valid_until';
const KEY_CACHE_MS = 30_000;

const toDecision = (found: DecisionRow): Decision => ({
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

/**
 * Licences, the decisions they give, and the keys that decisions release.
 * A title attached to a licence is a member of the asset collection `<policy uid>#titles`; that, its own id and the asset ids it was attached with (its EIDR) are what a policy's targets name.
 */
export class Rights {
  private readonly released = new Map<string, { key: ReleasedKey; until: number }>();
  readonly licences: Licences;
  private readonly database: Database;
  private readonly vault: Vault;
  private readonly clock: () => Date;

  constructor({ database, vault, clock = () => new Date() }: { database: Database; vault: Vault; clock?: () => Date }) {
    this.database = database;
    this.licences = new Licences(database);
    this.vault = vault;
    this.clock = clock;
  }

  /**
   * Evaluates the licences of every title behind the scope and records the outcome: decision, its titles, and a log entry, in the open
   * transaction or one of its own. A refusal stays recorded even if that transaction is rolled back.
   */
  async decide(scope: Scope, question: Question): Promise<Decision> {
    return this.database.inStudio(scope, async () => {
      const titleIds = [...new Set(question.titleIds)];
      const licences = await this.licences.ofTitles(scope, titleIds);
      const request = await this.request(scope, question, titleIds, licences);
      const policies = [...new Map([...licences.values()].flat().map((licence) => [licence.id, licence])).values()].map((licence) => this.licences.compile(licence.policy));
      const evaluation = evaluate(policies, request, { performed: [] });
      const id = newId();
      const now = this.clock();
      const validUntil = new Date(now.getTime() + config().BACKLOT_DECISION_SECONDS * 1000);
      const write = (): Promise<void> => this.record(scope, question, titleIds, { id, request, evaluation, now, validUntil });
      await (evaluation.outcome === 'permit' ? write() : writeAnyway(write));
      return {
        id,
        action: question.action,
        permitted: evaluation.outcome === 'permit',
        sentence: evaluation.reason.sentence,
        reason: evaluation.reason,
        trace: evaluation.trace,
        policies: evaluation.policies,
        actor: question.actor,
        memberId: scope.memberId ?? null,
        scopeKind: question.scopeKind,
        scopeId: question.scopeId,
        at: now,
        validUntil,
      };
    });
  }

  /** `decide`, and throws LicenceRefused (with the recorded decision) unless it permits. */
  async requirePermit(scope: Scope, question: Question): Promise<Decision> {
    const decision = await this.decide(scope, question);
    if (!decision.permitted) throw new LicenceRefused(decision);
    return decision;
  }

  /**
   * A permit for this member, action and scope: the last one while it is valid and its licences are unchanged, else a new decision.
   * Throws LicenceRefused.
   */
  async permitFor(scope: Scope, question: Question): Promise<Decision> {
    return this.database.inStudio(scope, async () => {
      const last = await row<DecisionRow>(
        `select ${decisionColumns} from decision where studio_id = $1 and scope_id = $2 and action = $3 and member_id is not distinct from $4 order by id desc limit 1`,
        [scope.studioId, question.scopeId, question.action, scope.memberId ?? null],
      );
      if (last?.outcome === 'permit' && last.valid_until.getTime() > this.clock().getTime() + 5_000) {
        const current = [...(await this.licences.ofTitles(scope, question.titleIds)).values()].flat();
        const hashes = (list: { sha256: string }[]): string => [...new Set(list.map((item) => item.sha256))].sort().join();
        if (hashes(last.policies) === hashes(current)) return toDecision(last);
      }
      return this.requirePermit(scope, question);
    });
  }

  /**
   * The key of an object for a member who looks at it: decision and release are logged, then kept for 30 s so that a player's many
   * range requests are one release. Throws LicenceRefused, Refusal KEY_REFUSED or NOT_FOUND.
   */
  async openFor(scope: Scope, question: Question, objectId: string): Promise<ReleasedKey> {
    const cacheKey = `${scope.studioId} ${scope.memberId ?? ''} ${question.action} ${objectId}`;
    const held = this.released.get(cacheKey);
    if (held && held.until > Date.now()) return held.key;
    this.released.delete(cacheKey);
    const decision = await this.permitFor(scope, question);
    const key = await this.vault.release(scope, decision.id, objectId);
    return remember(this.released, cacheKey, { key, until: Date.now() + KEY_CACHE_MS }).key;
  }

  async decision(scope: Scope, id: string): Promise<Decision> {
    const [found] = await this.decisionsById(scope, [id]);
    if (!found) throw notFound('decision');
    return found;
  }

  async decisionsById(scope: Scope, ids: string[]): Promise<Decision[]> {
    return this.database.inStudio(scope, async () => (await rows<DecisionRow>(`select ${decisionColumns} from decision where id = any($1)`, [ids])).map(toDecision));
  }

  /** Decisions newest first, of the studio or of one title. */
  async decisions(scope: Scope, page: Page, filter: { permitted?: boolean | null; titleId?: string | null } = {}): Promise<Paged<Decision>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    const outcome = filter.permitted === null || filter.permitted === undefined ? null : filter.permitted ? 'permit' : 'refuse';
    return this.database.inStudio(scope, async () => {
      const found = filter.titleId
        ? await rows<DecisionRow>(
            `select ${decisionColumns} from decision where id in (select decision_id from decision_target where studio_id = $1 and title_id = $2) and ($3::uuid is null or id < $3) and ($4::text is null or outcome = $4) order by id desc limit $5`,
            [scope.studioId, filter.titleId, after, outcome, first + 1],
          )
        : await rows<DecisionRow>(`select ${decisionColumns} from decision where studio_id = $1 and ($2::uuid is null or id < $2) and ($3::text is null or outcome = $3) order by id desc limit $4`, [scope.studioId, after, outcome, first + 1]);
      return toPage(found.map(toDecision), first, (decision) => [decision.id]);
    });
  }

  async countDecisions(scope: Scope, filter: { permitted?: boolean | null; titleId?: string | null } = {}): Promise<number> {
    const outcome = filter.permitted === null || filter.permitted === undefined ? null : filter.permitted ? 'permit' : 'refuse';
    return this.database.inStudio(scope, async () => {
      const counted = filter.titleId
        ? await row<{ count: string }>(`select count(*) from decision_target t join decision d on d.id = t.decision_id where t.studio_id = $1 and t.title_id = $2 and ($3::text is null or d.outcome = $3)`, [scope.studioId, filter.titleId, outcome])
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

  private async request(scope: Scope, question: Question, titleIds: string[], licences: Map<string, Licence[]>): Promise<PolicyRequest> {
    const named = await rows<{ title_id: string; asset_ids: string[] }>(`select title_id, asset_ids from licence_title where studio_id = $1 and title_id = any($2) and asset_ids <> '{}'`, [scope.studioId, titleIds]);
    const assets = new Map(named.map((title) => [title.title_id, title.asset_ids]));
    const territory = config().BACKLOT_TERRITORY;
    return {
      action: question.action,
      targets: titleIds.map((id) => ({
        id: `urn:uuid:${id}`,
        ancestors: [...(licences.get(id) ?? []).map((licence) => `${String(licence.policy.uid)}#titles`), ...(assets.get(id) ?? [])],
      })),
      assignee: [`urn:uuid:${scope.studioId}`],
      now: this.clock().toISOString(),
      modelTenant: `urn:uuid:${scope.studioId}`,
      counts: { [question.action]: await this.usesSoFar(scope, question.action, titleIds, licences) },
      ...(question.purpose === undefined ? {} : { purpose: question.purpose }),
      ...(territory === undefined ? {} : { spatial: territory }),
    };
  }

  /** Permits of this action so far for the most used of the titles; counted only where a policy asks for a count. */
  private async usesSoFar(scope: Scope, action: string, titleIds: string[], licences: Map<string, Licence[]>): Promise<number> {
    if (!JSON.stringify([...licences.values()].flat().map((licence) => licence.policy)).includes('count')) return 0;
    const used = await row<{ uses: string }>(
      `select coalesce(max(uses), 0) as uses from (
         select count(*) as uses from decision_target t join decision d on d.id = t.decision_id
         where t.studio_id = $1 and t.title_id = any($2) and d.action = $3 and d.outcome = 'permit' group by t.title_id) as per_title`,
      [scope.studioId, titleIds, action],
    );
    return Number(used!.uses);
  }

  private async record(
    scope: Scope,
    question: Question,
    titleIds: string[],
    { id, request, evaluation, now, validUntil }: { id: string; request: PolicyRequest; evaluation: Evaluation; now: Date; validUntil: Date },
  ): Promise<void> {
    const { studioId } = scoped();
    await rows(
      `insert into decision (id, studio_id, member_id, actor, action, scope_kind, scope_id, outcome, policies, request, request_sha256, state_sha256, trace, reason, sentence, created_at, valid_until)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
      [
        id, studioId, scope.memberId ?? null, question.actor, question.action, question.scopeKind, question.scopeId, evaluation.outcome,
        JSON.stringify(evaluation.policies), request, evaluation.requestSha256, evaluation.stateSha256, JSON.stringify(evaluation.trace), evaluation.reason, evaluation.reason.sentence, now, validUntil,
      ],
    );
    await rows(`insert into decision_target (decision_id, title_id, studio_id) select $1, unnest($2::uuid[]), $3`, [id, titleIds, studioId]);
    await appendEntry(evaluation.outcome === 'permit' ? 'decision' : 'refusal', {
      decision: id,
      action: question.action,
      actor: question.actor,
      outcome: evaluation.outcome,
      policies: evaluation.policies,
      request: evaluation.requestSha256,
      scope: question.scopeId,
      sentence: evaluation.reason.sentence,
      state: evaluation.stateSha256,
    });
  }
}
