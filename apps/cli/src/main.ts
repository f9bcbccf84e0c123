import { Command } from 'commander';
import { startCommand } from './commands/start.js';

const program = new Command('backlot')
  .description('Backlot on this machine: the product, its client and the offline checks')
  .addCommand(startCommand());

await program.parseAsync();
