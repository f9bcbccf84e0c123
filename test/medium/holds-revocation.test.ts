/**
 * A key that a process keeps is used no more within a second of the commit of whatever ends it: measured in processes of their own, that
 * know nothing of each other but what Postgres tells them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { newId, repositoryRoot, rows } from '#libs/platform';
import { type Question, Rights } from '#libs/rights';
import { licence } from '../support/films.js';
import type { Look, Looking } from '../support/looker.js';
import { makeWorld, type World } from '../support/studio.js';

jest.setTimeout(120_000);

let world: World;
let rights: Rights;
let scope: { studioId: string; memberId: string };
let owner: pg.Client;
const lookers: Looker[] = [];
const measured: Record<string, number> = {};
beforeAll(async () => {
  world = await makeWorld();
  rights = new Rights(world);
  scope = await world.studio();
  owner = new pg.Client({ connectionString: world.ownerUrl });
  await owner.connect();
});
afterEach(async () => {
  await Promise.all(lookers.splice(0).map((looker) => looker.stop()));
});
afterAll(async () => {
  process.stderr.write(`from commit to refusal, ms: ${JSON.stringify(measured)}\n`);
  await owner.end();
  await world.close();
});

/** A title under a licence, with a sealed keyframe to look at. */
async function film(): Promise<{ titleId: string; licenceId: string; objectId: string; question: Question }> {
  const titleId = newId();
  const licenceId = await licence(rights, scope, ['ingest', 'curate']);
  await world.database.inStudio(scope, () => rows(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [titleId, scope.studioId]));
  await rights.licences.attach(scope, titleId, [licenceId]);
  const object = await world.vault.seal(scope, { kind: 'keyframe', scopeId: titleId, contentType: 'image/jpeg' }, Readable.from([Buffer.from('a still')]));
  return { titleId, licenceId, objectId: object.id, question: { action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'Member' } };
}

/** A process that looks every few milliseconds. */
class Looker {
  readonly looks: Look[] = [];
  private readonly child: ChildProcess;
  private told: () => void = () => undefined;

  constructor({ objectId, question }: { objectId: string; question: Question }, databaseUrl = world.appUrl) {
    const looking: Looking = { databaseUrl, vault: join(world.folder, 'vault'), keys: join(world.folder, 'keys'), scope, question, objectId };
    this.child = fork(join(repositoryRoot, 'test/support/looker.ts'), [JSON.stringify(looking)], { execArgv: ['--import', join(repositoryRoot, 'test/support/typescript.mjs')] });
    this.child.on('message', (look: Look) => {
      this.looks.push(look);
      this.told();
    });
    this.child.on('exit', () => this.told());
    lookers.push(this);
  }

  /** Resolves when a look of the kind comes from here on. */
  async next(fits: (look: Look) => boolean): Promise<Look> {
    for (let seen = this.looks.length; ; ) {
      const found = this.looks.slice(seen).find(fits);
      if (found) return found;
      seen = this.looks.length;
      if (this.child.exitCode !== null) throw new Error('the looker has ended');
      await new Promise<void>((told) => (this.told = told));
    }
  }

  /** How long after `since` it was refused, having had the key until then. */
  refusedAfter(since: number): number {
    return this.looks.find(refused)!.at - since;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((end) => this.child.once('exit', end));
    this.child.disconnect();
    await ended;
  }
}

/** Connections that listened, by process of Postgres, and when they lived, in Unix milliseconds by its clock: until they were last told to end. */
type Lives = Map<number, { from: number; until: number }>;

/** A connection that listens is trusted once it has answered a question, and is asked the first one after this long. */
const FIRST_BEAT_MS = 150;

/** Ends every connection that listens; adds those that it found to `lives`. */
async function kill(lives: Lives = new Map()): Promise<Lives> {
  const found = await owner.query<{ pid: number; began: Date; now: Date }>(
    `select pid, backend_start as began, pg_terminate_backend(pid), clock_timestamp() as now from pg_stat_activity where datname = current_database() and application_name like 'backlot listens%'`,
  );
  for (const { pid, began, now } of found.rows) lives.set(pid, { from: began.getTime(), until: now.getTime() });
  return lives;
}

