import pg from 'pg';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { appendEntry, PLATFORM_LOG, verifyLog } from '#libs/audit';
import { cancelJob, type Database, emit, enqueueJob, type JobHandler, newId, type Reason, Refusal, row, rows, type Scope, startJobs } from '#libs/platform';
import { publish, relay } from '../../apps/worker/src/background.js';
import { Logs, type Services } from '../../apps/shared/services.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(120_000);

let world: World;
let database: Database;
let scope: Scope;
beforeAll(async () => {
  world = await makeWorld();
  database = world.database;
  scope = await world.studio();
  process.env.BACKLOT_JOBS_DATABASE_URL = world.jobsUrl;
  process.env.BACKLOT_INSTANCE = 'this';
});
afterAll(() => world.close());

const enqueue = (name: string, subject = newId()) => database.inStudio(scope, () => enqueueJob(name, subject));
const job = (id: string) => database.inStudio(scope, () => row<{ state: string; reason: Reason | null; attempts: number; progress: number }>(`select state, reason, attempts, progress from job where id = $1`, [id]));
async function settled(id: string, state: string): Promise<NonNullable<Awaited<ReturnType<typeof job>>>> {
  for (let i = 0; i < 400; i++) {
    const found = (await job(id))!;
    if (found.state === state) return found;
    await new Promise((later) => setTimeout(later, 25));
  }
  throw new Error(`job ${id} is ${(await job(id))!.state}, not ${state}`);
}
const handler = (run: JobHandler['run'], failed?: JobHandler['failed']): JobHandler => ({ run, ...(failed ? { failed } : {}) });

describe('a job', () => {
  test('runs once, under its key, and says how far it is', async () => {
    let runs = 0;
    const jobs = await startJobs(database, { once: handler(async ({ progress }) => (runs++, progress(0.5, 'half'))) });
    const subject = newId();
    const [first, second] = [await enqueue('once', subject), await enqueue('once', subject)];
    expect(second).toBe(first);
    expect(await settled(first, 'succeeded')).toMatchObject({ progress: 1, reason: null });
    expect(await enqueue('once', subject)).toBe(first);
    await jobs.stop();
    expect(runs).toBe(1);
  });

  test('that ends in a refusal is failed with its reason, told to its lib once, and can be queued again', async () => {
    const told: string[] = [];
    let refusing = true;
    const jobs = await startJobs(database, {
      refuses: handler(async () => (refusing ? Promise.reject(new Refusal('NOT_A_FILM', 'It is text.', 'Upload the film.')) : undefined), async (_context, reason) => void told.push(reason.code)),
    });
    const subject = newId();
    const id = await enqueue('refuses', subject);
    expect(await settled(id, 'failed')).toMatchObject({ reason: { code: 'NOT_A_FILM', wayOut: 'Upload the film.' } });
    refusing = false;
    expect(await enqueue('refuses', subject)).toBe(id);
    expect(await settled(id, 'succeeded')).toMatchObject({ reason: null });
    await jobs.stop();
    expect(told).toEqual(['NOT_A_FILM']);
  });

  test('that a member cancels stops and says so', async () => {
    const jobs = await startJobs(database, { long: handler(({ signal }) => new Promise((_done, failed) => signal.addEventListener('abort', () => failed(signal.reason as Error)))) });
    const id = await enqueue('long');
    await settled(id, 'running');
    await database.inStudio(scope, () => cancelJob(id));
    expect(await settled(id, 'cancelled')).toMatchObject({ reason: { code: 'CANCELLED' } });
    await jobs.stop();
  });

  test('that a killed worker held starts anew at once; one that a living worker holds is left alone', async () => {
    const queue = new pg.Client({ connectionString: world.jobsUrl });
    await queue.connect();
    let mine = 0;
    const [dead, living] = [await enqueue('held'), await enqueue('held')];
    await queue.query(`insert into backlot_jobs.worker (worker_id, instance) values ('pool-before', 'this'), ('pool-other', 'other')`);
    await queue.query(`update graphile_worker._private_jobs set locked_at = now(), locked_by = case when key = $1 then 'pool-before' else 'pool-other' end where key in ($1, $2)`, [dead, living]);
    const jobs = await startJobs(database, { held: handler(async () => void mine++) });
    await settled(dead, 'succeeded');
    const { rows: known } = await queue.query(`select worker_id from backlot_jobs.worker where instance = 'this'`);
    // The name under which this worker's jobs are locked is the one it keeps alive.
    expect(known).toHaveLength(1);
    await jobs.stop();
    await queue.end();
    expect([mine, (await job(living))!.state]).toEqual([1, 'queued']);
  });

  test('of a worker that is asked to stop is taken up by the next', async () => {
    let lives = 0;
    const held = { stops: handler(({ signal }) => (++lives > 1 ? Promise.resolve() : new Promise((_done, failed) => signal.addEventListener('abort', () => failed(signal.reason as Error))))) };
    const first = await startJobs(database, held);
    const id = await enqueue('stops');
    await settled(id, 'running');
    await first.stop();
    const second = await startJobs(database, held);
    expect(await settled(id, 'succeeded')).toMatchObject({ attempts: 2 });
    await second.stop();
  });
});

test('an event is handed on once, also when its consumer failed the first time', async () => {
  const seen: string[] = [];
  let failing = true;
  const services = {
    database,
    curation: {
      reactions: {
        'test.happened': async ({ payload }: { payload: Record<string, unknown> }) => {
          if (failing) throw new Error('not now');
          seen.push(String(payload.n));
        },
      },
    },
  } as unknown as Services;
  for (const n of [1, 2, 3]) await database.inStudio(scope, () => emit('test.happened', { n }));
  await expect(relay(services)).rejects.toThrow('not now');
  failing = false;
  await Promise.all([relay(services), relay(services)]);
  await relay(services);
  expect(seen).toEqual(['1', '2', '3']);
});

test('every log with something new is published, each head is in the platform log, and nothing is published twice', async () => {
  const logs = new Logs(join(world.folder, 'keys'), join(world.folder, 'log'));
  const services = { database, logs } as unknown as Services;
  const other = await world.studio('Other');
  for (const one of [scope, other]) await database.inStudio(one, () => appendEntry('sign-in', { member: newId() }));
  await publish(services);
  await publish(services);
  for (const id of [scope.studioId, other.studioId, PLATFORM_LOG]) {
    const report = await verifyLog(logs.directory(id), await logs.verifier(id));
    expect(report).toMatchObject({ problems: [] });
  }
  expect(await database.outside(`select logs_waiting(10)`)).toEqual([]);
  const heads = await database.inStudio({ studioId: PLATFORM_LOG }, () => rows<{ origin: string }>(`select payload->>'origin' as origin from audit_entry where studio_id = $1 order by 1`, [PLATFORM_LOG]));
  expect(heads.map((head) => head.origin)).toEqual([scope, other].map(({ studioId }) => `backlot/${studioId}`).sort());
});
