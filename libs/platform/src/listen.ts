import pg from 'pg';

/** A connection of its own that hears what other processes tell through Postgres. */
export interface Listening {
  /** Whether everything that was committed until less than a second ago was heard: false while the connection is away or silent. */
  current(): boolean;
  close(): Promise<void>;
}

/** So often that one late beat on a busy machine does not end the trust. */
const BEAT_MS = 150;
/** What is kept is used only this long after a moment at which nothing was missed: with the new decision that follows it stays below a second. */
const TRUST_MS = 500;
/** A connection that has not answered for this long is given up, though nobody closed it. */
const SILENCE_MS = 3_000;
const LONGEST_WAIT_MS = 1_000;

/**
 * Listens to a channel until closed, connecting again whenever the connection is lost. `heard` gets each payload; `lost` is called when
 * something may have been missed, before anything is current again.
 */
export function listen(url: string, channel: string, { heard, lost }: { heard(payload: string): void; lost(): void }): Listening {
  let closing = false;
  let client: pg.Client | undefined;
  let heardUntil = -Infinity;
  let wake: () => void = () => undefined;

  const live = async (): Promise<void> => {
    const connection = new pg.Client({ connectionString: url, application_name: `backlot listens: ${channel}`, keepAlive: true, connectionTimeoutMillis: SILENCE_MS });
    const ended = new Promise<void>((end) => {
      // It may tell of its end more than once, and an error that nobody hears ends the process.
      connection.on('error', () => end());
      connection.on('end', end);
    });
    connection.on('notification', ({ payload }) => heard(payload ?? ''));
    client = connection;
    let beating: NodeJS.Timeout | undefined;
    try {
      await connection.connect();
      await connection.query(`listen ${connection.escapeIdentifier(channel)}`);
      let waiting: number | undefined;
      beating = setInterval(() => {
        if (waiting !== undefined) {
          if (performance.now() - waiting > SILENCE_MS) destroy(connection);
          return;
        }
        const asked = (waiting = performance.now());
        // Postgres sends what it has to tell before it answers: what was committed before the question is heard with the answer.
        connection.query('select').then(
          () => {
            waiting = undefined;
            // The answer may come together with the connection's end, and be told after it: by then something may have been missed.
            if (client === connection) heardUntil = asked;
          },
          () => destroy(connection),
        );
      }, BEAT_MS);
      if (!closing) await ended;
    } finally {
      clearInterval(beating);
      heardUntil = -Infinity;
      client = undefined;
      destroy(connection);
      lost();
    }
  };

  const running = (async () => {
    for (let wait = 50; !closing; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      const from = performance.now();
      await live().catch((error: Error) => closing || void process.stderr.write(`listening to ${channel}: ${error.message}\n`));
      if (performance.now() - from > LONGEST_WAIT_MS) wait = 50;
      if (!closing) {
        await new Promise<void>((later) => {
          wake = later;
          setTimeout(later, wait).unref();
        });
      }
    }
  })();

  return {
    current: () => performance.now() - heardUntil < TRUST_MS,
    async close() {
      closing = true;
      wake();
      if (client) destroy(client);
      await running;
    },
  };
}

/** Ends a connection without waiting for the other side, which may be gone. */
function destroy(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
