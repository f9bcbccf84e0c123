import { EventEmitter } from 'node:events';
import { Logger, run, type Runner, type TaskList, type WorkerEvents } from 'graphile-worker';
import pg from 'pg';
import { config, required } from './config.js';
import { type Database, row, rows, scoped, type Scope } from './database.js';
import { Refusal, reasonOf, type Reason } from './errors.js';
import { newId } from './ids.js';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A job as its studio sees it. `progress` is 0..1. */
export interface Job {
  id: string;
  name: string;
  subjectId: string;
  state: JobState;
  progress: number;
  note: string | null;
  reason: Reason | null;
  attempts: number;
}

/** What a handler gets: whose job, which subject, and how to tell how far it is. */
export interface JobContext {
  jobId: string;
  scope: Scope;
  subjectId: string;
  payload: Record<string, unknown>;
  attempt: number;
  /** Aborts when a member cancels the job or the process stops. */
  signal: AbortSignal;
  /** Tells progress 0..1 (written at most twice a second) and what is being done. */
  progress(fraction: number, note?: string): void;
}

export interface JobHandler {
  run(context: JobContext): Promise<void>;
  /** Asked in the studio's transaction with every heartbeat: a Refusal that it throws cancels the job, and is why. */
  mayGoOn?(context: Omit<JobContext, 'signal' | 'progress'>): Promise<void>;
  /** Called once in the studio's transaction when the job ends in a refusal, runs out of attempts or is cancelled. */
  failed?(context: Omit<JobContext, 'signal' | 'progress'>, reason: Reason): Promise<void>;
}

/** An attempt that ends in an error of ours at or past this number is the last. */
const MAX_ATTEMPTS = 8;
/** graphile-worker counts the times a job was taken, also those of a process that was killed; that is no fault of the job. */
const MAX_TAKEN = 100;

/**
 * Puts a job in the caller's transaction. `key` makes it idempotent: the same key while the job waits or runs, or after it succeeded, is the same job.
 * A failed or cancelled job of that key is queued anew. `afterSeconds`: it begins no sooner than that.
 */
export async function enqueueJob(name: string, subjectId: string, payload: Record<string, unknown> = {}, key = `${name}:${subjectId}`, afterSeconds = 0): Promise<string> {
  const { studioId } = scoped();
  const queued = await row<{ id: string }>(
    `insert into job (id, studio_id, name, key, subject_id, payload) values ($1, $2, $3, $4, $5, $6)
     on conflict (studio_id, key) do update set state = 'queued', reason = null, attempts = 0, cancel_requested = false, progress = 0, payload = excluded.payload, finished_at = null
       where job.state in ('failed', 'cancelled')
     returning id`,
    [newId(), studioId, name, key, subjectId, payload],
  );
  if (!queued) return (await row<{ id: string }>(`select id from job where studio_id = $1 and key = $2`, [studioId, key]))!.id;
  await putOff(name, queued.id, afterSeconds);
  return queued.id;
}

/** Says anew when a job that waits begins: so many seconds from now. */
export async function putOff(name: string, jobId: string, seconds: number): Promise<void> {
  if (seconds) await rows(`select backlot_jobs.enqueue_later($1, $2, $3, $4)`, [name, jobId, MAX_TAKEN, seconds]);
  else await rows(`select backlot_jobs.enqueue($1, $2, $3)`, [name, jobId, MAX_TAKEN]);
}

/** Asks a job to stop; a queued one is cancelled at once. */
export async function cancelJob(jobId: string): Promise<void> {
  await rows(
    `update job set cancel_requested = true, state = case when state = 'queued' then 'cancelled' else state end where id = $1 and state in ('queued', 'running')`,
    [jobId],
  );
}

/** What the queue itself has to say; how jobs end is told where they run. */
function tell(level: string, message: string): void {
  if (level === 'error' && !message.startsWith('Failed task')) process.stderr.write(`jobs: ${message}\n`);
}

/**
 * Runs handlers until stopped. A worker that was killed is recognised by its instance name and its jobs start anew at once.
 * `ended` resolves when the queue cannot go on by itself (the database was away too long): the process should then be started again.
 */
export async function startJobs(database: Database, handlers: Record<string, JobHandler>): Promise<{ stop(): Promise<void>; ended: Promise<void> }> {
  const pool = new pg.Pool({ connectionString: required('BACKLOT_JOBS_DATABASE_URL'), max: config().BACKLOT_JOB_CONCURRENCY + 3 });
  const lost = (error: Error): void => void process.stderr.write(`jobs connection lost: ${error.message}\n`);
  pool.on('error', lost);
  // A connection that is in use tells its loss itself; nobody listening would end the process.
  pool.on('connect', (client) => client.on('error', lost));
  const instance = config().BACKLOT_INSTANCE;
  await releaseDead(pool, instance);
  const stopping = new AbortController();
  const tasks: TaskList = {};
  for (const [name, handler] of Object.entries(handlers)) {
    tasks[name] = async (raw, helpers) => {
      const { studioId, jobId } = raw as { studioId: string; jobId: string };
      await runOne(database, handler, { studioId }, jobId, helpers.job.attempts, helpers.job.attempts >= MAX_ATTEMPTS, stopping.signal);
    };
  }
  // graphile-worker locks a job in the name of its pool of workers.
  const events: WorkerEvents = new EventEmitter();
  const poolIds = new Set<string>();
  events.on('worker:create', ({ worker }) => poolIds.add(worker.workerPool.id));
  const alive = async (): Promise<void> => {
    await pool.query(`insert into backlot_jobs.worker (worker_id, instance) select unnest($2::text[]), $1 on conflict (worker_id) do update set seen_at = now()`, [instance, [...poolIds]]);
  };
  const runner: Runner = await run({ pgPool: pool, taskList: tasks, concurrency: config().BACKLOT_JOB_CONCURRENCY, pollInterval: 1000, noHandleSignals: true, parsedCronItems: [], logger: new Logger(() => tell), events });
  await alive();
  const beat = setInterval(() => void alive().catch((error: Error) => process.stderr.write(`worker heartbeat: ${error.message}\n`)), 5000);
  return {
    ended: runner.promise,
    async stop() {
      clearInterval(beat);
      stopping.abort(new Refusal('STOPPING', 'The worker is stopping.', 'It goes on at the next start.'));
      await runner.stop();
      await pool.end();
    },
  };
}

