import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf, type Film } from './cast.js';
import { type Client, ClientRefused, type Reason, refused } from './client.js';
import { type Progress, until } from './progress.js';
import type { Report, ReportTitle } from './report.js';

/** What studio A made, and what studio B will try to reach. */
export interface Made {
  titleIds: string[];
  licenceIds: Record<string, string>;
  datasetVersionId: string;
  runId: string;
  modelId: string;
  generationIds: string[];
  outputIds: string[];
  deliveryUrls: string[];
}

interface TitleAnswer {
  id: string;
  name: string;
  state: string;
  reason: Reason | null;
  job: { state: string; progress: number; note: string | null } | null;
}

const TITLE = `id name state reason { code message wayOut } job { state progress note }`;
const settled = new Set(['READY', 'REFUSED', 'WITHHELD']);

/** Licences from their templates: the archivist drafts and signs each, the compliance officer signs too. Gives their ids by template name. */
export async function onboardLicences({ archivist, compliance }: { archivist: Client; compliance: Client }, templates: Record<string, { name: string; licensor: string; policy: unknown }>): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const [template, { name, licensor, policy }] of Object.entries(templates)) {
    const draft = await archivist.ask<{ id: string; version: number; sha256: string }>(`mutation ($input: LicenceInput!) { createLicence(input: $input) { ... on Licence { id version sha256 } ${refused} } }`, { input: { name, licensor, policy } });
    for (const signer of [archivist, compliance]) await signer.ask(`mutation ($id: ID!, $version: Int!, $sha256: String!) { signLicence(id: $id, version: $version, sha256: $sha256) { ... on Licence { state } ${refused} } }`, { ...draft });
    ids[template] = draft.id;
  }
  return ids;
}

/** Registers and uploads films; what is refused on the way is reported and the rest goes on. Each film's report keeps its place. */
export async function onboardFilms(client: Client, films: Film[], licenceIds: Record<string, string>, progress: Progress): Promise<ReportTitle[]> {
  return progress.step('upload', async (say) => {
    const reports: ReportTitle[] = [];
    for (const [index, film] of films.entries()) {
      const report: ReportTitle = { id: '', name: film.name, file: film.fileName, state: 'refused' };
      reports.push(report);
      try {
        const bytes = await bytesOf(film);
        if (bytes === undefined) throw new ClientRefused({ code: 'MISSING_FILE', message: `The manifest names ${film.fileName}, which is not in the folder.`, wayOut: 'Put the file there or take it off the manifest, then run again.' });
        const title = await client.ask<TitleAnswer>(`mutation ($input: TitleInput!) { createTitle(input: $input) { ... on Title { ${TITLE} } ${refused} } }`, {
          input: { name: film.name, year: film.year, attribution: film.attribution, licenceIds: [licenceIds[film.licence]] },
        });
        report.id = title.id;
        if (title.state === 'WITHHELD') {
          Object.assign(report, { state: 'withheld', ...(title.reason ? { reason: title.reason } : {}) });
          continue;
        }
        await client.upload(title.id, film.path, film.fileName, bytes, (sent) => say(`${index + 1} of ${films.length}: ${film.fileName} ${Math.round((100 * sent) / Math.max(1, bytes))} %`));
      } catch (error) {
        if (!(error instanceof ClientRefused)) throw error;
        report.reason = error.reason;
      }
    }
    say(`${reports.filter((report) => !report.reason).length} of ${films.length} files are in`);
    return reports;
  });
}

/** Waits until each uploaded title is settled, then reads what the one pass found. */
export async function analyse(client: Client, reports: ReportTitle[], progress: Progress): Promise<void> {
  await progress.step('analyse', async (say) => {
    const waiting = new Map(reports.filter((report) => report.id && !report.reason).map((report) => [report.id, report]));
    const all = waiting.size;
    let shots = 0;
    while (waiting.size) {
      const [id, report] = waiting.entries().next().value!;
      const title = await until(
        () => client.ask<TitleAnswer>(`query ($id: ID!) { title(id: $id) { ${TITLE} } }`, { id }),
        (answer) => {
          say(`${all - waiting.size} of ${all} titles: ${answer.name} ${answer.job?.note ?? answer.state.toLowerCase()} ${Math.round(100 * (answer.job?.progress ?? 0))} %`);
          return settled.has(answer.state);
        },
      );
      waiting.delete(id);
      report.state = title.state.toLowerCase() as ReportTitle['state'];
      if (title.reason) report.reason = title.reason;
      if (title.state !== 'REFUSED') {
        await readShots(client, report);
        shots += report.shots?.length ?? 0;
      }
    }
    const count = (state: string): number => reports.filter((report) => report.state === state).length;
    say(`${count('ready')} ready, ${count('withheld')} withheld by licence, ${count('refused')} refused; ${shots} shots`);
  });
}

