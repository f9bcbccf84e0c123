/**
 * kill -9 of api, worker, agent, trainer and Postgres at 20 random moments leaves the loop finished, with nothing missing and nothing twice.
 * The moments come from a seed (BACKLOT_KILL_SEED), so that a failure can be run again.
 */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { verifyLog } from '#libs/audit';
import { connect, rows } from '#libs/platform';
import { runLoop } from '../../apps/cli/src/commands/demo.js';
import { Progress } from '../../apps/cli/src/demo/progress.js';
import type { Report } from '../../apps/cli/src/demo/report.js';
import { freePort } from '../../apps/cli/src/postgres.js';
import { type Product, startProduct } from '../../apps/cli/src/product.js';

const seed = Number(process.env.BACKLOT_KILL_SEED ?? 7);
const KILLS = 20;
/** Of these, kept for when training has begun: the kills before make the analysis so long that it would take all of them. */
const KEPT = 6;
const folders: string[] = [];
const quiet = new Progress({ isTTY: false, write: () => true } as unknown as NodeJS.WriteStream);

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** mulberry32: 32 bits of state are plenty for twenty moments. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function product(): Promise<Product> {
  const folder = await mkdtemp(join(tmpdir(), 'backlot-kill-'));
  folders.push(folder);
  return startProduct({ settings: { BACKLOT_DATA: folder, BACKLOT_PORT: String(await freePort()), BACKLOT_LEASE_SECONDS: '10' } });
}

/** Trainer processes whose working folder is a tenant's folder of this product. */
function trainers(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(join(dataDir, 'tenants')) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('backlot_trainer');
      } catch {
        return false; // It ended between the listing and the look.
      }
    });
}

interface Facts {
  shots: string[];
  clips: string[];
  doubledShots: number;
  decisionsWithoutEntry: number;
  releasesWithoutEntry: number;
  decisions: number;
  decisionEntries: number;
  places: { entries: number; distinct: number; highest: number };
  jobsOpen: number;
}

/** What the studio's rows say after the loop. */
async function facts(running: Product, studioId: string): Promise<Facts> {
  const database = await connect(running.databaseUrl, 2);
  try {
    return await database.inStudio({ studioId }, async () => {
      const one = async (sql: string): Promise<number> => Number((await rows<{ n: string }>(sql))[0]!.n);
      const entries = (await rows<{ entries: string; distinct: string; highest: string }>(`select count(*) as entries, count(distinct leaf_index) as "distinct", coalesce(max(leaf_index), -1) as highest from audit_entry`))[0]!;
      return {
        shots: (await rows<{ line: string }>(`select m.sha256 || ' ' || s.number || ' ' || s.first_frame || '-' || s.last_frame as line from shot s join master m on m.id = s.master_id order by 1`)).map(({ line }) => line),
        clips: (await rows<{ line: string }>(`select c.sha256 || ' ' || c.first_frame || ' ' || c.split as line from dataset_clip c order by 1`)).map(({ line }) => line),
        doubledShots: await one(`select count(*) as n from (select master_id, number from shot group by 1, 2 having count(*) > 1) twice`),
        decisionsWithoutEntry: await one(`select count(*) as n from decision d where (select count(*) from audit_entry e where e.type in ('decision', 'refusal') and e.payload->>'decision' = d.id::text) <> 1`),
        releasesWithoutEntry: (await one(`select count(*) as n from key_release`)) - (await one(`select count(*) as n from audit_entry where type = 'key.release'`)),
        decisions: await one(`select count(*) as n from decision`),
        decisionEntries: await one(`select count(*) as n from audit_entry where payload ? 'decision' and type in ('decision', 'refusal')`),
        places: { entries: Number(entries.entries), distinct: Number(entries.distinct), highest: Number(entries.highest) },
        jobsOpen: await one(`select count(*) as n from job where state in ('queued', 'running')`),
      };
    });
  } finally {
    await database.close();
  }
}

async function loopOn(running: Product): Promise<{ report: Report; studioId: string }> {
  return runLoop(running, {}, quiet);
}

test(`killed ${KILLS} times (seed ${seed}), the loop ends with the same dataset and nothing missing or doubled`, async () => {
  const whole = await product();
  const started = performance.now();
  const unbroken = await loopOn(whole);
  const seconds = (performance.now() - started) / 1000;
  const expected = await facts(whole, unbroken.studioId);
  await whole.stop();

  const broken = await product();
  let finished = false;
  try {
    const draw = random(seed);
    const names = ['api', 'worker', 'agent', 'trainer', 'postgres'] as const;
    const killed: string[] = [];
    const killing = (async () => {
      while (killed.length < KILLS && !finished) {
        // Spread over about the time that the loop takes unbroken: the kills make it longer.
        await sleep(draw() * 2 * (seconds / KILLS) * 1000);
        // Among what lives at this moment, what was killed least: a trainer lives only while it trains.
        const living = names.flatMap((name) => {
          const pid = name === 'trainer' ? trainers(broken.dataDir)[0] : broken.pids()[name];
          return pid === undefined ? [] : [{ name, pid, times: killed.filter((other) => other === name).length }];
        });
        const training = living.some(({ name }) => name === 'trainer') || killed.includes('trainer');
        if (killed.length >= KILLS - KEPT && !training) continue;
        const spared = living.filter(({ times }) => times === Math.min(...living.map((part) => part.times)));
        const drawn = spared[Math.floor(draw() * spared.length)];
        if (!drawn) continue;
        try {
          process.kill(drawn.pid, 'SIGKILL');
          killed.push(drawn.name);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
    })();
    const { report, studioId } = await loopOn(broken);
    finished = true;
    await killing;

    expect(killed).toHaveLength(KILLS);
    expect(new Set(killed)).toEqual(new Set(names));
    expect(report.dataset.hash).toBe(unbroken.report.dataset.hash);
    expect(report.outputs.every((output) => output.delivered)).toBe(true);
    expect(report.attempts.filter((attempt) => !attempt.refused)).toEqual([]);
    const found = await facts(broken, studioId);
    expect(found.shots).toEqual(expected.shots);
    expect(found.clips).toEqual(expected.clips);
    expect(found).toMatchObject({ doubledShots: 0, decisionsWithoutEntry: 0, releasesWithoutEntry: 0, jobsOpen: 0 });
    expect(found.decisionEntries).toBe(found.decisions);
    expect(found.places).toMatchObject({ distinct: found.places.entries, highest: found.places.entries - 1 });
    for (const log of report.logs) {
      const checked = await verifyLog(join(broken.dataDir, log.directory), log.verifierKey);
      expect(checked.problems).toEqual([]);
    }
  } finally {
    finished = true;
    await broken.stop();
  }
}, 1_800_000);
