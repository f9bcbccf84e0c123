import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Access, type Role, ROLES } from '#libs/access';
import { Catalogue } from '#libs/catalogue';
import { Curation, type Media, rulesSha256, STANDARD } from '#libs/curation';
import { Generation } from '#libs/generation';
import { connect, newId, type ObjectKind, repositoryRoot, rows, type Scope, Vault } from '#libs/platform';
import { canonicalSha256, Rights } from '#libs/rights';
import { Training } from '#libs/training';
import { startApi } from '../../apps/api/src/server.js';
import { Logs, type Services } from '../../apps/shared/services.js';
import { policyOf } from './films.js';
import { makeWorld, type World } from './studio.js';

/** The whole API over a database of its own, with two studios that have a member of each role. */
export interface Api {
  world: World;
  services: Services;
  url: string;
  a: TestStudio;
  b: TestStudio;
  close(): Promise<void>;
}

export interface TestStudio {
  scope: Scope & { memberId: string };
  name: string;
  agentToken: string;
  email: Record<Role, string>;
  as: Record<Role, Browser>;
}

export const PASSWORD = 'correct horse battery staple';

/** Settings are read once a test file: call it before anything else asks for them. `databaseUrl` may lead the API to its database another way. */
export async function makeApi({ databaseUrl = (url: string) => url, settings = {} as Record<string, string> } = {}): Promise<Api> {
  const world = await makeWorld();
  Object.assign(process.env, { BACKLOT_DATA: world.folder, BACKLOT_JOBS_DATABASE_URL: world.jobsUrl, ...settings });
  const services = await compose(world, databaseUrl(world.appUrl));
  const running = await startApi(services, { host: '127.0.0.1', port: 0 });
  const studio = async (name: string): Promise<TestStudio> => {
    const { id } = await services.access.createStudio({ name, slug: name.toLowerCase() });
    const email = {} as Record<Role, string>;
    const as = {} as Record<Role, Browser>;
    let memberId = '';
    for (const role of ROLES) {
      email[role] = `${role}@${name.toLowerCase()}.test`;
      memberId = (await services.access.createMember({ studioId: id }, { name: `${role} of ${name}`, email: email[role], password: PASSWORD, roles: [role] })).id;
      as[role] = new Browser(running.url);
      const answer = await as[role].signIn(email[role]);
      if ((answer.data?.signIn as { __typename: string } | undefined)?.__typename !== 'Member') throw new Error(`${email[role]} cannot sign in: ${JSON.stringify(answer)}`);
    }
    return { scope: { studioId: id, memberId }, name, email, as, agentToken: await services.access.createAgent({ studioId: id }, 'agent') };
  };
  return {
    world,
    services,
    url: running.url,
    a: await studio('Aurora'),
    b: await studio('Borealis'),
    async close() {
      await running.close();
      await services.close();
      await world.close();
    },
  };
}

/** The product's composition less what reads films: the API never does. */
async function compose({ store, keys, folder }: World, url: string): Promise<Services> {
  const database = await connect(url, 4);
  const vault = new Vault(database, store, keys);
  const rights = new Rights({ database, vault });
  const keysFolder = join(folder, 'keys');
  const noFilms = (): Promise<never> => Promise.reject(new Error('the API opened a film'));
  const training = new Training({ database, vault, rights, keysFolder, basesFolders: [join(folder, 'bases')] });
  return {
    database,
    vault,
    access: new Access({ database }),
    rights,
    catalogue: new Catalogue({ database, vault, rights, probe: noFilms, landing: join(folder, 'landing') }),
    curation: new Curation({ database, vault, rights, media: { analyse: noFilms, cutClip: noFilms, maskProxy: noFilms, maskSheet: noFilms, captionFor: () => ({}), sentenceOf: () => '', captionIn: () => '' } satisfies Media, models: noFilms, bucket: async () => ({ width: 64, height: 64, frames: 9, fps: 16 }) }),
    training,
    generation: new Generation({ database, vault, rights, training, keysFolder }),
    logs: new Logs(keysFolder, join(folder, 'log')),
    close: () => database.close(),
  };
}

export interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** A client that keeps its cookie. */
export class Browser {
  cookie = '';

