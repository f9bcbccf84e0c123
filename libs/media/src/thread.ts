import { parentPort, Worker, type Transferable } from 'node:worker_threads';

interface Question {
  id: number;
  question: unknown;
}

type Answer = { id: number; answer: unknown } | { id: number; error: unknown };

/**
 * A thread that answers questions one after the other. ONNX Runtime computes on the thread that asks it, so a model beside ffmpeg's
 * pipes would stop their reading: it lives in a thread of its own. An idle thread keeps no process alive.
 */
export class Thread<Q, A> {
  private readonly worker: Worker;
  private readonly open = new Map<number, { resolve: (answer: A) => void; reject: (error: unknown) => void }>();
  private next = 0;
  private ended: Error | undefined;

  /** `module` is beside the caller, calls `answerAll`, and is given `data` by `workerData`. */
  constructor(module: URL, data: unknown) {
    this.worker = new Worker(module, { workerData: data });
    this.worker.unref();
    this.worker.on('message', (message: Answer) => this.answered(message));
    this.worker.on('error', (error) => this.end(error instanceof Error ? error : new Error(String(error))));
    this.worker.on('exit', () => this.end(new Error('the thread was closed')));
  }

  ask(question: Q, transfer: readonly Transferable[] = []): Promise<A> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.next++;
    this.worker.ref();
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.worker.postMessage({ id, question } satisfies Question, transfer);
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private answered(message: Answer): void {
    const asked = this.open.get(message.id)!;
    this.open.delete(message.id);
    if (this.open.size === 0) this.worker.unref();
    if ('error' in message) asked.reject(message.error);
    else asked.resolve(message.answer as A);
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.open.values()) reject(this.ended);
    this.open.clear();
  }
}

/** The other side of a Thread: answers in the order asked. */
export function answerAll<Q, A>(answer: (question: Q) => Promise<A>): void {
  const port = parentPort!;
  let last = Promise.resolve();
  port.on('message', ({ id, question }: Question) => {
    last = last.then(async () => {
      try {
        port.postMessage({ id, answer: await answer(question as Q) } satisfies Answer);
      } catch (error) {
        port.postMessage({ id, error } satisfies Answer);
      }
    });
  });
}
