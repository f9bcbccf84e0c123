import { existsSync } from 'node:fs';
import { mkdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { GenerateLease } from '#libs/generation';
import type { Reason } from '#libs/platform';
import { type Api, ApiRefused, LeaseLost } from './api.js';
import { crashReason, type Line, toReason, Trainer } from './python.js';
import { Relay } from './relay.js';

const IDLE_MS = 10 * 60_000;
const TRIES = 3;

interface Asked {
  onLine(line: Line): void;
  /** The `generated` line, a reason that trying again would not change, or undefined when the process died. */
  settle(answer: Line | Reason | undefined, crash?: Reason): void;
}

/** One resident generator of a studio: started at the first request, kept warm, ended when nobody asked for ten minutes. */
export class Generator {
  private trainer: Trainer | undefined;
  private readonly asked = new Map<string, Asked>();
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly api: Api,
    private readonly folder: string,
    private readonly stopping: AbortSignal,
  ) {
    stopping.addEventListener('abort', () => this.trainer?.kill(), { once: true });
  }

  /** Works on one leased generation to its end. Returns without a word to the API when the lease is lost or this process stops. */
  async generate(lease: GenerateLease): Promise<void> {
    const lost = new AbortController();
    const relay = new Relay((lines) => this.api.events(lease, lines));
    void relay.failed.then((error) => lost.abort(error));
    const beating = setInterval(() => void this.beat(lease, lost), (lease.ttlSeconds * 1000) / 3);
    const output = join(this.folder, 'outputs', `${lease.id}.sealed`);
    try {
      await mkdir(join(this.folder, 'outputs'), { recursive: true, mode: 0o700 });
      const request = { ...lease.document, adapter: { ...lease.document.adapter, file: await this.adapter(lease.document.adapter.objectId) }, output: { ...lease.document.output, file: output } };
      for (let attempt = 1; ; attempt++) {
        const { answer, crash } = await this.ask(request, (line) => relay.push(line), AbortSignal.any([lost.signal, this.stopping]));
        if (lost.signal.aborted || this.stopping.aborted) return;
        if (answer && 'type' in answer) {
          await relay.flush();
          await this.api.upload(lease, lease.document.output.objectId, output);
          return await this.api.complete(lease, answer);
        }
        if (answer ?? attempt >= TRIES) return await this.api.fail(lease, (answer as Reason | undefined) ?? crash!);
        process.stdout.write(`generation ${lease.id}: ${crash!.message} Trying again.\n`);
      }
    } catch (error) {
      if (error instanceof LeaseLost || this.stopping.aborted) return;
      if (!(error instanceof ApiRefused)) throw error;
      await this.api.fail(lease, error.reason);
    } finally {
      clearInterval(beating);
      await rm(output, { force: true });
    }
  }

  private async beat(lease: GenerateLease, lost: AbortController): Promise<void> {
    try {
      if ((await this.api.heartbeat(lease)) === 'cancel') this.trainer?.send({ type: 'cancel', id: lease.id });
    } catch (error) {
      if (error instanceof LeaseLost) lost.abort(error);
      else process.stdout.write(`heartbeat of generation ${lease.id}: ${(error as Error).message}\n`);
    }
  }

  /** The sealed adapter as a file of this tenant, fetched once; its key is only ever in a request. */
  private async adapter(objectId: string): Promise<string> {
    const file = join(this.folder, 'adapters', `${objectId}.sealed`);
    await mkdir(join(this.folder, 'adapters'), { recursive: true, mode: 0o700 });
    if (existsSync(file)) await utimes(file, new Date(), new Date());
    else await this.api.download(objectId, file);
    return file;
  }

  private ask(request: { id: string }, onLine: (line: Line) => void, signal: AbortSignal): Promise<{ answer: Line | Reason | undefined; crash: Reason | undefined }> {
    return new Promise((resolve) => {
      const settle: Asked['settle'] = (answer, crash) => {
        signal.removeEventListener('abort', drop);
        this.asked.delete(request.id);
        this.restIfIdle();
        resolve({ answer, crash });
      };
      const drop = (): void => {
        this.trainer?.send({ type: 'cancel', id: request.id });
        settle(undefined);
      };
      signal.addEventListener('abort', drop, { once: true });
      clearTimeout(this.idle);
      this.asked.set(request.id, { onLine, settle });
      this.trainer ??= this.start();
      this.trainer.send(request);
    });
  }

  private start(): Trainer {
    const trainer = new Trainer('generate', this.folder, (line) => {
      const asked = this.asked.get(String(line.id));
      if (line.type === 'generated') asked?.settle(line);
      else if (line.type === 'error') asked?.settle(toReason(line));
      else if (line.type === 'progress') asked?.onLine(line);
    });
    void trainer.ended.then((end) => {
      if (this.trainer === trainer) this.trainer = undefined;
      for (const asked of [...this.asked.values()]) asked.settle(undefined, crashReason(end));
    });
    return trainer;
  }

  private restIfIdle(): void {
    clearTimeout(this.idle);
    if (this.asked.size) return;
    this.idle = setTimeout(() => {
      void this.stop();
    }, IDLE_MS);
    this.idle.unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.idle);
    const trainer = this.trainer;
    this.trainer = undefined;
    await trainer?.stop();
  }
}
