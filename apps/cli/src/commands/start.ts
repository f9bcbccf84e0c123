import { Command } from 'commander';
import { startProduct, StartRefused } from '../product.js';

/** `backlot start`: the whole product on this machine, until Ctrl-C. */
export function startCommand(): Command {
  return new Command('start')
    .description('start the product on this machine (database, API, worker, agent, console) until Ctrl-C')
    .action(start);
}

async function start(): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  try {
    // A Ctrl-C during the start takes effect after it: a half-started database is stopped like a whole one.
    const product = await startProduct({ tell: (line) => console.log(line) });
    console.log(`Backlot is at ${product.url}. Ctrl-C stops it.`);
    const wrong = await Promise.race([asked.then(() => undefined), product.failed]);
    if (wrong) console.error(wrong);
    else console.log('stopping');
    await product.stop();
    process.exitCode = wrong ? 78 : 0;
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