async function readShots(client: Client, report: ReportTitle): Promise<void> {
  interface Answer {
    analysis: { frames: number; timeBase: string } | null;
    shots: { nodes: { first: number; last: number; startPts: string; entry: { kind: string; first?: number; last?: number }; sentence: string }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } };
  }
  report.shots = [];
  for (let after: string | null = null; ; ) {
    const title: Answer = await client.ask<Answer>(
      `query ($id: ID!, $after: String) { title(id: $id) { analysis { frames timeBase } shots(first: 100, after: $after) { nodes { first last startPts entry sentence } pageInfo { endCursor hasNextPage } } } }`,
      { id: report.id, after },
    );
    if (!title.analysis) return;
    report.frames = title.analysis.frames;
    report.timeBase = title.analysis.timeBase;
    report.shots.push(
      ...title.shots.nodes.map(({ first, last, startPts, entry, sentence }) => ({
        first,
        last,
        startPts: Number(startPts),
        entry: { kind: entry.kind, ...(entry.first === undefined ? {} : { first: entry.first }), ...(entry.last === undefined ? {} : { last: entry.last }) },
        caption: sentence,
      })),
    );
    if (!title.shots.pageInfo.hasNextPage) return;
    after = title.shots.pageInfo.endCursor;
  }
}

/** Freezes a dataset version over what may be trained on. */
export async function buildDataset(client: Client, reports: ReportTitle[], progress: Progress): Promise<{ versionId: string; dataset: Report['dataset'] }> {
  return progress.step('dataset', async (say) => {
    const curated = reports.filter((report) => report.shots?.length).map((report) => report.id);
    const built = await client.ask<{ id: string }>(`mutation ($input: DatasetInput!) { buildDataset(input: $input) { ... on DatasetVersion { id } ${refused} } }`, { input: { name: 'first cut', titleIds: curated } });
    const version = await until(
      () =>
        client.ask<{ state: string; hash: string; clipCount: number; droppedCount: number; reason: Reason | null; job: { progress: number } | null }>(`query ($id: ID!) { datasetVersion(id: $id) { state hash clipCount droppedCount reason { code message wayOut } job { progress } } }`, { id: built.id }),
      (answer) => {
        say(`cutting clips ${Math.round(100 * (answer.job?.progress ?? 0))} %`);
        return answer.state !== 'BUILDING';
      },
    );
    if (version.state !== 'FROZEN') throw new ClientRefused(version.reason ?? { code: 'NOT_FROZEN', message: `The dataset is ${version.state.toLowerCase()}.`, wayOut: 'Look at its page in the console.' });
    const dropped: Report['dataset']['dropped'] = [];
    for (let after: string | null = null; dropped.length < version.droppedCount; ) {
      interface Page {
        dropped: { nodes: { titleName: string; first: number; last: number; code: string; message: string }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } };
      }
      const page: Page = await client.ask<Page>(`query ($id: ID!, $after: String) { datasetVersion(id: $id) { dropped(first: 100, after: $after) { nodes { titleName first last code message } pageInfo { endCursor hasNextPage } } } }`, { id: built.id, after });
      dropped.push(...page.dropped.nodes.map(({ titleName, ...drop }) => ({ title: titleName, ...drop })));
      if (!page.dropped.pageInfo.hasNextPage) break;
      after = page.dropped.pageInfo.endCursor;
    }
    say(`${version.clipCount} clips kept, ${dropped.length} shots left out with reasons, ${version.hash.slice(0, 12)}…`);
    return { versionId: built.id, dataset: { hash: version.hash, clips: version.clipCount, dropped } };
  });
}

interface RunAnswer {
  state: string;
  phase: string | null;
  step: number;
  steps: number;
  loss: number | null;
  heldOutLossBase: number | null;
  heldOutLoss: number | null;
  heldOutKind: string | null;
  reason: Reason | null;
  model: { id: string; name: string; version: number; adapterSha256: string } | null;
}

