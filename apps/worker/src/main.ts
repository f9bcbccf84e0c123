import { startJobs } from '#libs/platform';
import { createServices, type Services } from '../../shared/services.js';
import { late, publish, relay, sweep } from './background.js';
import { loop } from './loops.js';

/**
 * The worker: jobs, the relay of events, the publication of logs, and sweeps. It holds nothing that is not in the database: killed at
 * any moment, its next life goes on. What it cannot mend by trying again ends it with exit code 1, for the supervisor to start it anew.
 */
const CONNECT_PATIENCE_MS = 30_000;
/** Less than the supervisor's patience, so that the end is ours and the jobs are handed back. */
const STOP_PATIENCE_MS = 5_000;

async function connected(): Promise<Services> {
  const until = Date.now() + CONNECT_PATIENCE_MS;
  for (let pause = 250; ; pause = Math.min(4_000, pause * 2)) {
    try {
      return await createServices();
    } catch (error) {
      if (Date.now() + pause > until) throw error;
      process.stderr.write(`waiting for the database: ${(error as Error).message}\n`);
      await new Promise((later) => setTimeout(later, pause));
    }
  }
}

const services = await connected();
const { catalogue, curation, rights } = services;
const jobs = await startJobs(services.database, { ingest: catalogue.ingest, analyse: curation.analyse, freeze: curation.freeze, mask: curation.mask, duplicates: curation.findDuplicates, recompute: curation.recompute, caption: curation.captions.job, index: curation.search.index, cells: curation.search.vectors.learn, simulate: rights.simulations.simulate });
const loops = [
  loop('events', 500, () => relay(services), giveUp),
  loop('logs', 1_000, () => publish(services), giveUp),
  loop('duties', 30_000, () => late(services), giveUp),
  loop('sweep', 3_600_000, () => sweep(services), giveUp),
];
process.stdout.write('worker: ready\n');

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(code || 1), STOP_PATIENCE_MS).unref();
  await Promise.all([...loops.map((one) => one.stop()), jobs.stop()]);
  await services.close();
  process.exit(code);
}

function giveUp(error: Error): void {
  process.stderr.write(`the worker gives up: ${error.message}\n`);
  // Not through stop(): it would wait for the loop that has just failed.
  process.exit(1);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(0));
// The supervisor is gone: a worker that went on alone would take the jobs of the next start.
process.once('disconnect', () => void stop(0));
void jobs.ended.then(
  () => stopping || giveUp(new Error('the job queue ended')),
  (error: Error) => stopping || giveUp(error),
);