const kept = (look: Look): boolean => look.kept;
const refused = (look: Look): boolean => look.got === 'refusal';

describe('a kept key is used no more within a second of the commit, in every process', () => {
  test.each<[string, (film: { titleId: string; licenceId: string }) => Promise<unknown>]>([
    ['a hold on the title', ({ titleId }) => rights.holds.place(scope, { titleId, why: 'A court order' })],
    ['a hold on the licence', ({ licenceId }) => rights.holds.place(scope, { licenceId, why: 'The licensor has called' })],
    ['a hold on a performer who appears in it', ({ titleId }) => rights.holds.place(scope, { performer: 'urn:test:performer:1', appearsIn: [titleId], why: 'Consent is disputed' })],
    ['a further licence that does not allow it', async ({ titleId }) => rights.licences.attach(scope, titleId, [await licence(rights, scope, ['ingest'])])],
    ['the suspension of the licence', ({ licenceId }) => rights.licences.suspend(scope, licenceId, 'Payment is late')],
    ['the withdrawal of the licence', ({ licenceId }) => rights.licences.withdraw(scope, licenceId, 'It is over')],
    ['a hold on the whole studio', () => rights.holds.place(scope, { studio: true, why: 'Stop' })],
  ])('%s', async (what, end) => {
    const one = await film();
    const both = [new Looker(one), new Looker(one)];
    await Promise.all(both.map((looker) => looker.next(kept)));
    await end(one);
    const committed = Date.now();
    await Promise.all(both.map((looker) => looker.next(refused)));
    measured[what] = Math.max(...both.map((looker) => looker.refusedAfter(committed)));
    expect(measured[what]).toBeLessThan(1_000);
    // And it stays refused.
    for (const looker of both) {
      const from = looker.looks.findIndex(refused);
      await looker.next(() => true);
      expect(looker.looks.slice(from).filter((look) => look.got === 'key')).toEqual([]);
    }
    for (const hold of (await rights.holds.page(scope, { first: 100 }, { inForce: true })).items) await rights.holds.lift(scope, hold.id, 'Settled');
  });

  test('what is lifted is open again', async () => {
    const one = await film();
    const looker = new Looker(one);
    await looker.next(kept);
    const hold = await rights.holds.place(scope, { titleId: one.titleId, why: 'A court order' });
    expect((await looker.next(refused)).why).toContain('A court order');
    await rights.holds.lift(scope, hold.id, 'The court has withdrawn it');
    await looker.next((look) => look.got === 'key');
    await looker.next(kept);
  });

  test("another studio's hold ends nothing here", async () => {
    const one = await film();
    const looker = new Looker(one);
    await looker.next(kept);
    const other = await world.studio('Other');
    const before = looker.looks.length;
    await rights.holds.place(other, { studio: true, why: 'Stop' });
    for (let i = 0; i < 30; i++) await looker.next(() => true);
    expect(looker.looks.slice(before).filter((look) => !look.kept)).toEqual([]);
  });
});