/** Trains an adapter of the starter base model on the dataset. */
export async function train(client: Client, datasetVersionId: string, progress: Progress): Promise<{ runId: string; run: Report['run']; model: Report['model'] }> {
  return progress.step('train', async (say) => {
    const [base] = await client.ask<{ id: string; name: string }[]>(`{ baseModels { id name } }`);
    if (!base) throw new ClientRefused({ code: 'NO_BASE_MODEL', message: 'There is no base model.', wayOut: 'Register one with: npx backlot base add DIR' });
    const started = performance.now();
    const run = await client.ask<{ id: string }>(`mutation ($input: RunInput!) { startRun(input: $input) { ... on TrainingRun { id } ${refused} } }`, { input: { name: 'house style', datasetVersionId, baseModelId: base.id } });
    const ended = await until(
      () => client.ask<RunAnswer>(`query ($id: ID!) { trainingRun(id: $id) { state phase step steps loss heldOutLossBase heldOutLoss heldOutKind reason { code message wayOut } model { id name version adapterSha256 } } }`, { id: run.id }),
      (answer) => {
        say(`${answer.phase ?? 'waiting for the agent'}, step ${answer.step} of ${answer.steps}${answer.loss === null ? '' : `, loss ${answer.loss.toFixed(3)}`}`);
        return !['QUEUED', 'RUNNING'].includes(answer.state);
      },
    );
    if (ended.state !== 'COMPLETED' || !ended.model) throw new ClientRefused(ended.reason ?? { code: 'RUN_NOT_COMPLETED', message: `The run is ${ended.state.toLowerCase()}.`, wayOut: 'Look at its page in the console.' });
    const { heldOutLossBase, heldOutLoss, heldOutKind } = ended;
    say(`held-out loss ${heldOutLossBase?.toFixed(4)} → ${heldOutLoss?.toFixed(4)} (${heldOutKind}) after ${ended.step} steps`);
    return {
      runId: run.id,
      run: { id: run.id, state: ended.state.toLowerCase(), steps: ended.step, heldOutLossBase: heldOutLossBase!, heldOutLoss: heldOutLoss!, heldOutKind: heldOutKind!, seconds: (performance.now() - started) / 1000 },
      model: { id: ended.model.id, name: `${ended.model.name} v${ended.model.version}`, adapterSha256: ended.model.adapterSha256 },
    };
  });
}

/** Generates with the model, approves, delivers, and downloads as the rights holder. */
export async function generate(client: Client, modelId: string, prompts: string[], folder: string, progress: Progress): Promise<{ generationIds: string[]; outputs: Report['outputs']; deliveryUrls: string[] }> {
  const generationIds = await progress.step('generate', async (say) => {
    const ids: string[] = [];
    for (const [seed, prompt] of prompts.entries()) {
      ids.push((await client.ask<{ id: string }>(`mutation ($input: GenerationInput!) { generate(input: $input) { ... on Generation { id } ${refused} } }`, { input: { modelId, prompt, seed: String(seed + 1) } })).id);
    }
    for (const [index, id] of ids.entries()) {
      const done = await until(
        () => client.ask<{ state: string; progress: number; reason: Reason | null }>(`query ($id: ID!) { generation(id: $id) { state progress reason { code message wayOut } } }`, { id }),
        (answer) => {
          say(`${index + 1} of ${ids.length}: ${Math.round(100 * answer.progress)} %`);
          return !['QUEUED', 'RUNNING'].includes(answer.state);
        },
      );
      if (done.state !== 'COMPLETED') throw new ClientRefused(done.reason ?? { code: 'NOT_GENERATED', message: `The generation is ${done.state.toLowerCase()}.`, wayOut: 'Look at its page in the console.' });
    }
    say(`${ids.length} clips`);
    return ids;
  });
  return progress.step('deliver', async (say) => {
    const outputs: Report['outputs'] = [];
    const deliveryUrls: string[] = [];
    await mkdir(folder, { recursive: true });
    for (const [index, id] of generationIds.entries()) {
      const { output, prompt } = await client.ask<{ prompt: string; output: { id: string; frames: number; sha256: string } }>(`query ($id: ID!) { generation(id: $id) { prompt output { id frames sha256 } } }`, { id });
      await client.ask(`mutation ($id: ID!) { reviewOutput(id: $id, approve: true) { ... on Output { id } ${refused} } }`, { id: output.id });
      const delivery = await client.ask<{ url: string }>(`mutation ($id: ID!) { deliverOutput(id: $id) { ... on Delivery { url } ${refused} } }`, { id: output.id });
      deliveryUrls.push(delivery.url);
      const answer = await client.fetch(delivery.url);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const delivered = answer.ok && createHash('sha256').update(bytes).digest('hex') === output.sha256;
      const file = join(folder, `output-${index + 1}.mp4`);
      if (delivered) await writeFile(file, bytes);
      outputs.push({ id: output.id, prompt, frames: output.frames, delivered, sha256: output.sha256, ...(delivered ? { file } : {}) });
    }
    say(`${outputs.filter((output) => output.delivered).length} of ${outputs.length} clips in ${folder}`);
    return { generationIds, outputs, deliveryUrls };
  });
}
