import { cancelJob, type Database, decodeCursor, enqueueJob, type Job, type JobContext, type JobHandler, jobsOf, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import type { Question } from './decisions.js';
import type { TitleFrames } from './edit.js';
import { collectionsOf, type Instead, type Licences, type Stop } from './licences.js';
import { type CompiledPolicy, evaluate, type PolicyRequest, type WorldState } from './policy/index.js';
import { countingRules } from './uses.js';

/** What a draft would change if it were signed: asked of every title, or of the decisions of a period. */
export interface LicenceSimulation {
  id: string;
  licenceId: string;
  version: number;
  sha256: string;
  against: 'catalogue' | 'decisions';
  from: Date | null;
  until: Date | null;
  /** Titles, or decisions, to ask. */
  total: number;
  asked: number;
  /** Refused now and allowed then, counted by title and action or by decision. */
  opened: number;
  closed: number;
  /** Decisions that lack something the draft asks about. */
  notComparable: number;
  createdBy: string | null;
  createdAt: Date;
  finishedAt: Date | null;
  job: Job | null;
}

export interface SimulationInput {
  licenceId: string;
  version: number;
  against: 'catalogue' | 'decisions';
  from?: Date | null;
  until?: Date | null;
}

/** One answer that would be another. */
export interface Flip {
  number: number;
  action: string;
  /** Whether it would be permitted. */
  permitted: boolean;
  titleId: string | null;
  decisionId: string | null;
  scopeKind: string;
  scopeId: string;
  actor: string;
  before: string;
  after: string;
}

export interface FlipsOfTitle {
  titleId: string;
  opened: number;
  closed: number;
}

export interface FlipsOfJob {
  scopeKind: string;
  scopeId: string;
  actor: string;
  opened: number;
  closed: number;
}

interface SimulationRow {
  id: string;
  licence_id: string;
  version: number;
  sha256: string;
  against: LicenceSimulation['against'];
  from_at: Date | null;
  until_at: Date | null;
  total: string;
  asked: string;
  opened: string;
  closed: string;
  not_comparable: string;
  created_by: string | null;
  created_at: Date;
  finished_at: Date | null;
}

interface RunRow extends SimulationRow {
  policy: Record<string, unknown>;
  reached: string | null;
}

const columns = 'id, licence_id, version, sha256, against, from_at, until_at, total, asked, opened, closed, not_comparable, created_by, created_at, finished_at';
const toSimulation = (found: SimulationRow, job: Job | null): LicenceSimulation => ({
  id: found.id,
  licenceId: found.licence_id,
  version: found.version,
  sha256: found.sha256,
  against: found.against,
  from: found.from_at,
  until: found.until_at,
  total: Number(found.total),
  asked: Number(found.asked),
  opened: Number(found.opened),
  closed: Number(found.closed),
  notComparable: Number(found.not_comparable),
  createdBy: found.created_by,
  createdAt: found.created_at,
  finishedAt: found.finished_at,
  job,
});

/** Newest first. Jobs are read before what they write: beside a job that has ended stands what it ended with, not what it had found a moment earlier. */
async function read(scope: Scope, ids: string[]): Promise<LicenceSimulation[]> {
  const jobs = await jobsOf(ids);
  const found = await rows<SimulationRow>(`select ${columns} from simulation where studio_id = $1 and id = any($2) order by id desc`, [scope.studioId, ids]);
  return found.map((one) => toSimulation(one, jobs.get(one.id) ?? null));
}

/** What a studio does with a title; asked of the catalogue beside whatever the draft itself names. */
const ACTIONS = ['ingest', 'caption', 'curate', 'index', 'fineTune', 'evaluate', 'generate', 'export'];
const TITLES_AT_ONCE = 100;
const DECISIONS_AT_ONCE = 1_000;
/** As Postgres keeps them, which is about a tenth: a decision about a model names every title behind it. */
const BYTES_AT_ONCE = 2_000_000;
/** A decision's id is by the clock of the process that made it, its time by the one that it was asked with. */
const CLOCKS_APART_MS = 86_400_000;

interface Asked {
  titleIds: string[];
  policies: CompiledPolicy[];
  stopped: Stop[];
  request: PolicyRequest;
  state: WorldState;
  frames: TitleFrames[];
}

interface DecisionRow {
  id: string;
  action: string;
  permitted: boolean;
  sentence: string;
  scope_kind: string;
  scope_id: string;
  actor: string;
  request: PolicyRequest;
  state: WorldState | null;
  licences: string[] | null;
}

type Found = Omit<Flip, 'number'>;

/** What a page of the work found. */
class Batch {
  readonly flips: Found[] = [];
  readonly titles = new Map<string, FlipsOfTitle>();
  asked = 0;
  notComparable = 0;

  add(flip: Found, titleIds: readonly string[]): void {
    this.flips.push(flip);
    for (const titleId of titleIds) {
      const counted = this.titles.get(titleId) ?? { titleId, opened: 0, closed: 0 };
      counted[flip.permitted ? 'opened' : 'closed'] += 1;
      this.titles.set(titleId, counted);
    }
  }
}

/**
 * Simulations of drafts. Each is a job that goes through the catalogue or the recorded decisions a page at a time; a page and how far it got
 * commit together, so that a run that was killed goes on where it was and counts nothing twice.
 */
export class Simulations {
  private readonly database: Database;
  private readonly licences: Licences;
  private readonly clock: () => Date;
  private readonly gather: (scope: Scope, question: Question, instead?: Instead) => Promise<Asked>;
  /** The job; its subject is the simulation. */
  readonly simulate: JobHandler = { run: (context) => this.run(context) };

  constructor({ database, licences, clock, gather }: { database: Database; licences: Licences; clock: () => Date; gather: (scope: Scope, question: Question, instead?: Instead) => Promise<Asked> }) {
    this.database = database;
    this.licences = licences;
    this.clock = clock;
    this.gather = gather;
  }

  /** Starts one on the text that the version has now. Throws Refusal NOT_FOUND, BAD_PERIOD. */
  async start(scope: Scope, input: SimulationInput): Promise<LicenceSimulation> {
    const until = input.against === 'decisions' ? (input.until ?? this.clock()) : null;
    const from = input.against === 'decisions' ? (input.from ?? null) : null;
    if (until && (!from || from >= until)) throw new Refusal('BAD_PERIOD', 'Recorded decisions are asked for a period that begins before it ends.', 'Say from when, and until when unless it is now.', 400);
    return this.database.inStudio(scope, async () => {
      const version = await this.licences.version(scope, input.licenceId, input.version);
      const id = newId();
      await rows(
        `insert into simulation (id, studio_id, licence_id, version, policy, sha256, against, from_at, until_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, scope.studioId, version.licenceId, version.version, version.policy, version.sha256, input.against, from, until, scope.memberId ?? null],
      );
      await enqueueJob('simulate', id);
      return this.find(scope, id);
    });
  }

  /** Asks a running one to stop; what it found until then stays. Throws Refusal NOT_FOUND. */
  async cancel(scope: Scope, id: string): Promise<LicenceSimulation> {
    return this.database.inStudio(scope, async () => {
      const { job } = await this.find(scope, id);
      if (job) await cancelJob(job.id);
      return this.find(scope, id);
    });
  }

  /** Throws Refusal NOT_FOUND. */
  async find(scope: Scope, id: string): Promise<LicenceSimulation> {
    const [found] = await this.database.inStudio(scope, () => read(scope, [id]));
    if (!found) throw notFound('simulation');
    return found;
  }

  /** Of a licence, newest first. */
  async page(scope: Scope, licenceId: string, page: Page): Promise<Paged<LicenceSimulation>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ id: string }>(`select id from simulation where studio_id = $1 and licence_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4`, [scope.studioId, licenceId, after, first + 1]);
      return toPage(await read(scope, found.map(({ id }) => id)), first, ({ id }) => [id]);
    });
  }

  async count(scope: Scope, licenceId: string): Promise<number> {
    return this.counted(scope, `select count(*) from simulation where studio_id = $1 and licence_id = $2`, [scope.studioId, licenceId]);
  }

  /** Every answer that would be another, in the order in which they were asked. */
  async flips(scope: Scope, simulationId: string, page: Page): Promise<Paged<Flip>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<Omit<Flip, 'number'> & { number: string }>(
        `select number, action, permitted, title_id as "titleId", decision_id as "decisionId", scope_kind as "scopeKind", scope_id as "scopeId", actor, before, after
         from simulation_flip where studio_id = $1 and simulation_id = $2 and ($3::bigint is null or number > $3) order by number limit $4`,
        [scope.studioId, simulationId, after, first + 1],
      );
      return toPage(found.map((flip) => ({ ...flip, number: Number(flip.number) })), first, ({ number }) => [String(number)]);
    });
  }

  /** How many answers about each title would be others. */
  async titles(scope: Scope, simulationId: string, page: Page): Promise<Paged<FlipsOfTitle>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string; opened: string; closed: string }>(
        `select title_id, opened, closed from simulation_title where studio_id = $1 and simulation_id = $2 and ($3::uuid is null or title_id > $3) order by title_id limit $4`,
        [scope.studioId, simulationId, after, first + 1],
      );
      return toPage(found.map(({ title_id: titleId, opened, closed }) => ({ titleId, opened: Number(opened), closed: Number(closed) })), first, ({ titleId }) => [titleId]);
    });
  }

  async countTitles(scope: Scope, simulationId: string): Promise<number> {
    return this.counted(scope, `select count(*) from simulation_title where studio_id = $1 and simulation_id = $2`, [scope.studioId, simulationId]);
  }

  /** How many decisions of each job (what asked, and about what) would be others. */
  async jobs(scope: Scope, simulationId: string, page: Page): Promise<Paged<FlipsOfJob>> {
    const first = pageSize(page.first);
    const [scopeId = null, actor = null] = decodeCursor(page.after, 2) ?? [];
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ scope_kind: string; scope_id: string; actor: string; opened: string; closed: string }>(
        `select scope_kind, scope_id, actor, opened, closed from simulation_job where studio_id = $1 and simulation_id = $2 and ($3::uuid is null or (scope_id, actor) > ($3, $4)) order by scope_id, actor limit $5`,
        [scope.studioId, simulationId, scopeId, actor, first + 1],
      );
      return toPage(found.map(({ scope_kind: scopeKind, scope_id, opened, closed, ...job }) => ({ scopeKind, scopeId: scope_id, ...job, opened: Number(opened), closed: Number(closed) })), first, (job) => [job.scopeId, job.actor]);
    });
  }

  async countJobs(scope: Scope, simulationId: string): Promise<number> {
    return this.counted(scope, `select count(*) from simulation_job where studio_id = $1 and simulation_id = $2`, [scope.studioId, simulationId]);
  }

  private async run({ scope, subjectId, signal, progress }: JobContext): Promise<void> {
    const found = await this.database.inStudio(scope, () => row<RunRow>(`select ${columns}, policy, reached from simulation where id = $1 and finished_at is null`, [subjectId]));
    if (!found) return;
    const instead = await this.instead(scope, found);
    const total = await this.database.inStudio(scope, async () => {
      const counted = await row<{ count: string }>(...(found.against === 'catalogue' ? titlesAfter('count(distinct title_id)', found, scope, instead, null) : decisionsAfter('count(*)', found, scope, null)));
      await rows(`update simulation set total = $2 where id = $1`, [subjectId, counted!.count]);
      return Number(counted!.count);
    });
    const past = new Past(this.licences, scope, instead);
    let [reached, asked] = [found.reached, Number(found.asked)];
    for (;;) {
      signal.throwIfAborted();
      const next = await this.database.inStudio(scope, async () => {
        const batch = new Batch();
        const last = found.against === 'catalogue' ? await this.titlesFrom(scope, found, instead, reached, batch) : await decisionsFrom(scope, found, past, reached, batch);
        if (last) await keep(scope, found.id, last, batch);
        asked += batch.asked;
        return last;
      });
      progress(total ? asked / total : 1, `${asked} of ${total} ${found.against === 'catalogue' ? 'titles' : 'decisions'}`);
      if (!next) break;
      reached = next;
    }
    await this.database.inStudio(scope, () => rows(`update simulation set finished_at = now() where id = $1`, [subjectId]));
  }

  /** The draft in its licence's place; of a licence that has no titles yet it is asked what it would mean for all. */
  private async instead(scope: Scope, { licence_id: licenceId, policy }: RunRow): Promise<Instead> {
    return { licence: await this.licences.find(scope, licenceId), policy: await this.licences.ready(scope, policy), everywhere: (await this.licences.countTitles(scope, licenceId)) === 0 };
  }

  /** Asks a page of titles, each for every action, as things are and as they would be. Gives the last one. */
  private async titlesFrom(scope: Scope, simulation: RunRow, instead: Instead, reached: string | null, batch: Batch): Promise<string | undefined> {
    const [sql, parameters] = titlesAfter('distinct title_id', simulation, scope, instead, reached);
    const titleIds = (await rows<{ title_id: string }>(`${sql} order by title_id limit ${TITLES_AT_ONCE}`, parameters)).map(({ title_id: titleId }) => titleId);
    if (titleIds.length === 0) return undefined;
    for (const action of actionsOf(instead.policy)) {
      const question: Question = { action, scopeKind: 'catalogue', scopeId: scope.studioId, titleIds, use: null, frames: 'permitted', actor: 'simulation' };
      const [now, then] = [verdicts(await this.gather(scope, question)), verdicts(await this.gather(scope, question, instead))];
      for (const titleId of titleIds) {
        const [before, after] = [now(titleId), then(titleId)];
        if (before.permitted === after.permitted && before.frames === after.frames) continue;
        const permitted = before.permitted === after.permitted ? after.frames > before.frames : after.permitted;
        batch.add({ action, permitted, titleId, decisionId: null, scopeKind: 'title', scopeId: titleId, actor: 'simulation', before: before.sentence(), after: after.sentence() }, [titleId]);
      }
    }
    batch.asked += titleIds.length;
    return titleIds.at(-1);
  }

  private async counted(scope: Scope, sql: string, parameters: unknown[]): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(sql, parameters))!.count));
  }
}

const actionsOf = ({ policy }: CompiledPolicy): string[] => [...new Set([...ACTIONS, ...policy.rules.flatMap((rule) => rule.actions.map(({ name }) => name))])];

function titlesAfter(what: string, { licence_id: licenceId }: RunRow, scope: Scope, { everywhere }: Instead, reached: string | null): [sql: string, parameters: unknown[]] {
  return [`select ${what} from licence_title where studio_id = $1 and ($2 or licence_id = $3) and ($4::uuid is null or title_id > $4)`, [scope.studioId, everywhere, licenceId, reached]];
}

function decisionsAfter(what: string, { from_at: from, until_at: until }: RunRow, scope: Scope, reached: string | null): [sql: string, parameters: unknown[]] {
  const lowest = reached ?? firstId(from!.getTime() - CLOCKS_APART_MS);
  return [`select ${what} from decision where studio_id = $1 and id > $2 and id < $3 and created_at >= $4 and created_at < $5`, [scope.studioId, lowest, firstId(until!.getTime() + CLOCKS_APART_MS), from, until]];
}

/** The lowest id of a moment. */
const firstId = (at: number): string => `${newId(Math.max(0, at)).slice(0, 13)}-7000-8000-000000000000`;

/** The answer about each title of a request. */
function verdicts({ policies, stopped, request, state, frames }: Asked): (titleId: string) => { permitted: boolean; frames: number; sentence: () => string } {
  const targets = Map.groupBy(request.targets, ({ id }) => id);
  return (titleId) => {
    const asked = targets.get(`urn:uuid:${titleId}`) ?? [];
    const own = evaluate(policies, { ...request, targets: asked }, state);
    const permitted = own.outcome === 'permit';
    const apart = frames.find((title) => title.titleId === titleId)?.permitted;
    const allowed = apart?.reduce((sum, { first, end }) => sum + end - first, 0) ?? Infinity;
    const stop = stopped.find(({ hold }) => asked.some(({ ancestors }) => ancestors.includes(hold.subject)));
    const sentence = (): string => (permitted && apart ? `${own.reason.sentence} ${allowed} frames of it are allowed.` : (stop?.sentence ?? own.reason.sentence));
    return { permitted, frames: permitted ? allowed : 0, sentence };
  };
}

/** Recorded decisions and what they were made under, kept while they come again. */
class Past {
  private readonly known = new Map<string, Promise<CompiledPolicy[]>>();
  private readonly counting: readonly string[];
  /** What a title under the draft is in; the licence's own titles first. */
  readonly collections: readonly string[];

  constructor(
    private readonly licences: Licences,
    private readonly scope: Scope,
    readonly instead: Instead,
  ) {
    this.counting = countingRules(instead.policy).map(({ uid }) => uid);
    this.collections = collectionsOf(instead.policy);
  }

  /** The policies as they stood, with the draft in its licence's place. */
  under(standing: readonly string[], which: 'then' | 'instead'): Promise<CompiledPolicy[]> {
    const key = `${which} ${standing.join()}`;
    let found = this.known.get(key);
    if (!found) {
      if (this.known.size >= 500) this.known.clear();
      found = this.licences.asTheyStood(this.scope, standing).then((policies) => {
        if (which === 'instead') policies.set(this.instead.licence.id, this.instead.policy);
        return [...policies.values()];
      });
      this.known.set(key, found);
    }
    return found;
  }

  /** Whether it was recorded what the draft asks about: uses that were not counted then cannot be compared with a cap. */
  comparable({ request: { counts = {} } }: DecisionRow): boolean {
    return this.counting.every((rule) => rule in counts);
  }
}

/** Asks a page of recorded decisions again. Gives the last one. */
async function decisionsFrom(scope: Scope, simulation: RunRow, past: Past, reached: string | null, batch: Batch): Promise<string | undefined> {
  const [sql, parameters] = decisionsAfter(`id, action, outcome = 'permit' as permitted, sentence, scope_kind, scope_id, actor, request, state, licences, pg_column_size(request) + coalesce(pg_column_size(state), 0) as size`, simulation, scope, reached);
  const found = await rows<DecisionRow>(
    `select * from (select page.*, sum(size) over (order by id) - size as before from (${sql} order by id limit ${DECISIONS_AT_ONCE}) page) page where before < ${BYTES_AT_ONCE} order by id`,
    parameters,
  );
  const { licence, everywhere } = past.instead;
  for (const decision of found) {
    batch.asked += 1;
    const { licences, state } = decision;
    if (!licences || !state) batch.notComparable += 1;
    else if (everywhere || licences.some((one) => one.startsWith(licence.id))) await again(decision, licences, state, past, batch);
  }
  return found.at(-1)?.id;
}

async function again(decision: DecisionRow, standing: readonly string[], state: WorldState, past: Past, batch: Batch): Promise<void> {
  const { licence, everywhere } = past.instead;
  const [titles, ...inherited] = past.collections;
  const joins = ({ ancestors }: PolicyRequest['targets'][number]): boolean => everywhere || (inherited.length > 0 && ancestors.includes(titles!));
  const request = { ...decision.request, targets: decision.request.targets.map((target) => (joins(target) ? { ...target, ancestors: [...new Set([...target.ancestors, ...past.collections])] } : target)) };
  // What stopped it because this very licence was not in force would not.
  const freed = { ...state, holds: state.holds?.filter(({ id }) => id !== `urn:uuid:${licence.id}`) ?? [] };
  const policies = await past.under(standing, 'instead');
  const answer = evaluate(policies, request, freed);
  const permitted = answer.outcome === 'permit';
  if (permitted === decision.permitted) return;
  if (!permitted && !past.comparable(decision)) {
    batch.notComparable += 1;
    return;
  }
  const before = await past.under(standing, 'then');
  const turned = request.targets.filter((target, at) => {
    const was = evaluate(before, { ...decision.request, targets: [decision.request.targets[at]!] }, state).outcome;
    return was !== evaluate(policies, { ...request, targets: [target] }, freed).outcome;
  });
  const { action, sentence, scope_kind: scopeKind, scope_id: scopeId, actor } = decision;
  const titleIds = [...new Set(turned.map(({ id }) => id.replace('urn:uuid:', '')))];
  batch.add({ action, permitted, titleId: titleIds.length === 1 ? titleIds[0]! : null, decisionId: decision.id, scopeKind, scopeId, actor, before: sentence, after: answer.reason.sentence }, titleIds);
}

/** Writes what a page found and how far that is. */
async function keep(scope: Scope, simulationId: string, reached: string, { flips, titles, asked, notComparable }: Batch): Promise<void> {
  const opened = flips.filter(({ permitted }) => permitted).length;
  const closed = flips.length - opened;
  const { before } = (await row<{ before: string }>(
    `update simulation set reached = $2, asked = asked + $3, opened = opened + $4, closed = closed + $5, not_comparable = not_comparable + $6 where id = $1 returning opened + closed - $4 - $5 as before`,
    [simulationId, reached, asked, opened, closed, notComparable],
  ))!;
  if (flips.length === 0) return;
  await rows(
    `insert into simulation_flip (simulation_id, number, studio_id, action, permitted, title_id, decision_id, scope_kind, scope_id, actor, before, after)
     select $1, $2 + f.number, $3, f.action, f.permitted, f."titleId", f."decisionId", f."scopeKind", f."scopeId", f.actor, f.before, f.after
     from jsonb_to_recordset($4) as f (number bigint, action text, permitted boolean, "titleId" uuid, "decisionId" uuid, "scopeKind" text, "scopeId" uuid, actor text, before text, after text)`,
    [simulationId, before, scope.studioId, JSON.stringify(flips.map((flip, at) => ({ number: at + 1, ...flip })))],
  );
  await rows(
    `insert into simulation_title (simulation_id, title_id, studio_id, opened, closed) select $1, t."titleId", $2, t.opened, t.closed from jsonb_to_recordset($3) as t ("titleId" uuid, opened bigint, closed bigint)
     on conflict (simulation_id, title_id) do update set opened = simulation_title.opened + excluded.opened, closed = simulation_title.closed + excluded.closed`,
    [simulationId, scope.studioId, JSON.stringify([...titles.values()])],
  );
  await rows(
    `insert into simulation_job (simulation_id, scope_kind, scope_id, actor, studio_id, opened, closed)
     select $1, min(scope_kind), scope_id, actor, $2, count(*) filter (where permitted), count(*) filter (where not permitted) from simulation_flip where simulation_id = $1 and number > $3 and decision_id is not null group by scope_id, actor
     on conflict (simulation_id, scope_id, actor) do update set opened = simulation_job.opened + excluded.opened, closed = simulation_job.closed + excluded.closed`,
    [simulationId, scope.studioId, before],
  );
}
