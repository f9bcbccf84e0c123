import { Refusal } from '#libs/platform';
import { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';

// Beside package.json, four folders above dist/apps/cli/src; what the environment says goes before it.
const settings = path.join(import.meta.dirname, '../../../../.env');
if (existsSync(settings)) process.loadEnvFile(settings);

/** Loaded when asked for: `log verify` starts without the libs of the demo, and a broken one breaks only itself. */
const commands: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./commands/start.js')).startCommand(),
  demo: async () => (await import('./commands/demo.js')).demoCommand(),
  studio: async () => (await import('./commands/studio.js')).studioCommand(),
  base: async () => (await import('./commands/base.js')).baseCommand(),
  log: async () => (await import('./commands/log.js')).logCommand(),
  policy: async () => (await import('./commands/policy.js')).policyCommand(),
  shots: async () => (await import('./commands/shots.js')).shotsCommand(),
};

const program = new Command('backlot').description('Backlot on this machine: the product, its members and the offline checks');
const asked = process.argv[2] ?? '';
for (const name of asked in commands ? [asked] : Object.keys(commands)) program.addCommand(await commands[name]!());

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(`${error.message} ${error.wayOut} (${error.code})`);
  process.exitCode = 1;
}
