import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId, rows } from '#libs/platform';
import { type Api, furnish, makeApi, type TestStudio } from '../support/api.js';

const HASH = '1311768467463790320';

let api: Api;
let a: { title: string; shots: string[] };
let b: { title: string; shots: string[] };
beforeAll(async () => {
  api = await makeApi();
  a = await twins(api.a);
  b = await twins(api.b);
}, 60_000);
afterAll(() => api.close());

/** Three shots of one take and one of another, in both studios the same. */
async function twins(studio: TestStudio): Promise<{ title: string; shots: string[] }> {
  const { title, master } = await furnish(api, studio);
  const shots = [newId(), newId(), newId(), newId()].sort();
  await api.services.database.inStudio(studio.scope, async () => {
    for (const [n, id] of shots.entries()) {
      const hash = n === 3 ? '-1' : String(BigInt(HASH) + BigInt(n));
      await rows(`insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures) values ($1, $2, $3, $4, $5, 0, 9, 0, 10, '{}', '{}')`, [id, studio.scope.studioId, title, master, 10 + n]);
      await rows(`insert into print (shot_id, studio_id, title_id, quality, measured_quality, content, hashes) values ($1, $2, $3, $4, $4, 'x', $5::bigint[])`, [id, studio.scope.studioId, title, 100 - n, [hash]]);
      await rows(`insert into print_hash (shot_id, position, studio_id, hash) values ($1, 0, $2, $3)`, [id, studio.scope.studioId, hash]);
    }
  });
  await api.services.curation.duplicates.place(studio.scope);
  return { title, shots };
}

const duplicates = `query ($title: ID!) { title(id: $title) { shots(first: 9) { nodes { id duplicates(first: 2) { totalCount pageInfo { hasNextPage } nodes { mostBits oneBits look shot { id } } } } } } }`;
const clusters = `{ duplicateClusters(first: 1) { totalCount nodes { id size representative { id } others(first: 9) { totalCount nodes { mostBits shot { id } } } } } }`;

test('a shot tells its duplicates, and the studio its clusters; to every role', async () => {
  for (const browser of Object.values(api.a.as)) {
    const answer = await browser.graphql(duplicates, { title: a.title });
    expect(answer.errors).toBeUndefined();
    const shots = (answer.data!.title as { shots: { nodes: { id: string; duplicates: { nodes: { shot: { id: string } }[] } }[] } }).shots.nodes;
    const of = (id: string): unknown => shots.find((shot) => shot.id === id)!.duplicates;
    expect(of(a.shots[0]!)).toEqual({ totalCount: 2, pageInfo: { hasNextPage: false }, nodes: [{ mostBits: 1, oneBits: 1, look: null, shot: { id: a.shots[1] } }, { mostBits: 1, oneBits: 1, look: null, shot: { id: a.shots[2] } }] });
    expect(of(a.shots[3]!)).toEqual({ totalCount: 0, pageInfo: { hasNextPage: false }, nodes: [] });
    expect((await browser.graphql(clusters)).data).toEqual({
      duplicateClusters: { totalCount: 1, nodes: [{ id: a.shots[0], size: 3, representative: { id: a.shots[0] }, others: { totalCount: 2, nodes: a.shots.slice(1, 3).map((id) => ({ mostBits: 1, shot: { id } })) } }] },
    });
  }
});

test('what if another studio asks? Its own shots and clusters alone, though theirs show the same take', async () => {
  const theirs = await api.b.as.admin.graphql(duplicates, { title: a.title });
  expect(theirs).toMatchObject({ data: { title: null } });
  const own = JSON.stringify([await api.b.as.admin.graphql(duplicates, { title: b.title }), await api.b.as.admin.graphql(clusters)]);
  expect(a.shots.filter((id) => own.includes(id))).toEqual([]);
  expect(b.shots.filter((id) => !own.includes(id))).toEqual([]);
  expect((await fetch(new URL('/graphql', api.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: clusters }) }).then((answer) => answer.json())) as object).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
});
