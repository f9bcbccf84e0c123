import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket, connect as dial } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pack } from 'tar-stream';
import { newId, repositoryRoot } from '#libs/platform';
import { Tenant } from '../../apps/agent/src/tenant.js';
import { type Api, makeApi, type TestStudio } from '../support/api.js';
import { frozenVersion } from '../support/tenant.js';

const ready = existsSync(join(repositoryRoot, '.venv/bin/python')) && existsSync(join(repositoryRoot, 'models/starter/model_index.json'));
if (!ready) process.stderr.write('agent.test.ts is skipped: the trainer is not set up (npm run setup) or models/starter is missing\n');

const STEPS = 40;

/** The API's address as the agent knows it; closed, the API is away. */
class Door {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;
  target = 0;

  async open(): Promise<void> {
    this.server = createServer((near) => {
      const far = dial(this.target, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((listening) => this.server!.listen(this.port, '127.0.0.1', listening));
    this.port = (this.server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.server!.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

/** Five little films of a moving pattern in a WebDataset tar: four to train on, one held out. */
async function shard(): Promise<Buffer> {
  const tar = pack();
  for (let number = 0; number < 5; number++) {
    const mp4 = execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=64x64:rate=16,hue=h=${number * 60}`, '-frames:v', '9', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', '-']);
    const about = { split: number < 4 ? 'train' : 'heldout', frames: 9, width: 64, height: 64, fps: 16, caption: `A pattern of hue ${number}.`, title: 'Patterns', master: 'm', shot: number };
    const name = String(number).padStart(8, '0');
    tar.entry({ name: `${name}.mp4` }, mp4);
    tar.entry({ name: `${name}.txt` }, about.caption);
    tar.entry({ name: `${name}.json` }, JSON.stringify(about));
  }
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Processes of the trainer that work in this folder or below. */
function trainersIn(folder: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false; // ended while we looked
    }
  });
}

async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, seconds = 120): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

(ready ? describe : describe.skip)('an agent and a real trainer', () => {
  const door = new Door();
  let api: Api;
  let studio: TestStudio;
  let versionId: string;
  let baseId: string;
  let tenant: Tenant;
  let folder: string;
  let unbroken: { runId: string; adapterSha256: string; modelId: string };

  const newTenant = (): Tenant => new Tenant(studio.scope.studioId, folder, { url: `http://127.0.0.1:${door.port}`, token: studio.agentToken, instance: newId() });
  const startRun = async (steps = STEPS): Promise<string> => (await api.services.training.startRun(studio.scope, { name: 'patterns', datasetVersionId: versionId, baseModelId: baseId, steps, rank: 4 }, 'Member')).id;
  const completed = async (runId: string): Promise<{ adapterSha256: string; modelId: string }> => {
    const run = await until('the run ends', async () => {
      const found = await api.services.training.run(studio.scope, runId);
      return !['queued', 'running'].includes(found.state) && found;
    });
    expect(run).toMatchObject({ state: 'completed', reason: null });
    const { adapterSha256, id } = (await api.services.training.modelsOfRuns(studio.scope, [runId])).get(runId)!;
    return { adapterSha256, modelId: id };
  };

  beforeAll(async () => {
    await door.open();
    api = await makeApi({ settings: { BACKLOT_API_URL: `http://127.0.0.1:${door.port}`, BACKLOT_LEASE_SECONDS: '5' } });
    door.target = Number(new URL(api.url).port);
    studio = api.a;
    folder = join(api.world.folder, 'tenants', studio.scope.studioId);
    mkdirSync(join(api.world.folder, 'bases'), { recursive: true });
    symlinkSync(join(repositoryRoot, 'models/starter'), join(api.world.folder, 'bases/starter'));
    const { rights, vault, database } = api.services;
    ({ versionId } = await frozenVersion({ rights, vault, scope: studio.scope, shard: await shard() }, (work) => database.inStudio(studio.scope, work)));
    baseId = (await api.services.training.bases(studio.scope))[0]!.id;
    tenant = newTenant();
  }, 120_000);
  afterAll(async () => {
    await tenant.stop();
    await api.close();
    await door.close();
  }, 30_000);

  test('a run ends in a model, with its losses and samples, and leaves no clear film behind', async () => {
    const runId = await startRun();
    unbroken = { runId, ...(await completed(runId)) };
    const { training } = api.services;
    expect((await training.metricsOf(studio.scope, [runId])).get(runId)!.at(-1)!.step).toBe(STEPS);
    const run = await training.run(studio.scope, runId);
    expect(run.heldOutLossBase).toBeGreaterThan(0);
    expect(run.heldOutLoss).not.toBe(run.heldOutLossBase);
    const samples = (await training.samplesOf(studio.scope, [runId])).get(runId)!;
    expect(samples.length).toBeGreaterThan(0);
    expect(await (await studio.as.editor.fetch(`/objects/${samples[0]!.objectId}`)).arrayBuffer().then((bytes) => Buffer.from(bytes).subarray(4, 8).toString())).toBe('ftyp');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await until('the folder of the run goes', () => readdirSync(join(folder, 'runs')).length === 0);
  }, 200_000);

  test('a killed trainer, an API that goes away and a new agent change nothing: same tensors, no point or sample twice', async () => {
    const runId = await startRun();
    const runFolder = join(folder, 'runs', runId);
    await until('a checkpoint', () => existsSync(join(runFolder, 'checkpoint.sealed')));
    for (const pid of trainersIn(runFolder)) process.kill(pid, 'SIGKILL');
    await door.close();
    await sleep(2_000);
    await tenant.stop();
    expect(trainersIn(runFolder)).toEqual([]);
    await door.open();
    tenant = newTenant();
    const { adapterSha256 } = await completed(runId);
    expect(adapterSha256).toBe(unbroken.adapterSha256);
    const { training } = api.services;
    const [whole, broken] = [unbroken.runId, runId];
    const samples = await training.samplesOf(studio.scope, [whole, broken]);
    const places = (id: string): string[] => samples.get(id)!.map((sample) => `${sample.step}/${sample.number}`);
    expect(places(broken)).toEqual(places(whole));
    const [a, b] = await training.runsById(studio.scope, [whole, broken]);
    expect(a!.heldOutLoss).toBe(b!.heldOutLoss);
    expect(a!.heldOutLossBase).toBe(b!.heldOutLossBase);
  }, 240_000);

  test('a prompt becomes a clip that the editor sees, though the generator was killed at it', async () => {
    const { generation } = api.services;
    const { id } = await generation.generate(studio.scope, { modelId: unbroken.modelId, prompt: 'A pattern of hue 1.', seed: 3, steps: 6 }, 'Member');
    await until('the generator starts', () => trainersIn(folder).length > 0);
    for (const pid of trainersIn(folder)) process.kill(pid, 'SIGKILL');
    const made = async (generationId: string): Promise<string> => {
      await until('the clip', async () => !['queued', 'running'].includes((await generation.generation(studio.scope, generationId)).state));
      expect(await generation.generation(studio.scope, generationId)).toMatchObject({ state: 'completed', progress: 1 });
      const output = (await generation.outputsOf(studio.scope, [generationId])).get(generationId)!;
      const answer = await studio.as.editor.fetch(`/objects/${output.objectId}`);
      expect(Buffer.from(await answer.arrayBuffer()).subarray(4, 8).toString()).toBe('ftyp');
      return output.sha256;
    };
    const first = await made(id);
    const [pid] = trainersIn(folder);
    const again = await generation.generate(studio.scope, { modelId: unbroken.modelId, prompt: 'A pattern of hue 1.', seed: 3, steps: 6 }, 'Member');
    expect(await made(again.id)).toBe(first);
    expect(trainersIn(folder)).toEqual([pid]); // the warm one answered
    expect(readdirSync(join(folder, 'outputs'))).toEqual([]);
  }, 240_000);

  test('cancel ends a running run', async () => {
    const runId = await startRun(50_000);
    await until('it runs', async () => (await api.services.training.run(studio.scope, runId)).phase === 'training');
    await api.services.training.cancelRun(studio.scope, runId);
    await until('it is cancelled', async () => (await api.services.training.run(studio.scope, runId)).state === 'cancelled', 60);
    await until('its folder goes', () => readdirSync(join(folder, 'runs')).length === 0);
  }, 120_000);
});
