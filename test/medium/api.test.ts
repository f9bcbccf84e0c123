import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { connect as dial, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { newId, repositoryRoot, rows } from '#libs/platform';
import { startApi } from '../../apps/api/src/server.js';
import { type Api, Browser, digestOf, furnish, makeApi } from '../support/api.js';

/** A wire to Postgres that can be cut. */
let wire: { server: Server; sockets: Set<Socket>; cut: boolean };
let api: Api;
let things: Awaited<ReturnType<typeof furnish>>;
beforeAll(async () => {
  const sockets = new Set<Socket>();
  const target = new URL(process.env.BACKLOT_TEST_DATABASE_OWNER_URL!);
  const server = createServer((socket) => {
    if (wire.cut) return void socket.destroy();
    const onward = dial(Number(target.port), target.hostname);
    for (const [from, to] of [[socket, onward], [onward, socket]] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  wire = { server, sockets, cut: false };
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  api = await makeApi({
    databaseUrl: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).toString(),
    settings: { BACKLOT_UPLOAD_PART_BYTES: '65536' },
  });
  things = await furnish(api, api.a);
}, 60_000);
afterAll(async () => {
  await api.close();
  wire.server.close();
});

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code;

describe('the session cookie', () => {
  test('cannot be read by scripts, is not sent from other sites, and ends', async () => {
    const answer = await fetch(new URL('/graphql', api.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `mutation { signIn(email: "${api.a.email.editor}", password: "correct horse battery staple") { __typename } }` }),
    });
    const [cookie] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^backlot_session=[A-Za-z0-9_-]{43}; /);
    expect(cookie).toContain('Path=/');
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).not.toContain('Secure'); // BACKLOT_SECURE_COOKIES is off on plain HTTP
    expect(new Date(/Expires=([^;]+)/.exec(cookie!)![1]!).getTime()).toBeGreaterThan(Date.now() + 11 * 3_600_000);
  });

  test('signing out ends it at once, for a copy of it too', async () => {
    const browser = new Browser(api.url);
    await browser.signIn(api.a.email.editor);
    const copy = browser.cookie;
    expect((await browser.graphql(`mutation { signOut }`)).data).toEqual({ signOut: true });
    const stolen = new Browser(api.url);
    stolen.cookie = copy;
    expect((await stolen.graphql(`{ me { id } }`)).data).toEqual({ me: null });
  });

  test('failed sign-ins are refused for a while, in words', async () => {
    const browser = new Browser(api.url);
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push((await browser.signIn('guess@aurora.test', 'guess')).data!.signIn as { code: string });
    expect(answers.map(({ code }) => code)).toEqual([...Array<string>(5).fill('SIGN_IN_REFUSED'), 'TOO_MANY_ATTEMPTS']);
  });
});

describe('what a document may ask', () => {
  test.each([
    ['TOO_DEEP', `{ decisions(first: 1) { nodes { ${'titles { decisions(first: 1) { nodes { '.repeat(4)} id ${'} } }'.repeat(4)} } } }`],
    ['TOO_DEEP', `query { ...F } fragment F on Query { decisions(first: 1) { nodes { ${'titles { decisions(first: 1) { nodes { '.repeat(4)} id ${'} } }'.repeat(4)} } } }`],
    ['TOO_COSTLY', `{ decisions(first: 100) { nodes { titles { decisions(first: 100) { nodes { titles { id name } } } } } } }`],
    ['TOO_COSTLY', `{ ${Array.from({ length: 600 }, (_, i) => `a${i}: titles(first: 100) { nodes { id } }`).join(' ')} }`],
  ])('%s', async (code, query) => {
    const answer = await api.a.as.admin.graphql(query);
    expect(answer.errors?.[0]?.extensions?.code).toBe(code);
    expect(answer.data).toBeUndefined();
  });

  test.each([['first: 0'], ['first: 101'], ['first: -1'], ['first: 5, after: "bm90IGEgY3Vyc29y"']])('a page of %s is refused in words', async (page) => {
    const answer = await api.a.as.admin.graphql(`{ titles(${page}) { totalCount } }`);
    expect(answer.errors?.[0]?.extensions?.code).toMatch(/^BAD_(PAGE|CURSOR)$/);
  });

  test('a form of another site cannot ask anything', async () => {
    const answer = await api.a.as.admin.fetch('/graphql', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: JSON.stringify({ query: '{ me { id } }' }) });
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain(api.a.scope.memberId);
  });

  test('what breaks inside says nothing of the inside', async () => {
    const { catalogue } = api.services;
    const titles = catalogue.titles;
    catalogue.titles = () => Promise.reject(new TypeError('secret of the inside'));
    const answer = await api.a.as.admin.graphql(`{ titles(first: 1) { totalCount } }`).finally(() => (catalogue.titles = titles));
    expect(answer.errors).toEqual([expect.objectContaining({ message: 'Something went wrong on our side; nothing was changed.' })]);
    expect(JSON.stringify(answer)).not.toMatch(/secret|stack|TypeError/i);
  });

  test.each([['{ titles(first: 1) { nodes { nothing } } }'], ['{'], ['']])('a broken document %j is a bad request without a stack', async (query) => {
    const answer = await api.a.as.admin.graphql(query);
    expect(answer.errors!.length).toBeGreaterThan(0);
    expect(JSON.stringify(answer)).not.toMatch(/stacktrace|node_modules/);
  });
});

