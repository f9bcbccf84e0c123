import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Access } from '#libs/access';
import { newId, rows, type Scope } from '#libs/platform';
import { makeWorld, type World } from '../support/studio.js';

const PASSWORD = 'a long enough password';
let world: World;
let access: Access;
let scope: Scope;
beforeAll(async () => {
  world = await makeWorld();
  access = new Access({ database: world.database });
  scope = { studioId: (await access.createStudio({ name: 'Studio', slug: 'studio' })).id };
}, 60_000);
afterAll(() => world.close());

let count = 0;
/** A member and an address of their own, so that one test's failures are not another's. */
async function someone(): Promise<{ id: string; email: string; address: string }> {
  count += 1;
  const email = `Person${count}@studio.test`;
  const { id } = await access.createMember(scope, { name: `Person ${count}`, email, password: PASSWORD, roles: ['archivist'] });
  return { id, email, address: `192.0.2.${count}` };
}
const entries = (type: string) => world.database.inStudio(scope, () => rows<{ payload: Record<string, unknown> }>(`select payload from audit_entry where type = $1 order by id`, [type]));
const refusal = (attempt: Promise<unknown>): Promise<{ code: string; message: string; wayOut: string }> => attempt.then(() => { throw new Error('was let in'); }, (error: { code: string; message: string; wayOut: string }) => ({ code: error.code, message: error.message, wayOut: error.wayOut }));

describe('sign-in', () => {
  test('the right password opens a session, whatever the case of the e-mail; the log says so', async () => {
    const { id, email, address } = await someone();
    const { token, member, expiresAt } = await access.signIn(` ${email.toUpperCase()} `, PASSWORD, address);
    expect(member).toMatchObject({ id, roles: ['archivist'] });
    expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
    expect(await access.session(token)).toEqual({ studioId: scope.studioId, memberId: id, roles: ['archivist'], name: member.name });
    expect((await entries('sign-in')).at(-1)!.payload).toMatchObject({ member: id });
  });

  test('the database holds neither the password nor the token', async () => {
    const { email, address } = await someone();
    const { token } = await access.signIn(email, PASSWORD, address);
    const [session] = await world.database.inStudio(scope, () => rows<{ text: string }>(`select session::text as text from session order by id desc limit 1`));
    const [member] = await world.database.inStudio(scope, () => rows<{ password_hash: string }>(`select password_hash from member where email = $1`, [email]));
    expect(session!.text).not.toContain(token);
    expect(member!.password_hash).toMatch(/^\$argon2id\$/);
  });

  test('a wrong password, an unknown e-mail and a password of a megabyte are one answer; the known member\'s log says so', async () => {
    const { id, email, address } = await someone();
    const wrong = await refusal(access.signIn(email, 'not the password', address));
    expect(wrong.code).toBe('SIGN_IN_REFUSED');
    expect(await refusal(access.signIn(`nobody-${newId()}@studio.test`, PASSWORD, address))).toEqual(wrong);
    expect(await refusal(access.signIn(email, 'x'.repeat(1_000_000), address))).toEqual(wrong);
    expect((await entries('refusal')).filter(({ payload }) => payload.id === id)).toHaveLength(2);
  });

  test('a disabled member neither signs in nor goes on with an open session', async () => {
    const { id, email, address } = await someone();
    const { token } = await access.signIn(email, PASSWORD, address);
    await world.database.inStudio(scope, () => rows(`update member set disabled_at = now() where id = $1`, [id]));
    expect(await access.session(token)).toBeUndefined();
    expect((await refusal(access.signIn(email, PASSWORD, address))).code).toBe('SIGN_IN_REFUSED');
  });
});

describe('guessing', () => {
  test('after 5 failures the e-mail is refused, even with the right password, from any address', async () => {
    const { email, address } = await someone();
    for (let i = 0; i < 5; i++) expect((await refusal(access.signIn(email, 'guess', address))).code).toBe('SIGN_IN_REFUSED');
    expect((await refusal(access.signIn(email, PASSWORD, '198.51.100.1'))).code).toBe('TOO_MANY_ATTEMPTS');
  });

  test('20 guesses sent at once are 5 guesses', async () => {
    const { email, address } = await someone();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refusal(access.signIn(email, 'guess', address))));
    expect(answers.filter(({ code }) => code === 'SIGN_IN_REFUSED')).toHaveLength(5);
  });

  test('after 20 failures the address is refused for every e-mail', async () => {
    const { email } = await someone();
    const codes = await Promise.all(Array.from({ length: 25 }, (_, i) => refusal(access.signIn(`guess${i}@studio.test`, 'guess', '198.51.100.2'))));
    expect(codes.filter(({ code }) => code === 'SIGN_IN_REFUSED')).toHaveLength(20);
    expect((await refusal(access.signIn(email, PASSWORD, '198.51.100.2'))).code).toBe('TOO_MANY_ATTEMPTS');
  });

  test('15 minutes later it goes on', async () => {
    const { email, address } = await someone();
    for (let i = 0; i < 5; i++) await refusal(access.signIn(email, 'guess', address));
    const owner = await import('pg').then(({ default: pg }) => new pg.Client({ connectionString: world.ownerUrl }));
    await owner.connect();
    await owner.query(`update sign_in_failure set at = at - interval '16 minutes'`);
    await owner.end();
    expect(await access.signIn(email, PASSWORD, address)).toHaveProperty('token');
  });

  test('signing in forgets the failures of the e-mail', async () => {
    const { email, address } = await someone();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await refusal(access.signIn(email, 'guess', `${address}${round}`));
      await access.signIn(email, PASSWORD, `${address}${round}`);
    }
  });
});

describe('sessions and agents', () => {
  test('a session ends with signing out, and at its time', async () => {
    const { email, address } = await someone();
    const first = await access.signIn(email, PASSWORD, address);
    const second = await access.signIn(email, PASSWORD, address);
    await access.signOut((await access.session(first.token))!, first.token);
    expect(await access.session(first.token)).toBeUndefined();
    expect(await access.session(second.token)).toBeDefined();
    await world.database.inStudio(scope, () => rows(`update session set expires_at = now()`));
    expect(await access.session(second.token)).toBeUndefined();
    expect(await access.session('')).toBeUndefined();
  });

  test("an agent's token tells its studio; a new one replaces it; a session's token is none", async () => {
    const { email, address } = await someone();
    const old = await access.createAgent(scope, 'gpu');
    const token = await access.createAgent(scope, 'gpu');
    expect(await access.agent(token)).toMatchObject({ studioId: scope.studioId });
    expect(await access.agent(old)).toBeUndefined();
    expect(await access.agent((await access.signIn(email, PASSWORD, address)).token)).toBeUndefined();
  });

  test.each([
    ['STUDIO_EXISTS', () => access.createStudio({ name: 'Again', slug: 'studio' })],
    ['BAD_SLUG', () => access.createStudio({ name: 'x', slug: '../etc' })],
    ['BAD_PASSWORD', () => access.createMember(scope, { name: 'x', email: 'x@y', password: 'short', roles: ['admin'] })],
    ['BAD_EMAIL', () => access.createMember(scope, { name: 'x', email: 'nobody', password: PASSWORD, roles: ['admin'] })],
    ['BAD_ROLES', () => access.createMember(scope, { name: 'x', email: 'x@y', password: PASSWORD, roles: [] })],
    ['MEMBER_EXISTS', async () => access.createMember(scope, { name: 'x', email: (await someone()).email.toUpperCase(), password: PASSWORD, roles: ['admin'] })],
  ])('%s', async (code, attempt) => expect((await refusal(attempt())).code).toBe(code));
});
