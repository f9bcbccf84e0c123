import { FrameMeter, type Clock, type FrameFacts } from './measures/frame.js';
import { SMALL_BYTES } from './small.js';
import { Thread } from './thread.js';
import type { Boundary, ShotDetector, SmallFrame, Warning } from './types.js';

/** What was seen of one frame: its facts, and the boundaries that are certain since. */
export interface Look {
  pts: number;
  facts: FrameFacts;
  boundaries: Boundary[];
}

type DetectorFacts = Pick<ShotDetector, 'name' | 'version' | 'lag'>;

/** What looks at every small frame, in order: measures and detector. `seen` is called once a frame, in order, some frames later. */
export interface Eye {
  /** Known from the first frame seen on. */
  readonly detector: DetectorFacts | undefined;
  /** Frames that `seen` may be behind what was taken. */
  readonly behind: number;
  readonly warnings: Warning[];
  /** Takes a frame; its arrays are free when this has settled. */
  take(frame: SmallFrame): Promise<void>;
  /** Settles when every frame was seen; gives the boundaries that only the end of the film made certain. */
  end(): Promise<Boundary[]>;
  close(): Promise<void>;
}

/** Looks on the thread that calls it. */
export class Looker implements Eye {
  readonly behind = 0;
  readonly warnings: Warning[] = [];
  private readonly meter: FrameMeter;

  constructor(
    readonly detector: ShotDetector,
    clock: Clock,
    private readonly seen: (look: Look) => void,
  ) {
    this.meter = new FrameMeter(clock);
  }

  async take(frame: SmallFrame): Promise<void> {
    const facts = this.meter.look(frame);
    this.seen({ pts: frame.pts, facts, boundaries: await this.detector.push(frame) });
  }

  end(): Promise<Boundary[]> {
    return Promise.resolve(this.detector.end());
  }

  async close(): Promise<void> {}
}

/** Frames in the memory that both threads share: enough that a detector may think for a while and ffmpeg need not wait. */
const SLOTS = 64;
/** Frames a question: each costs both threads some 50 microseconds. */
const BATCH = 8;

export type EyeQuestion = { pts: number[] } | 'detector' | 'end';
export type EyeAnswer = Look[] | { detector: DetectorFacts; warnings: Warning[] } | Boundary[];
export interface EyeData {
  ring: SharedArrayBuffer;
  slots: number;
  clock: Clock;
  /** Folder of the detector's network; none: frames are compared alone. */
  network: string | undefined;
}

/** Looks in a thread of its own, so that reading ffmpeg's pipes, the proxy and the stills do not wait for it. */
export class EyeThread implements Eye {
  readonly behind = SLOTS;
  private readonly thread: Thread<EyeQuestion, EyeAnswer>;
  private readonly ring = new SharedArrayBuffer(SLOTS * SMALL_BYTES);
  private readonly bytes = new Uint8Array(this.ring);
  private pending: number[] = [];
  private taken = 0;
  private done = 0;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;
  detector: DetectorFacts | undefined;
  warnings: Warning[] = [];

  constructor(
    clock: Clock,
    network: string | undefined,
    private readonly seen: (look: Look) => void,
  ) {
    this.thread = new Thread(new URL('./eye-thread.js', import.meta.url), { ring: this.ring, slots: SLOTS, clock, network } satisfies EyeData);
    // Not waited for: ffmpeg may start meanwhile.
    this.ask('detector', (answer) => Object.assign(this, answer));
  }

  async take(frame: SmallFrame): Promise<void> {
    await this.until(() => this.taken - this.done < SLOTS);
    const at = (this.taken++ % SLOTS) * SMALL_BYTES;
    this.bytes.set(frame.y, at);
    this.bytes.set(frame.u, at + frame.y.length);
    this.bytes.set(frame.v, at + frame.y.length + frame.u.length);
    this.pending.push(frame.pts);
    if (this.pending.length >= BATCH) this.flush();
  }

  private flush(): void {
    const pts = this.pending;
    this.pending = [];
    this.ask({ pts }, (looks) => {
      for (const look of looks as Look[]) this.seen(look);
      this.done += pts.length;
    });
  }

  private ask(question: EyeQuestion, answered: (answer: EyeAnswer) => void): void {
    this.thread
      .ask(question)
      .then(answered)
      .catch((error: unknown) => {
        this.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => this.wake());
  }

  private async until(ready: () => boolean): Promise<void> {
    while (!this.failure && !ready()) await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.failure) throw this.failure;
  }

  async end(): Promise<Boundary[]> {
    if (this.pending.length) this.flush();
    await this.until(() => this.done === this.taken);
    return (await this.thread.ask('end')) as Boundary[];
  }

  close(): Promise<void> {
    return this.thread.close();
  }
}