describe('a mutation that is sent again with its key', () => {
  const create = (key: string, name = 'Once'): Promise<string> =>
    api.a.as.archivist
      .graphql(`mutation ($name: String!, $licence: ID!) { createTitle(input: { name: $name, licenceIds: [$licence] }) { __typename ... on Title { id createdAt } ... on Refused { code message } } }`, { name, licence: things.licence }, { 'idempotency-key': key })
      .then((answer) => JSON.stringify(answer));

  test('is done once, also when both come together, and answers the same', async () => {
    const { createTitle } = api.services.catalogue;
    let done = 0;
    api.services.catalogue.createTitle = async (_scope, input) => {
      done += 1;
      return { id: newId(), name: input.name, year: null, eidr: null, attribution: null, state: 'registered', reason: null, posterObjectId: null, createdAt: new Date() };
    };
    try {
      const key = newId();
      const answers = await Promise.all([create(key), create(key)]);
      answers.push(await create(key));
      expect(new Set(answers).size).toBe(1);
      expect(answers[0]).toContain('"Title"');
      expect(done).toBe(1);
      await create(newId());
      expect(done).toBe(2);
      const both = await api.a.as.archivist.graphql(`mutation ($l: ID!) { a: createTitle(input: { name: "a", licenceIds: [$l] }) { ... on Title { name } } b: createTitle(input: { name: "b", licenceIds: [$l] }) { ... on Title { name } } }`, { l: things.licence }, { 'idempotency-key': newId() });
      expect(both.data).toEqual({ a: { name: 'a' }, b: { name: 'b' } });
    } finally {
      api.services.catalogue.createTitle = createTitle;
    }
  });

  test('signing in as another member happens each time, whoever is signed in', async () => {
    const browser = new Browser(api.url);
    const key = { 'idempotency-key': newId() };
    const signIn = (email: string): Promise<unknown> => browser.graphql(`mutation ($email: String!) { signIn(email: $email, password: "correct horse battery staple") { ... on Member { email } } }`, { email }, key).then(({ data }) => data);
    expect(await signIn(api.a.email.editor)).toEqual({ signIn: { email: api.a.email.editor } });
    expect(await signIn(api.b.email.editor)).toEqual({ signIn: { email: api.b.email.editor } });
    expect((await browser.graphql(`{ me { email } }`)).data).toEqual({ me: { email: api.b.email.editor } });
  });

  test('a key that is none is refused', async () => expect(await create('short')).toContain('BAD_IDEMPOTENCY_KEY'));
});

