import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GenerateLease } from '#libs/generation';
import type { Reason } from '#libs/platform';
import type { TrainLease } from '#libs/training';

export type Lease = TrainLease | GenerateLease;
export type Work = { kind: Lease['kind']; id: string; epoch: number };

/** The work is no longer ours: another lease has it, or it ended. Stop, say nothing more about it. */
export class LeaseLost extends Error {}

/** The API said no for good; asking again changes nothing. */
export class ApiRefused extends Error {
  constructor(readonly reason: Reason) {
    super(`${reason.code}: ${reason.message}`);
  }
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const LEASE_WAIT_SECONDS = 20;
const ANSWER_MS = 30_000;
const TRANSFER_MS = 30 * 60_000;

/** The API as one studio's agent sees it. Every call but a heartbeat waits out an API that is away. */
export class Api {
  private asked = 0;

  /** `token`: of this studio alone; replaced when the file of tokens changes. */
  constructor(
    private readonly url: string,
    public token: string,
    private readonly instance: string,
    private readonly stopping: AbortSignal,
  ) {}

  /**
   * The next work of a kind; waits until there is some. Who asks holds nothing of that kind, so each question comes under a name of its
   * own: work whose lease was lost on the way back, when the API was killed, is had at once and not when that lease runs out.
   */
  async lease(kind: Lease['kind']): Promise<Lease> {
    for (;;) {
      const answer = await this.insist('POST', 'lease', { json: () => ({ instance: `${this.instance}.${++this.asked}`, capabilities: [kind], waitSeconds: LEASE_WAIT_SECONDS }), timeoutMs: LEASE_WAIT_SECONDS * 1000 + ANSWER_MS });
      if (answer.status === 200) return (await answer.json()) as Lease;
    }
  }

  /** One try: the next heartbeat is soon enough. */
  async heartbeat({ kind, id, epoch }: Work): Promise<'continue' | 'cancel' | 'drain'> {
    const answer = await this.once('POST', `${kind}/${id}/heartbeat`, { json: () => ({ epoch }) });
    return ((await answer.json()) as { action: 'continue' | 'cancel' | 'drain' }).action;
  }

  async events({ kind, id, epoch }: Work, events: unknown[]): Promise<void> {
    await this.insist('POST', `${kind}/${id}/events`, { json: () => ({ epoch, events }) });
  }

  async complete({ kind, id, epoch }: Work, result: unknown): Promise<void> {
    await this.insist('POST', `${kind}/${id}/complete`, { json: () => ({ epoch, result }) });
  }

  async fail({ kind, id, epoch }: Work, error: Reason): Promise<void> {
    await this.insist('POST', `${kind}/${id}/fail`, { json: () => ({ epoch, error }) });
  }

  async upload({ kind, id, epoch }: Work, objectId: string, file: string): Promise<void> {
    await this.insist('PUT', `objects/${encodeURIComponent(objectId)}?${new URLSearchParams({ kind, id, epoch: String(epoch) }).toString()}`, { file, timeoutMs: TRANSFER_MS });
  }

  /** Fetches a sealed object to a file that is whole or absent. */
  async download(objectId: string, file: string): Promise<void> {
    for (;;) {
      const answer = await this.insist('GET', `datasets/${objectId}`, { timeoutMs: TRANSFER_MS });
      try {
        await pipeline(Readable.fromWeb(answer.body!), createWriteStream(`${file}.part`, { mode: 0o600 }));
        return await rename(`${file}.part`, file);
      } catch (error) {
        if (this.stopping.aborted) throw error;
        process.stderr.write(`download of ${objectId} broke off: ${(error as Error).message}\n`);
        await sleep(FIRST_WAIT_MS, undefined, { signal: this.stopping });
      }
    }
  }

  private async insist(method: string, path: string, what: Sent): Promise<Response> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      try {
        return await this.once(method, path, what);
      } catch (error) {
        if (error instanceof LeaseLost || error instanceof ApiRefused || this.stopping.aborted) throw error;
        process.stdout.write(`the API is away (${(error as Error).message}); asking again in ${wait} ms\n`);
        await sleep(wait, undefined, { signal: this.stopping });
      }
    }
  }

  private async once(method: string, path: string, { json, file, timeoutMs = ANSWER_MS }: Sent): Promise<Response> {
    const body = file === undefined ? (json === undefined ? null : JSON.stringify(json())) : Readable.toWeb(createReadStream(file));
    const answer = await fetch(new URL(`/agent/${path}`, this.url), {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(file === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': String((await stat(file)).size) }),
      },
      body,
      ...(file === undefined ? {} : { duplex: 'half' }),
      signal: AbortSignal.any([this.stopping, AbortSignal.timeout(timeoutMs)]),
    } as RequestInit);
    if (answer.ok) return answer;
    const text = await answer.text();
    if (answer.status === 404 || answer.status === 409) throw new LeaseLost(text);
    // 401 as well: a token that was just replaced comes with the next look at the file.
    const reason = reasonIn(text, answer.status);
    // A 500 with a reason of its own (SEAL_BROKEN, KEY_UNAVAILABLE) stays what it is; one without may be a database that is starting.
    const passing = answer.status > 500 || (answer.status === 500 && ['INTERNAL', 'API_REFUSED'].includes(reason.code)) || [401, 408, 429].includes(answer.status);
    throw passing ? new Error(`it answered ${answer.status}`) : new ApiRefused(reason);
  }
}

interface Sent {
  /** Made anew for each try. */
  json?: () => unknown;
  file?: string;
  timeoutMs?: number;
}

function reasonIn(text: string, status: number): Reason {
  try {
    const { code, message, wayOut } = JSON.parse(text) as Partial<Reason>;
    if (code && message && wayOut) return { code, message, wayOut };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { code: 'API_REFUSED', message: `The API answered ${status}.`, wayOut: "Look at the API's log at this time." };
}
