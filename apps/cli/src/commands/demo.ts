import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { verifyLog } from '#libs/audit';
import { connect, type Database, Refusal, repositoryRoot, row } from '#libs/platform';
import { fillTemplate, readTemplate } from '#libs/rights';
import { tryAsOther } from '../demo/attempts.js';
import { cast, type CastStudio, footageFilms, licenceNames, sampleFilms } from '../demo/cast.js';
import { Client, ClientRefused } from '../demo/client.js';
import { analyse, buildDataset, generate, onboardFilms, onboardLicences, train } from '../demo/loop.js';
import { Progress, until } from '../demo/progress.js';
import type { LogSummary, Report } from '../demo/report.js';
import { type Product, startProduct, StartRefused } from '../product.js';
import { addStudio, type NewStudio } from '../studios.js';

interface Options {
  footage?: string;
  once?: boolean;
  report?: string;
}

/** `backlot demo`: the whole loop on this machine, on the sample archive or on a folder of one's own films. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('start the product and run the whole loop: films in, licence decided, shots, dataset, private model, delivered clip')
    .option('--footage <dir>', 'a folder of films instead of the sample archive (a manifest.json in it may name titles and licences)')
    .option('--once', 'stop at the end instead of staying up')
    .option('--report <file>', 'write what happened as JSON')
    .action(demo);
}

async function demo(options: Options): Promise<void> {
  const progress = new Progress();
  const asked = new Promise<'asked'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('asked'));
  });
  if (options.footage && !existsSync(options.footage)) {
    console.error(`There is no folder ${options.footage}. Give --footage a folder of films.`);
    process.exitCode = 2;
    return;
  }
  let product: Product;
  try {
    product = await progress.step('start', async (say) => {
      const started = await startProduct({ tell: (line) => progress.say(`  ${line}`) });
      say(started.url);
      return started;
    });
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return;
  }
  try {
    const outcome = await Promise.race([asked, product.failed, runLoop(product, options, progress)]);
    if (typeof outcome === 'object' && !options.once) {
      progress.say(`\nBacklot stays up at ${product.url}. Ctrl-C stops it; \`npm start\` starts it again on the same data.`);
      await Promise.race([asked, product.failed]);
    }
    if (typeof outcome === 'string' && outcome !== 'asked') throw new Error(outcome);
    if (typeof outcome === 'object' && !outcome.report.attempts.every((attempt) => attempt.refused)) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof ClientRefused)) throw error;
    console.error(`${error.reason.message} ${error.reason.wayOut}`);
    process.exitCode = 1;
  } finally {
    await product.stop();
  }
}

const prompts = ['a film shot in the house style, slow and dark', 'snow and warm light, a wide shot'];

/** The loop on a running product; gives the report and the id of the studio that it is about. The report is written even when it ends early. */
export async function runLoop(product: Product, options: Options, progress: Progress): Promise<{ report: Report; studioId: string }> {
  const films = options.footage ? await footageFilms(resolve(options.footage)) : await sampleFilms();
  const database = await connect(product.databaseUrl, 2);
  const report: Report = {
    titles: [],
    dataset: { hash: '', clips: 0, dropped: [] },
    run: { id: '', state: 'not started', steps: 0, heldOutLossBase: 0, heldOutLoss: 0, heldOutKind: '', seconds: 0 },
    model: { id: '', name: '', adapterSha256: '' },
    outputs: [],
    attempts: [],
    log: { origin: '', verifierKey: '', size: 0, root: '', directory: '' },
    logs: [],
    seconds: progress.seconds,
  };
  try {
    const [a, b] = await progress.step('studios', async (say) => {
      const [first, second] = await settle(database, product);
      say(`${first.name} and ${second.name}, three members each`);
      return [await enter(product, first), await enter(product, second)] as const;
    });
    const licencesOfA = await progress.step('licences', async (say) => {
      const used = (studio: 0 | 1): string[] => [...new Set(films.filter((film) => film.studio === studio).map((film) => film.licence))];
      const ids = await onboardLicences(a, await templates(used(0), a.id));
      Object.assign(b.licenceIds, await onboardLicences(b, await templates(used(1), b.id)));
      say(`${[...Object.keys(ids), ...Object.keys(b.licenceIds)].join(', ')}`);
      return ids;
    });
    const [filmsOfA, filmsOfB] = [films.filter((film) => film.studio === 0), films.filter((film) => film.studio === 1)];
    const ofA = await onboardFilms(a.archivist, filmsOfA, licencesOfA, progress);
    const ofB = filmsOfB.length ? await onboardFilms(b.archivist, filmsOfB, b.licenceIds, progress) : [];
    report.titles.push(...ofA, ...ofB);
    await analyse(a.archivist, ofA, progress);
    if (ofB.length) await analyse(b.archivist, ofB, progress);
    if (!ofA.some((title) => title.state === 'ready')) {
      throw new ClientRefused({ code: 'NOTHING_TO_TRAIN_ON', message: 'No title is ready, so there is nothing to train on.', wayOut: 'The reasons are in the report and on each title in the console.' });
    }
    const { versionId, dataset } = await buildDataset(a.editor, ofA, progress);
    report.dataset = dataset;
    const trained = await train(a.editor, versionId, progress);
    report.run = trained.run;
    report.model = trained.model;
    const made = await generate(a.editor, trained.model.id, prompts, join(product.dataDir, 'delivered', a.studio.slug), progress);
    report.outputs = made.outputs;
    report.attempts = await progress.step('other studio', async (say) => {
      const all = { ...made, titleIds: ofA.filter((title) => title.shots).map((title) => title.id), licenceIds: licencesOfA, datasetVersionId: versionId, runId: trained.runId, modelId: trained.model.id, outputIds: made.outputs.map((output) => output.id) };
      const attempts = await tryAsOther(b.editor, b.agentToken, all, await objectsOf(database, a.id), new Client(product.url));
      say(`${attempts.filter((attempt) => attempt.refused).length} of ${attempts.length} attempts refused`);
      return attempts;
    });
    report.logs = await progress.step('log', async (say) => {
      const logs = await checkLogs(product, database, [a, b]);
      say(`${logs.map((log) => log.size).reduce((sum, size) => sum + size, 0)} entries in ${logs.length} logs, every one checked from the files alone`);
      return logs;
    });
    report.log = report.logs[0]!;
    tellSignIns(product, progress, [a, b], options.once === true);
    return { report, studioId: a.id };
  } finally {
    await database.close();
    if (options.report) {
      await mkdir(dirname(resolve(options.report)), { recursive: true });
      await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    }
  }
}