describe('uploads', () => {
  const film = Buffer.alloc(100_000, 'film');
  const parts = [film.subarray(0, 65_536), film.subarray(65_536)];
  let upload: { id: string; url: string; partUrl: string; parts: number };
  const put = (number: number | string, bytes: Buffer, headers: Record<string, string> = { 'content-digest': digestOf(bytes) }): Promise<Response> => api.a.as.archivist.fetch(`${upload.partUrl}${number}`, { method: 'PUT', headers, body: bytes });
  const received = async (): Promise<number[]> => ((await (await api.a.as.archivist.fetch(upload.url)).json()) as { received: number[] }).received;
  const landed = (): string[] => {
    const folder = join(api.world.folder, 'landing', api.a.scope.studioId, upload.id);
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  };

  beforeAll(async () => {
    const titleId = newId();
    await api.services.database.inStudio(api.a.scope, () => rows(`insert into title (id, studio_id, name) values ($1, $2, 'Film')`, [titleId, api.a.scope.studioId]));
    const answer = await api.a.as.archivist.graphql(`mutation ($id: ID!) { createUpload(input: { titleId: $id, fileName: "film.mp4", bytes: "100000" }) { ... on Upload { id url partUrl parts partBytes received } ... on Refused { code message } } }`, { id: titleId });
    upload = answer.data!.createUpload as typeof upload;
    expect(upload.parts).toBe(2);
  });

  test.each([
    ['another hash', () => put(0, parts[0]!, { 'content-digest': digestOf(Buffer.from('other')) }), 422, /^WRONG_(DIGEST|PART_HASH)$/],
    ['too few bytes', () => put(0, parts[0]!.subarray(1)), 422, /^WRONG_SIZE$/],
    ['too many bytes', () => put(0, Buffer.concat([parts[0]!, Buffer.from('x')])), 422, /^WRONG_SIZE$/],
    ['no hash', () => put(0, parts[0]!, {}), 400, /^MISSING_DIGEST$/],
    ['a hash that is none', () => put(0, parts[0]!, { 'content-digest': 'md5=:AAAA:' }), 400, /^MISSING_DIGEST$/],
    ['a number that is no part', () => put(2, parts[0]!), 422, /^BAD_PART$/],
    ['no number', () => put('x', parts[0]!), 422, /^BAD_PART$/],
  ])('a part with %s is refused and nothing of it is kept', async (_what, send, status, code) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(await codeOf(answer)).toMatch(code);
    expect(landed()).toEqual([]);
    expect(await received()).toEqual([]);
  });

  test('it is not complete before its parts are', async () => {
    const answer = await api.a.as.archivist.fetch(`${upload.url}/complete`, { method: 'POST' });
    expect({ status: answer.status, code: await codeOf(answer) }).toEqual({ status: 409, code: 'PARTS_MISSING' });
  });

  test('parts arrive in any order and more than once; then it is complete, once', async () => {
    expect(await Promise.all([put(1, parts[1]!), put(0, parts[0]!)]).then((all) => all.map(({ status }) => status))).toEqual([204, 204]);
    expect((await put(1, parts[1]!)).status).toBe(204);
    expect(await received()).toEqual([0, 1]);
    expect(landed()).toEqual(['0.part', '1.part']);
    for (let i = 0; i < 2; i++) {
      const answer = await api.a.as.archivist.fetch(`${upload.url}/complete`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ sha256: createHash('sha256').update(film).digest('hex') }) });
      expect({ status: answer.status, state: ((await answer.json()) as { state: string }).state }).toEqual({ status: 200, state: 'checking' });
    }
    const [jobs] = await api.services.database.inStudio(api.a.scope, () => rows<{ count: string }>(`select count(*) from job j join upload u on u.master_id = j.subject_id where u.id = $1 and j.name = 'ingest'`, [upload.id]));
    expect(jobs!.count).toBe('1');
  });
});

