import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, ApiRefused, type Lease, LeaseLost } from './api.js';
import { Generator } from './generate.js';
import { train } from './train.js';

/** What nobody touched for a week is left over from a run that went on elsewhere, or from a model that is no longer used. */
const LEFTOVER_MS = 7 * 24 * 3600_000;

/**
 * Serves one studio: its own folder, its own processes, its own token. A run and a generation may go on at once, so that a person who
 * waits for a clip does not wait for a training.
 */
export class Tenant {
  readonly api: Api;
  private readonly stopping = new AbortController();
  private readonly generator: Generator;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly studioId: string,
    private readonly folder: string,
    connection: { url: string; token: string; instance: string },
  ) {
    this.api = new Api(connection.url, connection.token, connection.instance, this.stopping.signal);
    this.generator = new Generator(this.api, folder, this.stopping.signal);
    const ready = this.prepare();
    this.loops = [
      this.serve(ready, 'train', (lease) => (lease.kind === 'train' ? train(this.api, lease, folder, this.stopping.signal) : Promise.resolve())),
      this.serve(ready, 'generate', (lease) => (lease.kind === 'generate' ? this.generator.generate(lease) : Promise.resolve())),
    ];
  }

  private async prepare(): Promise<void> {
    for (const part of ['', 'runs', 'adapters']) await mkdir(join(this.folder, part), { recursive: true, mode: 0o700 });
    await chmod(this.folder, 0o700);
    await rm(join(this.folder, 'outputs'), { recursive: true, force: true });
    for (const part of ['runs', 'adapters']) {
      for (const name of await readdir(join(this.folder, part))) {
        const path = join(this.folder, part, name);
        if (name.endsWith('.part') || Date.now() - (await stat(path)).mtimeMs > LEFTOVER_MS) await rm(path, { recursive: true, force: true });
      }
    }
  }

  private async serve(ready: Promise<void>, kind: Lease['kind'], work: (lease: Lease) => Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await ready;
        const lease = await this.api.lease(kind);
        process.stdout.write(`studio ${this.studioId}: ${kind} ${lease.id}, epoch ${lease.epoch}\n`);
        await work(lease);
      } catch (error) {
        if (signal.aborted) return;
        // The lease of what failed here runs out, and it is tried again.
        const known = error instanceof ApiRefused || error instanceof LeaseLost;
        process.stderr.write(`studio ${this.studioId}: ${kind}: ${known ? error.message : ((error as Error).stack ?? String(error))}\n`);
        await sleep(2_000, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the agent stops'));
    await Promise.all([...this.loops, this.generator.stop()]);
  }
}