type Settled = CastStudio & NewStudio;

interface Entered {
  id: string;
  studio: Settled;
  agentToken: string;
  licenceIds: Record<string, string>;
  archivist: Client;
  editor: Client;
  compliance: Client;
}

/** Makes the two studios; on data that has them already, the next pair. */
async function settle(database: Database, product: Product): Promise<[Settled, Settled]> {
  for (let turn = 1; ; turn++) {
    try {
      const [first, second] = cast(turn);
      const settled = await addStudio(database, product.dataDir, first);
      return [{ ...first, ...settled }, { ...second, ...(await addStudio(database, product.dataDir, second)) }];
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'STUDIO_EXISTS')) throw error;
    }
  }
}

async function enter(product: Product, studio: Settled): Promise<Entered> {
  const as = async (role: string): Promise<Client> => {
    const client = new Client(product.url);
    await client.signIn(studio.members.find((member) => member.role === role)!.email, studio.password);
    return client;
  };
  return { id: studio.id, studio, agentToken: studio.agentToken, licenceIds: {}, archivist: await as('archivist'), editor: await as('editor'), compliance: await as('compliance') };
}

/** Licence policies from policies/templates, made out to the studio. */
async function templates(names: string[], studioId: string): Promise<Record<string, { name: string; licensor: string; policy: unknown }>> {
  const made: Record<string, { name: string; licensor: string; policy: unknown }> = {};
  for (const name of names) {
    const about = licenceNames[name];
    if (!about) throw new ClientRefused({ code: 'UNKNOWN_LICENCE', message: `The manifest names the licence ${name}.`, wayOut: `Use one of: ${Object.keys(licenceNames).join(', ')}.` });
    const template = readTemplate(await readFile(join(repositoryRoot, 'policies/templates', `${name}.yaml`), 'utf8'));
    made[name] = { ...about, policy: fillTemplate(template, { licensee: `urn:uuid:${studioId}` }).policy };
  }
  return made;
}

/** One object of each kind of the studio, for the other studio to try. */
async function objectsOf(database: Database, studioId: string): Promise<{ kind: string; id: string }[]> {
  return database.inStudio({ studioId }, async () => {
    const found: { kind: string; id: string }[] = [];
    for (const kind of ['master', 'proxy', 'keyframe', 'filmstrip', 'dataset', 'adapter', 'sample', 'output']) {
      const object = await row<{ id: string }>(`select id from sealed_object where kind = $1 and destroyed_at is null order by id limit 1`, [kind]);
      if (object) found.push({ kind, id: object.id });
    }
    return found;
  });
}

/** Waits until every entry so far is in a signed checkpoint, then checks each log from its files alone. */
async function checkLogs(product: Product, database: Database, studios: Entered[]): Promise<LogSummary[]> {
  const logs: LogSummary[] = [];
  for (const { id, compliance } of studios) {
    const { entries } = await database.inStudio({ studioId: id }, async () => (await row<{ entries: string }>(`select count(*) as entries from audit_entry`))!);
    const log = await until(
      () => compliance.ask<{ origin: string; verifierKey: string; size: number }>(`{ log { origin verifierKey size } }`),
      (answer) => answer.size >= Number(entries),
    );
    const directory = join('log', id);
    const checked = await verifyLog(join(product.dataDir, directory), log.verifierKey);
    if (checked.problems.length) throw new Error(`the log of ${basename(directory)} does not verify: ${checked.problems.map((problem) => problem.problem).join('; ')}`);
    logs.push({ origin: log.origin, verifierKey: log.verifierKey, size: checked.size, root: checked.root, directory });
  }
  return logs;
}

function tellSignIns(product: Product, progress: Progress, studios: Entered[], stops: boolean): void {
  progress.say(stops ? '\n`npm start` opens the console on this data; sign in as:' : `\nConsole: ${product.url}`);
  for (const { studio } of studios) {
    for (const member of studio.members) progress.say(`  ${studio.name.padEnd(12)} ${member.role.padEnd(11)} ${member.email.padEnd(32)} ${studio.password}`);
  }
}