describe('while a process may miss the news, it uses nothing that it kept', () => {
  test('its listening connection is killed again and again', async () => {
    const one = await film();
    const looker = new Looker(one);
    await looker.next(kept);
    const lives = await kill();
    let killing = true;
    const killer = (async () => {
      while (killing) await kill(lives);
    })();
    await looker.next((look) => look.got === 'key' && !look.kept);
    // Also the connection that it makes anew is killed.
    while (lives.size < 3) await looker.next(() => true);
    await rights.holds.place(scope, { titleId: one.titleId, why: 'A court order' });
    const committed = Date.now();
    await looker.next(refused);
    killing = false;
    await killer;
    measured['listener killed'] = looker.refusedAfter(committed);
    expect(measured['listener killed']).toBeLessThan(1_000);
    // On a busy machine one that was made anew may live long enough to be heard from before the next kill: what was kept meanwhile was rightly used.
    const heard = [...lives.values()].map(({ from, until }) => ({ from: from + FIRST_BEAT_MS, until })).filter(({ from, until }) => from < until);
    // The end of a connection may be noticed a moment later; from then on nothing that was kept was used.
    expect(looker.looks.filter((look) => look.kept && !heard.some(({ from, until }) => look.began >= from && look.began <= until + 250))).toEqual([]);
  });

  test('the last answer on its listening connection and the end of it come at once', async () => {
    const wall = await Wall.before(new URL(world.appUrl));
    try {
      const one = await film();
      const looker = new Looker(one, wall.url);
      await looker.next(kept);
      await wall.keepBack();
      expect((await kill()).size).toBe(1);
      // From the moment at which it knows, it keeps nothing anew …
      const from = looker.looks.indexOf(await looker.next((look) => look.got === 'key' && !look.kept));
      await rights.holds.place(scope, { titleId: one.titleId, why: 'A court order' });
      const until = looker.looks.indexOf(await looker.next(refused));
      expect(looker.looks.slice(from, until).filter(kept)).toEqual([]);
      // … that could be used when it listens again, to news that came before.
      wall.open();
      while ((await owner.query(`select from pg_stat_activity where datname = current_database() and application_name like 'backlot listens%' and query = 'select'`)).rowCount === 0) await looker.next(() => true);
      for (let i = 0; i < 30; i++) await looker.next(() => true);
      expect(looker.looks.slice(until).filter((look) => !refused(look))).toEqual([]);
    } finally {
      await Promise.all(lookers.splice(0).map((looker) => looker.stop()));
      wall.close();
    }
  });

  test('its listening connection goes silent, as behind a wall that drops packets', async () => {
    const wall = await Wall.before(new URL(world.appUrl));
    try {
      const one = await film();
      const looker = new Looker(one, wall.url);
      await looker.next(kept);
      expect(wall.silence()).toBe(1);
      await rights.holds.place(scope, { titleId: one.titleId, why: 'A court order' });
      const committed = Date.now();
      await looker.next(refused);
      measured['listener silent'] = looker.refusedAfter(committed);
      expect(measured['listener silent']).toBeLessThan(1_000);
    } finally {
      await Promise.all(lookers.splice(0).map((looker) => looker.stop()));
      wall.close();
    }
  });
});

/** A way to Postgres that does to connections that listen what a network does to them. */
class Wall {
  private readonly listening = new Set<{ there: net.Socket; here: net.Socket }>();
  private readonly sockets = new Set<net.Socket>();
  private silent = false;
  private shut = false;
  private held: Buffer[] | undefined;
  private holds: () => void = () => undefined;
  url = '';

  private constructor(private readonly server: net.Server) {}

  static async before(target: URL): Promise<Wall> {
    const server = net.createServer();
    const wall = new Wall(server);
    server.on('connection', (here) => {
      const there = net.connect(Number(target.port), target.hostname);
      for (const socket of [here, there]) {
        wall.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => (here.destroySoon(), there.destroySoon()));
      }
      let listens = false;
      here.on('data', (bytes) => {
        if (wall.shut && bytes.includes('backlot listens')) here.destroy();
        if (bytes.includes('listen "')) {
          listens = true;
          wall.listening.add({ there, here });
        }
        if (!(listens && wall.silent)) there.write(bytes);
      });
      there.on('data', (bytes) => {
        if (listens && wall.held) {
          wall.held.push(bytes);
          wall.holds();
        } else if (!(listens && wall.silent)) here.write(bytes);
      });
      there.on('end', () => {
        if (!listens || !wall.held) return;
        here.write(Buffer.concat(wall.held));
        wall.held = undefined;
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    wall.url = Object.assign(new URL(target), { host: `127.0.0.1:${(server.address() as net.AddressInfo).port}` }).toString();
    return wall;
  }

  /**
   * Keeps back what the server says on the connection that listens until the server ends it, then gives all of it at once; another one
   * is let through only after `open`. Resolves when an answer is kept back.
   */
  async keepBack(): Promise<void> {
    this.shut = true;
    const answered = new Promise<void>((holds) => (this.holds = holds));
    this.held = [];
    await answered;
  }

  open(): void {
    this.shut = false;
  }

  /** How many connections, open as they are, let nothing through from now on. */
  silence(): number {
    this.silent = true;
    return this.listening.size;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
