import { newId } from '#libs/platform';
import { type Client, refused } from './client.js';
import type { Made } from './loop.js';
import type { Attempt } from './report.js';

interface Try {
  what: string;
  through: Attempt['through'];
  /** Makes the attempt on a given id (or address made from it) and gives what came back. */
  make(id: string): Promise<string>;
  id: string;
}

/** An answer with the asked id, request ids and times taken out: what is left must not depend on whether the thing exists. */
function plain(answer: string, id: string): string {
  return answer.replaceAll(id, 'ID').replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID');
}

/**
 * What the other studio tries. Each attempt is made twice: on studio A's thing, and on an id that never was. It counts as refused when
 * both give the same answer, so that the answer neither gives the thing nor tells that it exists.
 */
export async function tryAsOther(other: Client, agentToken: string, made: Made, objects: { kind: string; id: string }[], stranger: Client): Promise<Attempt[]> {
  const graphql = (what: string, id: string, query: string, more: Record<string, unknown> = {}): Try => ({
    what,
    through: 'graphql',
    id,
    make: async (given) => JSON.stringify(await other.raw(query, { id: given, ...more })),
  });
  const http = (through: Attempt['through'], what: string, id: string, path: (given: string) => string, init: RequestInit = {}, as: Client = other): Try => ({
    what,
    through,
    id,
    make: async (given) => {
      const answer = await as.fetch(path(given), init);
      return `${answer.status} ${(await answer.text()).slice(0, 400)}`;
    },
  });
  const [titleId = newId()] = made.titleIds;
  const [licenceId = newId()] = Object.values(made.licenceIds);
  const [generationId = newId()] = made.generationIds;
  const [outputId = newId()] = made.outputIds;
  const mutation = (name: string, argument: string, type: string): string => `mutation ($id: ID!) { ${name}(${argument}) { ... on ${type} { id } ${refused} } }`;
  const bearer = { authorization: `Bearer ${agentToken}` };
  const json = { ...bearer, 'content-type': 'application/json' };

  const tries: Try[] = [
    graphql("read a title of A's", titleId, `query ($id: ID!) { title(id: $id) { id name shots(first: 1) { nodes { id } } } }`),
    graphql("read a licence of A's", licenceId, `query ($id: ID!) { licence(id: $id) { id policy } }`),
    graphql("read a dataset of A's", made.datasetVersionId, `query ($id: ID!) { datasetVersion(id: $id) { id hash } }`),
    graphql("read a training run of A's", made.runId, `query ($id: ID!) { trainingRun(id: $id) { id loss } }`),
    graphql("read a model of A's", made.modelId, `query ($id: ID!) { model(id: $id) { id adapterSha256 } }`),
    graphql("read a generation of A's", generationId, `query ($id: ID!) { generation(id: $id) { id prompt } }`),
    graphql("list decisions about a title of A's", titleId, `query ($id: ID!) { decisions(first: 10, titleId: $id) { nodes { id } totalCount } }`),
    graphql("onboard a film under A's licence", licenceId, mutation('createTitle', 'input: { name: "x", licenceIds: [$id] }', 'Title')),
    graphql("build a dataset from A's title", titleId, mutation('buildDataset', 'input: { name: "x", titleIds: [$id] }', 'DatasetVersion')),
    graphql("ask whether A's title may be trained on", titleId, mutation('askDecision', 'input: { action: "fineTune", titleIds: [$id] }', 'Decision')),
    graphql("start A's title again", titleId, mutation('retryTitle', 'id: $id', 'Title')),
    graphql("train on A's dataset", made.datasetVersionId, `mutation ($id: ID!, $base: ID!) { startRun(input: { name: "x", datasetVersionId: $id, baseModelId: $base }) { ... on TrainingRun { id } ${refused} } }`, { base: newId() }),
    graphql("cancel A's run", made.runId, mutation('cancelRun', 'id: $id', 'TrainingRun')),
    graphql("generate with A's model", made.modelId, mutation('generate', 'input: { modelId: $id, prompt: "x" }', 'Generation')),
    graphql("approve A's output", outputId, mutation('reviewOutput', 'id: $id, approve: true', 'Output')),
    graphql("have A's output delivered", outputId, mutation('deliverOutput', 'id: $id', 'Delivery')),
    graphql("upload into A's title", titleId, mutation('createUpload', 'input: { titleId: $id, fileName: "x.mp4", bytes: "10" }', 'Upload')),
    http('playback', "play A's title", titleId, (id) => `/titles/${id}/proxy.m3u8`),
    ...objects.map(({ kind, id }) => http('playback', `fetch A's ${kind}`, id, (given) => `/objects/${given}`)),
    http('upload', "send a part into A's upload", titleId, (id) => `/uploads/${id}/parts/0`, { method: 'PUT', body: 'x', headers: { 'content-digest': 'sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=:' } }),
    http('agent', "fetch A's dataset with B's agent", objects.find(({ kind }) => kind === 'dataset')?.id ?? made.datasetVersionId, (id) => `/agent/datasets/${id}`, { headers: bearer }),
    http('agent', "keep A's run with B's agent", made.runId, (id) => `/agent/train/${id}/heartbeat`, { method: 'POST', headers: json, body: '{"epoch":1}' }),
    http('agent', "complete A's run with B's agent", made.runId, (id) => `/agent/train/${id}/complete`, { method: 'POST', headers: json, body: '{"epoch":1,"result":{}}' }),
  ];
  const attempts: Attempt[] = [];
  for (const { what, through, id, make } of tries) {
    const answer = await make(id);
    const absentId = newId();
    const absent = await make(absentId);
    attempts.push({ what, through, answer: answer.slice(0, 300), refused: plain(answer, id) === plain(absent, absentId) });
  }
  attempts.push(...(await tryLists(other, made)));
  attempts.push(...(await tryDeliveries(other, made, stranger)));
  return attempts;
}

/** Lists may hold B's own things, never one of A's. */
async function tryLists(other: Client, made: Made): Promise<Attempt[]> {
  const theirs = new Set([...made.titleIds, ...Object.values(made.licenceIds), made.datasetVersionId, made.runId, made.modelId, ...made.generationIds]);
  const attempts: Attempt[] = [];
  for (const list of ['titles', 'licences', 'datasetVersions', 'trainingRuns', 'models', 'generations', 'decisions']) {
    const answer = await other.raw(`{ ${list}(first: 100) { nodes { id } totalCount } }`);
    const nodes = (answer.data?.[list] as { nodes: { id: string }[] } | null)?.nodes;
    attempts.push({ what: `find A's things in the list of ${list}`, through: 'graphql', answer: nodes ? `${nodes.length} of its own` : JSON.stringify(answer).slice(0, 300), refused: !nodes?.some((node) => theirs.has(node.id)) });
  }
  return attempts;
}

/** A's signed address: useless to B's session, to no session, and once a letter of it is changed. */
async function tryDeliveries(other: Client, made: Made, stranger: Client): Promise<Attempt[]> {
  const [address] = made.deliveryUrls;
  if (!address) return [];
  const changed = address.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const attempts: Attempt[] = [];
  for (const [what, client, url] of [
    ["download by A's signed address with B's session", other, address],
    ["download by A's signed address without a session", stranger, address],
    ["download by A's address with a changed signature", other, changed],
  ] as const) {
    const answer = await client.fetch(url);
    const text = (await answer.text()).slice(0, 200);
    attempts.push({ what, through: 'download', answer: `${answer.status} ${text}`, refused: [401, 403, 404].includes(answer.status) });
  }
  return attempts;
}
