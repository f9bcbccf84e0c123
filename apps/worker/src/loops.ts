/** Something done again and again beside the jobs. */
export interface Loop {
  /** Ends after what is under way. */
  stop(): Promise<void>;
}

/** A loop that fails for this long without one success gives up. */
const PATIENCE_MS = 60_000;
const LONGEST_WAIT_MS = 10_000;

/**
 * Does `work`, waits `everyMs`, does it again; at once again when it says that more waits. A failure is told once and tried again with
 * growing pauses (a database that is being restarted); after a minute without success `giveUp` is called.
 */
export function loop(name: string, everyMs: number, work: () => Promise<boolean>, giveUp: (error: Error) => void): Loop {
  const stopping = new AbortController();
  const running = (async () => {
    let failingSince: number | undefined;
    let pause = everyMs;
    while (!stopping.signal.aborted) {
      try {
        const more = await work();
        failingSince = undefined;
        pause = more ? 0 : everyMs;
      } catch (error) {
        if (failingSince === undefined) process.stderr.write(`${name}: ${(error as Error).message}\n`);
        failingSince ??= Date.now();
        if (Date.now() - failingSince > PATIENCE_MS) return giveUp(error as Error);
        pause = Math.min(LONGEST_WAIT_MS, Math.max(250, pause * 2));
      }
      await new Promise<void>((later) => {
        const timer = setTimeout(later, pause);
        stopping.signal.addEventListener('abort', () => (clearTimeout(timer), later()), { once: true });
      });
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