/**
 * Unlocks jobs that no living worker holds: at the start of an instance none of its own workers lives, and one that was silent for a
 * minute is taken for dead. (graphile-worker itself waits four hours.) Handlers are idempotent, so a wrong guess costs time only.
 */
async function releaseDead(pool: pg.Pool, instance: string): Promise<void> {
  await pool.query(`delete from backlot_jobs.worker where instance = $1 or seen_at < now() - interval '60 seconds'`, [instance]);
  const { rows: dead } = await pool.query<{ worker_id: string }>(
    `select distinct locked_by as worker_id from graphile_worker._private_jobs where locked_by is not null and locked_by not in (select worker_id from backlot_jobs.worker)`,
  );
  if (dead.length) await pool.query(`select graphile_worker.force_unlock_workers($1)`, [dead.map((worker) => worker.worker_id)]);
}

async function runOne(database: Database, handler: JobHandler, scope: Scope, jobId: string, attempt: number, lastAttempt: boolean, stopping: AbortSignal): Promise<void> {
  const started = await database.inStudio(scope, () =>
    row<{ subject_id: string; payload: Record<string, unknown>; cancel_requested: boolean }>(
      `update job set state = 'running', attempts = $2, started_at = coalesce(started_at, now()), heartbeat_at = now() where id = $1 and state in ('queued', 'running') returning subject_id, payload, cancel_requested`,
      [jobId, attempt],
    ),
  );
  if (!started) return; // cancelled, or already finished by a worker that was killed before it could say so
  const shared = { jobId, scope, subjectId: started.subject_id, payload: started.payload, attempt };
  const cancel = new AbortController();
  let latest: { fraction: number; note?: string } = { fraction: 0 };
  const beat = async (): Promise<void> => {
    const state = await database.inStudio(scope, () =>
      row<{ cancel_requested: boolean }>(`update job set progress = $2, note = coalesce($3, note), heartbeat_at = now() where id = $1 returning cancel_requested`, [jobId, latest.fraction, latest.note ?? null]),
    );
    if (state?.cancel_requested) return cancel.abort(new Refusal('CANCELLED', 'The job was cancelled.', 'Start it again when you want it.'));
    try {
      await database.inStudio(scope, async () => handler.mayGoOn?.(shared));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      cancel.abort(error);
    }
  };
  const timer = setInterval(() => void beat().catch((error: Error) => process.stderr.write(`job heartbeat: ${error.message}\n`)), 500);
  try {
    await handler.run({ ...shared, signal: AbortSignal.any([cancel.signal, stopping]), progress: (fraction, note) => (latest = { fraction: Math.min(1, Math.max(0, fraction)), ...(note === undefined ? {} : { note }) }) });
    await database.inStudio(scope, () => rows(`update job set state = 'succeeded', progress = 1, reason = null, finished_at = now() where id = $1`, [jobId]));
  } catch (error) {
    if (stopping.aborted) throw error;
    const final = error instanceof Refusal || cancel.signal.aborted || lastAttempt;
    if (!(error instanceof Refusal)) process.stderr.write(`job ${jobId} attempt ${attempt}: ${(error as Error).stack ?? String(error)}\n`);
    if (!final) throw error;
    const reason = cancel.signal.aborted ? (cancel.signal.reason as Refusal).reason : reasonOf(error);
    await database.inStudio(scope, async () => {
      await rows(`update job set state = $2, reason = $3, finished_at = now() where id = $1`, [jobId, cancel.signal.aborted ? 'cancelled' : 'failed', reason]);
      await handler.failed?.(shared, reason);
    });
  } finally {
    clearInterval(timer);
  }
}

/** The latest jobs of subjects, by subject id; of one name where it is given. */
export async function jobsOf(subjectIds: string[], name?: string): Promise<Map<string, Job>> {
  const found = await rows<{ id: string; name: string; subject_id: string; state: JobState; progress: number; note: string | null; reason: Reason | null; attempts: number }>(
    `select distinct on (subject_id) id, name, subject_id, state, progress, note, reason, attempts from job where subject_id = any($1) and name = coalesce($2, name) order by subject_id, created_at desc, id desc`,
    [subjectIds, name ?? null],
  );
  return new Map(found.map((job) => [job.subject_id, { id: job.id, name: job.name, subjectId: job.subject_id, state: job.state, progress: job.progress, note: job.note, reason: job.reason, attempts: job.attempts }]));
}
