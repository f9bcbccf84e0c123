import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from './python.js';

/** Lines gathered before they are sent: what a person sees is this old at most. */
const GATHER_MS = 300;
const BATCH = 500;

/** Sends lines in order, in batches, one batch at a time; `failed` resolves with what made it give up. */
export class Relay {
  private waiting: Line[] = [];
  private draining: Promise<void> | undefined;
  private error: Error | undefined;
  readonly failed: Promise<Error>;
  private giveUp!: (error: Error) => void;

  constructor(private readonly send: (lines: Line[]) => Promise<void>) {
    this.failed = new Promise((resolve) => (this.giveUp = resolve));
  }

  push(line: Line): void {
    if (this.error) return;
    this.waiting.push(line);
    this.draining ??= this.drain().finally(() => (this.draining = undefined));
  }

  /** Resolves when all that was pushed is sent; throws what made it give up. */
  async flush(): Promise<void> {
    while (this.draining) await this.draining;
    if (this.error) throw this.error;
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length) {
        await sleep(GATHER_MS);
        await this.send(this.waiting.splice(0, BATCH));
      }
    } catch (error) {
      this.error = error as Error;
      this.waiting = [];
      this.giveUp(this.error);
    }
  }
}
