import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainLease } from '#libs/training';
import { type Api, ApiRefused, LeaseLost } from './api.js';
import { crashReason, type Ended, type Line, Trainer } from './python.js';
import { Relay } from './relay.js';

/** Lines that the API keeps; they are written down until the run ends, so that none is lost when this process is killed before it sent them. */
const KEPT = new Set(['phase', 'progress', 'evaluation', 'sample']);
/** Bad input: the trainer says what is wrong with it, and trying again would say it again. */
const EXIT_BAD_INPUT = 2;
/** Deaths in a row without a new step after which the run is given up. One that ends by itself would do so again. */
const CRASHES_WITHOUT_PROGRESS = 3;
/** One that was killed may have met a passing want of memory, or a machine that is being emptied: worth more tries, further apart. */
const KILLS_WITHOUT_PROGRESS = 8;
const LONGEST_WAIT_MS = 30_000;
const AWAY_TRIES = 10;

/**
 * Works on one leased run to its end: starts the trainer, relays what it says, starts it again from its checkpoint when it dies, and
 * hands in the adapter. Returns without a word to the API when the lease is lost or this process stops: the run goes on elsewhere or later.
 */
export async function train(api: Api, lease: TrainLease, tenantFolder: string, stopping: AbortSignal): Promise<void> {
  const folder = join(tenantFolder, 'runs', lease.id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const run = new Run(api, lease, folder, stopping);
  try {
    await run.work();
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if (error instanceof LeaseLost || stopping.aborted) return;
    if (!(error instanceof ApiRefused)) throw error;
    await api.fail(lease, error.reason);
  } finally {
    await run.stop();
  }
}

class Run {
  private trainer: Trainer | undefined;
  private readonly relay: Relay;
  private readonly journal: string;
  private done: Line | undefined;
  private cancelled = false;
  private step = -1;
  private readonly beating: NodeJS.Timeout;
  private readonly lost = new AbortController();
  private readonly ended: AbortSignal;

  constructor(
    private readonly api: Api,
    private readonly lease: TrainLease,
    private readonly folder: string,
    stopping: AbortSignal,
  ) {
    this.ended = AbortSignal.any([stopping, this.lost.signal]);
    this.journal = join(folder, 'lines.jsonl');
    this.relay = new Relay((lines) => this.send(lines));
    void this.relay.failed.then((error) => this.lost.abort(error));
    this.beating = setInterval(() => void this.beat(), (lease.ttlSeconds * 1000) / 3);
    this.ended.addEventListener('abort', () => this.trainer?.kill(), { once: true });
  }

  async work(): Promise<void> {
    // What an earlier life of this agent may not have sent; sending it again changes nothing.
    if (existsSync(this.journal)) for (const text of readFileSync(this.journal, 'utf8').split('\n')) if (isWhole(text)) this.relay.push(JSON.parse(text) as Line);
    let crashes = 0;
    let away = 0;
    for (;;) {
      const before = this.step;
      const end = await this.once();
      this.throwIfEnded();
      if (this.done) return this.handIn(this.done);
      if (this.cancelled) return this.confirmCancel();
      if (this.step > before) crashes = 0;
      // The API may be down longer than the trainer waits for the dataset; that says nothing about the run.
      if (end.error?.code === 'DATASET_UNREACHABLE' && ++away < AWAY_TRIES) {
        await sleep(2_000, undefined, { signal: this.ended });
        continue;
      }
      if (end.code === EXIT_BAD_INPUT || ++crashes >= (end.code === null ? KILLS_WITHOUT_PROGRESS : CRASHES_WITHOUT_PROGRESS)) {
        await this.relay.flush();
        return this.api.fail(this.lease, crashReason(end));
      }
      process.stdout.write(`run ${this.lease.id}: ${crashReason(end).message} Starting again from its checkpoint.\n`);
      await sleep(Math.min(LONGEST_WAIT_MS, 500 * 2 ** crashes), undefined, { signal: this.ended });
    }
  }

  private async once(): Promise<Ended> {
    this.trainer = new Trainer('train', this.folder, (line) => this.take(line));
    const { document } = this.lease;
    this.trainer.send({ ...document, keys: { ...document.keys, token: this.api.token } });
    return this.trainer.ended;
  }

  private take(line: Line): void {
    if (line.type === 'done') this.done = line;
    if (line.type === 'cancelled') this.cancelled = true;
    if (typeof line.step === 'number' && line.type === 'progress') this.step = Math.max(this.step, line.step);
    if (!KEPT.has(line.type)) return;
    appendFileSync(this.journal, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    this.relay.push(line);
  }

  /** A sample's bytes go before the line that tells of them. */
  private async send(lines: Line[]): Promise<void> {
    for (const line of lines) {
      if (line.type !== 'sample') continue;
      const file = join(this.folder, String(line.file));
      if (existsSync(file)) await this.api.upload(this.lease, String(line.objectId), file);
    }
    await this.api.events(this.lease, lines);
  }

  private async beat(): Promise<void> {
    try {
      if ((await this.api.heartbeat(this.lease)) !== 'continue') this.trainer?.send({ type: 'cancel' });
    } catch (error) {
      if (error instanceof LeaseLost) this.lost.abort(error);
      else process.stdout.write(`heartbeat of run ${this.lease.id}: ${(error as Error).message}\n`);
    }
  }

  private async handIn(done: Line): Promise<void> {
    await this.relay.flush();
    await this.api.upload(this.lease, String(done.objectId), join(this.folder, String(done.adapter)));
    await this.api.complete(this.lease, done);
  }

  private async confirmCancel(): Promise<void> {
    await this.relay.flush();
    await this.api.events(this.lease, [{ type: 'cancelled' }]);
  }

  private throwIfEnded(): void {
    if (this.ended.aborted) throw this.ended.reason;
  }

  async stop(): Promise<void> {
    clearInterval(this.beating);
    await this.trainer?.stop();
  }
}

/** A line that was cut off by a kill is not sent. */
function isWhole(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}');
}