  constructor(readonly url: string) {}

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const answer = await fetch(new URL(path, this.url), { ...init, headers: { ...(this.cookie ? { cookie: this.cookie } : {}), ...(init.headers as Record<string, string> | undefined) } });
    for (const set of answer.headers.getSetCookie()) this.cookie = set.split(';')[0]!;
    return answer;
  }

  async graphql(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query, variables }) });
    return (await answer.json()) as Answer;
  }

  signIn(email: string, password = PASSWORD): Promise<Answer> {
    return this.graphql(`mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { __typename ... on Refused { code message wayOut } } }`, { email, password });
  }
}

/** The API's schema, all files of it. */
export function wholeSchema(): string {
  const folder = join(repositoryRoot, 'apps/api/src/schema');
  return readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
}

/** Content-Digest of bytes. */
export const digestOf = (bytes: Buffer): string => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;

/** One of everything that a studio can have, written straight into its tables; gives their ids. */
export async function furnish({ services, world }: Api, { scope }: TestStudio) {
  const { studioId, memberId } = scope;
  const id = { licence: newId(), title: newId(), master: newId(), upload: newId(), shot: newId(), decision: newId(), datasetVersion: newId(), base: newId(), run: newId(), model: newId(), generation: newId(), output: newId(), delivery: newId(), job: newId(), hold: newId(), duty: newId(), exclusion: newId(), mark: newId(), simulation: newId(), filterSet: newId(), shotEdit: newId(), correction: newId() };
  const hash = randomBytes(32).toString('hex');
  const put = (sql: string, values: unknown[]): Promise<unknown> => rows(sql, values);
  const uid = `urn:uuid:${newId()}`;
  const policy = { ...policyOf(['ingest', 'curate', 'caption', 'fineTune', 'evaluate', 'generate', 'export'], uid), assignee: `urn:uuid:${studioId}` };
  await services.database.inStudio(scope, async () => {
    await put(`insert into licence (id, studio_id, name, licensor, uid) values ($1, $2, 'Licence', 'Licensor', $3)`, [id.licence, studioId, uid]);
    await put(`insert into licence_version (licence_id, version, studio_id, policy, sha256, kind, signed_at, effective_from) values ($1, 1, $2, $3, $4, 'original', now(), now())`, [id.licence, studioId, policy, canonicalSha256(policy)]);
    await put(`insert into licence_signature (licence_id, version, sha256, member_id, studio_id, roles) values ($1, 1, $2, $3, $4, '{admin}')`, [id.licence, canonicalSha256(policy), memberId, studioId]);
    await put(`insert into licence_event (id, licence_id, version, studio_id, event, why, member_id) values ($1, $2, 1, $3, 'signed', 'Signed.', $4)`, [newId(), id.licence, studioId, memberId]);
    await put(`insert into simulation (id, studio_id, licence_id, version, policy, sha256, against, total, asked, opened) values ($1, $2, $3, 1, $4, $5, 'catalogue', 1, 1, 1)`, [id.simulation, studioId, id.licence, policy, canonicalSha256(policy)]);
    await put(`insert into simulation_flip (simulation_id, number, studio_id, action, permitted, title_id, scope_kind, scope_id, actor, before, after) values ($1, 1, $2, 'export', true, $3, 'title', $3, 'simulation', 'Refused.', 'Allowed.')`, [id.simulation, studioId, id.title]);
    await put(`insert into simulation_title (simulation_id, title_id, studio_id, opened, closed) values ($1, $2, $3, 1, 0)`, [id.simulation, id.title, studioId]);
    await put(`insert into simulation_job (simulation_id, scope_kind, scope_id, actor, studio_id, opened, closed) values ($1, 'title', $2, 'simulation', $3, 1, 0)`, [id.simulation, id.title, studioId]);
    await put(`insert into title (id, studio_id, name, state) values ($1, $2, 'Title', 'ready')`, [id.title, studioId]);
    await put(`insert into licence_title (licence_id, title_id, studio_id) values ($1, $2, $3)`, [id.licence, id.title, studioId]);
    await put(`insert into master (id, studio_id, title_id, file_name, bytes, state) values ($1, $2, $3, 'master.mp4', 10, 'uploading')`, [id.master, studioId, id.title]);
    await put(`insert into upload (id, studio_id, master_id, part_bytes, parts) values ($1, $2, $3, 10, 1)`, [id.upload, studioId, id.master]);
    await put(`insert into job (id, studio_id, name, key, subject_id) values ($1, $2, 'ingest', $3, $4)`, [id.job, studioId, `ingest:${id.master}`, id.master]);
    for (const scopeId of [id.title, id.datasetVersion, id.model]) {
      const decision = scopeId === id.title ? id.decision : newId();
      await put(
        `insert into decision (id, studio_id, member_id, actor, action, scope_kind, scope_id, outcome, policies, request, request_sha256, state_sha256, trace, reason, sentence, valid_until, licences)
         values ($1, $2, $3, 'test', 'curate', 'title', $4, 'permit', $5, $7, '', '', '[]', '{}', 'It is allowed.', now() + interval '1 hour', $6)`,
        [decision, studioId, memberId, scopeId, JSON.stringify([{ id: uid, version: '1', sha256: canonicalSha256(policy) }]), [`${id.licence}:1`], { targets: [{ id: `urn:uuid:${id.title}`, ancestors: [`${uid}#titles`] }] }],
      );
      await put(`insert into decision_target (decision_id, title_id, studio_id) values ($1, $2, $3)`, [decision, id.title, studioId]);
    }
    await put(`insert into licence_use (licence_id, action, use_id, studio_id, decision_id) values ($1, 'curate', $2, $3, $4)`, [id.licence, id.title, studioId, id.decision]);
    await put(`insert into hold (id, studio_id, kind, subject, why, lifted_at, lifted_why) values ($1, $2, 'title', $3, 'A dispute', now(), 'It is settled')`, [id.hold, studioId, id.title]);
    await put(`insert into duty (id, studio_id, licence_id, duty, cause, action, phase, trigger, decision_id, began_at) values ($1, $2, $3, $4, 'licence', 'obtainConsent', 'pre', 'onUse', $5, now())`, [id.duty, studioId, id.licence, `${uid}#d1`, id.decision]);
    await put(`insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures) values ($1, $2, $3, $4, 1, 0, 9, 0, 10, '{}', '{}')`, [id.shot, studioId, id.title, id.master]);
    await put(`insert into shot_edit (id, studio_id, title_id, kind, member_id, shot_ids, before, after, verdicts) values ($1, $2, $3, 'accepted', $4, array[$5::uuid], '[]', '[]', '[]')`, [id.shotEdit, studioId, id.title, memberId, id.shot]);
    await put(`insert into correction (id, studio_id, shot_id, member_id, field, before, after) values ($1, $2, $3, $4, 'place', null, null)`, [id.correction, studioId, id.shot, memberId]);
    // A shot that two differ on, in a double review that has ended: one that lasts refuses other changes.
    await put(`insert into double_review (title_id, id, studio_id, asked_by, ended_at) values ($1, $2, $3, $4, now())`, [id.title, newId(), studioId, memberId]);
    const [colleague] = await rows<{ id: string }>(`select id from member where id <> $1 order by id limit 1`, [memberId]);
    for (const [seat, by] of [[1, memberId], [2, colleague!.id]] as const) await put(`insert into opinion (title_id, shot_id, seat, member_id, studio_id, frame, kind, inside, labels, outcome) values ($1, $2, $3, $4, $5, 0, 'start', '[]', '{}', $6)`, [id.title, id.shot, seat, by, studioId, seat === 2 ? 'disputed' : null]);
    await put(`insert into agreement (title_id, one, other, about, one_says, other_says, studio_id, shots) values ($1, least($2::uuid, $3), greatest($2::uuid, $3), 'shot', 'other', 'same', $4, 1)`, [id.title, memberId, colleague!.id, studioId]);
    await services.rights.exclusions.register(scope, { titleId: id.title, rate: '25', even: true, timeBase: '1/25', times: Array.from({ length: 11 }, (_, frame) => frame) });
    await put(`insert into exclusion (id, studio_id, title_id, first_frame, end_frame, why, actions) values ($1, $2, $3, 9, 10, 'A logo', '{fineTune}')`, [id.exclusion, studioId, id.title]);
    await put(`insert into mark (id, studio_id, title_id, kind, subject, first_frame, end_frame, source, by, confidence) values ($1, $2, $3, 'cue', 'urn:cue:1', 0, 5, 'written', 'Member', 1)`, [id.mark, studioId, id.title]);
    await put(`insert into filter_set (id, studio_id, name, version, created_by) values ($1, $2, 'Filter', 1, $3)`, [id.filterSet, studioId, memberId]);
    await put(`insert into filter_version (studio_id, set_id, version, rules, sha256, why, created_by) values ($1, $2, 1, $3, $4, 'Created.', $5)`, [studioId, id.filterSet, JSON.stringify(STANDARD), rulesSha256(STANDARD), memberId]);
    await put(`insert into dataset_version (id, studio_id, name, number, state, query, bucket, hash, clips) values ($1, $2, 'Set', 1, 'frozen', '{}', '{}', $3, 1)`, [id.datasetVersion, studioId, hash]);
    await put(
      `insert into dataset_clip (version_id, number, studio_id, title_id, shot_id, decision_id, first_frame, last_frame, start_pts, caption, split, sha256, bytes) values ($1, 0, $2, $3, $4, $5, 0, 8, 0, 'A clip.', 'train', $6, 1)`,
      [id.datasetVersion, studioId, id.title, id.shot, id.decision, hash],
    );
    await put(`insert into base_model (id, studio_id, name, path, sha256, licence, spec) values ($1, $2, 'Base', '/nowhere', $3, 'Apache-2.0', '{}')`, [id.base, studioId, hash]);
    await put(`insert into training_run (id, studio_id, name, dataset_version_id, base_model_id, decision_id, settings, steps, state, epoch, lease_until, lease_instance) values ($1, $2, 'Run', $3, $4, $5, '{}', 10, 'running', 1, now() + interval '1 hour', 'a')`, [id.run, studioId, id.datasetVersion, id.base, id.decision]);
  });
  const objects = {} as Record<ObjectKind, string>;
  const scopes: Record<ObjectKind, string> = { master: id.title, proxy: id.title, keyframe: id.title, filmstrip: id.title, dataset: id.datasetVersion, checkpoint: id.run, adapter: id.model, sample: id.datasetVersion, output: id.model };
  for (const [kind, scopeId] of Object.entries(scopes) as [ObjectKind, string][]) {
    objects[kind] = (await world.vault.seal(scope, { kind, scopeId, contentType: 'video/mp4' }, Readable.from([Buffer.from(`${kind} of ${studioId}`)]))).id;
  }
  await services.database.inStudio(scope, async () => {
    await put(`insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, proxy_object_id, proxy, decision_id) values ($1, $2, $3, 10, '1/25', 0, 10, 64, 64, 'test', $4, '{}', $5)`, [id.master, studioId, id.title, objects.proxy, id.decision]);
    await put(`insert into model (id, studio_id, run_id, name, version, base_model_id, dataset_version_id, adapter_object_id, adapter_sha256) values ($1, $2, $3, 'Model', 1, $4, $5, $6, $7)`, [id.model, studioId, id.run, id.base, id.datasetVersion, objects.adapter, hash]);
    await put(`insert into generation (id, studio_id, model_id, decision_id, prompt, seed, settings, state, epoch, lease_until, lease_instance) values ($1, $2, $3, $4, 'A prompt', 1, '{}', 'running', 1, now() + interval '1 hour', 'a')`, [id.generation, studioId, id.model, id.decision]);
    await put(`insert into output (id, studio_id, generation_id, object_id, frames, width, height, fps, sha256, review) values ($1, $2, $3, $4, 9, 64, 64, 16, $5, 'approved')`, [id.output, studioId, id.generation, objects.output, hash]);
    await put(`insert into delivery (id, studio_id, output_id, decision_id, created_by, expires_at) values ($1, $2, $3, $4, $5, now() + interval '1 hour')`, [id.delivery, studioId, id.output, id.decision, memberId]);
  });
  return { ...id, objects };
}
