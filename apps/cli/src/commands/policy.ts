import { Command } from 'commander';
import { Refusal } from '#libs/platform';
import { Invalid, Misused } from '../policy/files.js';
import { type Answer, check, type CheckOptions, diff, explain, type ExplainOptions, render, type RenderOptions, simulate, type SimulateOptions } from '../policy/verbs.js';

/** `backlot policy`: licences as files, checked and explained without database, server or network: for a lawyer's repository. */
export function policyCommand(): Command {
  const policy = new Command('policy')
    .description('licences as files (JSON-LD, Turtle, YAML templates): check, explain, compare, read, try out; offline')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .addHelpText('after', '\nExit codes: 0 right or permitted, 1 invalid, refused, loosened or flipped, 2 wrong use.\nA template (policies/templates) is filled with its example values; --set name=value gives others.');
  policy
    .command('check')
    .description('is each file a licence that Backlot understands? path and line of what is wrong; a template must answer its own examples')
    .argument('<file...>', 'policy files; one that inherits finds its parents among them')
    .option('--set <name=value...>', 'values for a template')
    .option('--json', 'one JSON document')
    .action((files: string[], options: CheckOptions) => answering(() => check(files, options), options.json));
  policy
    .command('explain')
    .description('may this be done? outcome, clause, trace, what would change it, duties with deadlines; a template explains its own examples when nothing is asked')
    .argument('<file>', 'policy file')
    .option('--action <action>', 'what is to be done, e.g. fineTune')
    .option('--target <id>', 'the asset; absent: one that lies in what the licence names first')
    .option('--in <id...>', 'what the asset lies in: title, season, series, catalogue')
    .option('--segment <first-end@rate>', 'frames of the asset, e.g. 100-200@24000/1001')
    .option('--at <instant>', 'when, with its zone; absent: now')
    .option('--as <party...>', 'who asks; absent: whoever the licence is for')
    .option('--purpose <word>')
    .option('--spatial <place>', 'where it is used, e.g. DE')
    .option('--tenant <party>', 'whose GPU tenant does the work')
    .option('--count <action=n...>', 'uses so far')
    .option('--fact <name=value...>', 'values of other operands, several with commas')
    .option('--done <duty...>', 'duties that were fulfilled, e.g. #consent or #consent@2026-01-31T00:00:00Z')
    .option('--request <file>', 'all of this from a JSON or YAML file; the options go before it')
    .option('--parent <file...>', 'the policies that it inherits from')
    .option('--set <name=value...>', 'values for a template')
    .option('--json', 'one JSON document')
    .action((file: string, options: ExplainOptions) => answering(() => explain(file, options), options.json));
  policy
    .command('diff')
    .description('what changed from one version to the next, in plain words; exit 1 when something loosens, or might')
    .argument('<before>', 'policy file')
    .argument('<after>', 'policy file')
    .option('--set <name=value...>', 'values for templates')
    .option('--json', 'one JSON document')
    .action((before: string, after: string, options: CheckOptions) => answering(() => diff(before, after, options), options.json));
  policy
    .command('render')
    .description('the licence as prose: numbered clauses, definitions, duties with deadlines, each sentence with its rule')
    .argument('<file>', 'policy file')
    .option('--markdown', 'Markdown with links from each sentence to its clause')
    .option('--parent <file...>', 'the policies that it inherits from')
    .option('--set <name=value...>', 'values for a template')
    .option('--json', 'one JSON document')
    .action((file: string, options: RenderOptions) => answering(() => render(file, options), options.json));
  policy
    .command('simulate')
    .description('which recorded decisions would come out otherwise, by title and by job; exit 1 when some would')
    .argument('<draft...>', 'the licences as they would be')
    .requiredOption('--recorded <file>', 'a line a decision: {"request", "state", "outcome", "scope"}')
    .option('--before <file...>', 'all licences as they are; absent: the drafts alone are compared with the record')
    .option('--set <name=value...>', 'values for templates')
    .option('--json', 'one JSON document')
    .action((drafts: string[], options: SimulateOptions) => answering(() => simulate(drafts, options), options.json));
  return policy;
}

async function answering(work: () => Promise<Answer>, json = false): Promise<void> {
  try {
    const answer = await work();
    process.stdout.write(json ? `${JSON.stringify(answer.json, null, 2)}\n` : answer.text);
    process.exitCode = answer.well ? 0 : 1;
  } catch (error) {
    if (error instanceof Invalid) {
      if (json) process.stdout.write(`${JSON.stringify({ problems: error.problems }, null, 2)}\n`);
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    } else if (error instanceof Refusal) {
      process.stderr.write(`${error.code}: ${error.message} ${error.wayOut}\n`);
      process.exitCode = error instanceof Misused ? 2 : 1;
    } else throw error;
  }
}