describe('looking at frames', () => {
  const whole = (): string => `keyframe of ${api.a.scope.studioId}`;
  const get = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> => api.a.as.admin.fetch(`/objects/${things.objects.keyframe}`, { method, headers });

  test('whole, for this member alone, who asks again before each look', async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
    expect(await answer.text()).toBe(whole());
  });

  test.each([
    ['bytes=0-3', 0, 4],
    ['bytes=9-', 9, undefined],
    ['bytes=-4', -4, undefined],
    ['bytes=0-99999', 0, undefined],
  ])('%s', async (range, start, end) => {
    const answer = await get({ range });
    const expected = whole().slice(start, end);
    expect(answer.status).toBe(206);
    expect(await answer.text()).toBe(expected);
    const from = whole().indexOf(expected);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${from + expected.length - 1}/${whole().length}`);
  });

  test('a range behind the end is told the size', async () => {
    const answer = await get({ range: 'bytes=5000-' });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe(`bytes */${whole().length}`);
  });

  test('what the browser has is not sent again, and a range of something else is sent whole', async () => {
    const tag = (await get()).headers.get('etag')!;
    expect((await get({ 'if-none-match': tag })).status).toBe(304);
    expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  });

  test('HEAD tells the size and sends nothing', async () => {
    const answer = await get({}, 'HEAD');
    expect(answer.headers.get('content-length')).toBe(String(whole().length));
    expect(await answer.text()).toBe('');
  });

  test('every look is a release in the log, under a decision', async () => {
    const [release] = await api.services.database.inStudio(api.a.scope, () => rows<{ payload: { decision: string } }>(`select payload from audit_entry where type = 'key.release' and payload->>'object' = $1`, [things.objects.keyframe]));
    expect(release!.payload.decision).toBe(things.decision);
  });

  test.each(['master', 'dataset', 'checkpoint', 'adapter'] as const)('a %s is nothing to look at, for its own studio either', async (kind) => {
    expect((await api.a.as.admin.fetch(`/objects/${things.objects[kind]}`)).status).toBe(404);
  });
});

describe('without the database', () => {
  test('every answer says so and asks to come again; then all goes on', async () => {
    expect((await fetch(new URL('/healthz', api.url))).status).toBe(200);
    wire.cut = true;
    for (const socket of wire.sockets) socket.destroy();
    try {
      const health = await fetch(new URL('/healthz', api.url));
      expect({ status: health.status, code: await codeOf(health) }).toEqual({ status: 503, code: 'DATABASE_AWAY' });
      const asked = await api.a.as.admin.fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: '{ titles(first: 1) { totalCount } }' }) });
      expect(asked.status).toBe(503);
      expect(((await asked.json()) as { errors: { extensions: { code: string } }[] }).errors[0]!.extensions.code).toBe('DATABASE_AWAY');
      const looked = await api.a.as.admin.fetch(`/objects/${things.objects.proxy}`);
      expect(looked.status).toBe(503);
      const signing = await new Browser(api.url).signIn(api.a.email.editor);
      expect(signing.data!.signIn).toMatchObject({ code: 'DATABASE_AWAY' });
    } finally {
      wire.cut = false;
    }
    expect((await fetch(new URL('/healthz', api.url))).status).toBe(200);
    expect((await api.a.as.admin.graphql('{ titles(first: 1) { totalCount } }')).errors).toBeUndefined();
  });
});

test('an API that is stopped answers the agents that wait, and ends at once', async () => {
  const other = await startApi(api.services, { host: '127.0.0.1', port: 0 });
  const waiting = fetch(new URL('/agent/lease', other.url), { method: 'POST', headers: { authorization: `Bearer ${api.b.agentToken}`, 'content-type': 'application/json' }, body: JSON.stringify({ instance: 'x', capabilities: ['train', 'generate'], waitSeconds: 30 }) });
  await new Promise((later) => setTimeout(later, 300));
  const started = performance.now();
  const [answer] = await Promise.all([waiting, other.close()]);
  expect(answer.status).toBe(204);
  expect(performance.now() - started).toBeLessThan(2_500);
});

test('pages and scripts of other places have no way in', async () => {
  const answer = await fetch(new URL('/healthz', api.url));
  const policy = answer.headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe-(inline|eval)|\*/);
  expect(answer.headers.get('x-powered-by')).toBeNull();
});

test('every page of the console is the console, the first one too', async () => {
  for (const path of ['/', `/titles/${newId()}`, '/log']) {
    const answer = await fetch(new URL(path, api.url), { headers: { accept: 'text/html' } });
    if (existsSync(join(repositoryRoot, 'dist/web/index.html'))) expect(answer.headers.get('content-type')).toContain('text/html');
    else expect(await codeOf(answer)).toBe('CONSOLE_NOT_BUILT');
  }
});

test('an address that is none is told so in words', async () => {
  const answer = await fetch(new URL('/nothing/here.js', api.url));
  expect({ status: answer.status, code: await codeOf(answer) }).toEqual({ status: 404, code: 'NOT_FOUND' });
});
