import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { proveInclusion, readCheckpoint, recordedHeads, verifyLog, type Checkpoint, type LogReport } from '#libs/audit';
import { Refusal } from '#libs/platform';

/** `backlot log`: the transparency log checked and proved from its files alone; no database, no product, no network. */
export function logCommand(): Command {
  const log = new Command('log').description('check the transparency log from its files alone');
  log
    .command('verify')
    .description('check signature, tiles, entries, payloads and root of a log, or of every log in a folder; exit 1 when anything is wrong')
    .argument('[dir]', 'folder of one log, or of several (default: log in BACKLOT_DATA or ./data)')
    .option('--key <vkey>', 'verifier key that you trust (one log); without it the key in the folder is taken')
    .option('--since <checkpoint>', 'file of a checkpoint seen earlier, which the log must extend')
    .option('--json', 'one JSON document instead of a table')
    .action((dir: string | undefined, options: VerifyArguments) => reporting(() => verify(dir, options)));
  log
    .command('prove')
    .description('print the proof that an entry is in the log (c2sp.org/tlog-proof@v1)')
    .argument('<dir>', 'folder of the log')
    .argument('<index>', 'place of the entry, from 0', wholeNumber)
    .action((dir: string, index: number) => reporting(async () => {
      process.stdout.write(await proveInclusion(dir, index));
      return true;
    }));
  return log;
}

interface VerifyArguments {
  key?: string;
  since?: string;
  json?: boolean;
}

async function verify(dir = path.join(process.env.BACKLOT_DATA ?? 'data', 'log'), { key, since, json }: VerifyArguments): Promise<boolean> {
  const folders = await logsIn(dir);
  if (key !== undefined && folders.length > 1) throw new Refusal('BAD_ARGUMENT', `${dir} holds ${folders.length} logs, and a key is of one.`, 'Give the folder of the log that the key belongs to.');
  const seen: Checkpoint[] = since === undefined ? [] : [readCheckpoint(await readFile(since, 'utf8'))];
  // What the platform's log says of the others binds them: a studio's log cannot be shortened or rewritten without the platform's.
  const recorded = folders.length > 1 ? (await Promise.all(folders.map(recordedHeads))).flat() : [];
  const reports: LogReport[] = [];
  for (const folder of folders) reports.push(await verifyLog(folder, { ...(key === undefined ? {} : { key }), heads: seen, recorded }));
  process.stdout.write(json ? `${JSON.stringify(reports, null, 2)}\n` : table(reports));
  return reports.every((report) => report.problems.length === 0);
}

async function logsIn(dir: string): Promise<string[]> {
  if (existsSync(path.join(dir, 'checkpoint'))) return [dir];
  const folders = existsSync(dir) ? (await readdir(dir)).sort().map((name) => path.join(dir, name)) : [];
  const logs = folders.filter((folder) => existsSync(path.join(folder, 'checkpoint')));
  if (logs.length === 0) throw new Refusal('NOT_A_LOG', `There is no log in ${dir}.`, 'Give the folder of a log: it holds a file named checkpoint.');
  return logs;
}

function table(reports: LogReport[]): string {
  const rows = reports.map((report) => [report.origin, String(report.size), String(report.payloadsChecked), String(report.erased), String(report.extends), report.key, report.problems.length === 0 ? 'right' : `${report.problems.length} wrong`]);
  const lines = [['log', 'entries', 'payloads', 'erased', 'older heads', 'key', 'verdict'], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd());
  for (const report of reports) {
    for (const { file, index, problem } of report.problems) text.push(`WRONG ${path.join(report.directory, file)}${index === undefined ? '' : `, entry ${index}`}: ${problem}`);
  }
  if (reports.some((report) => report.key === 'folder')) text.push('key "folder": read from the log itself. Give --key with the key that you were handed to check who signed.');
  return `${text.join('\n')}\n`;
}

/** Exit code 0 or 1; an expected failure is one line with its way out. */
async function reporting(work: () => Promise<boolean>): Promise<void> {
  try {
    if (!(await work())) process.exitCode = 1;
  } catch (error) {
    if (error instanceof Refusal) process.stderr.write(`${error.code}: ${error.message} ${error.wayOut}\n`);
    else if ((error as NodeJS.ErrnoException).code === 'ENOENT') process.stderr.write(`NOT_FOUND: ${(error as Error).message}\n`);
    else throw error;
    process.exitCode = 1;
  }
}

function wholeNumber(text: string): number {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) throw new InvalidArgumentError('a whole number from 0 is expected');
  return Number(text);
}
