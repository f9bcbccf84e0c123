import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LOOK } from '#libs/curation';
import { newId, rows } from '#libs/platform';
import { type Api, furnish, makeApi, type TestStudio } from '../support/api.js';

let api: Api;
let a: { title: string; shots: string[] };
let b: { title: string; shots: string[] };
beforeAll(async () => {
  api = await makeApi();
  a = await shotsOf(api.a);
  b = await shotsOf(api.b);
}, 60_000);
afterAll(() => api.close());

/** Three shots in both studios the same. */
async function shotsOf(studio: TestStudio): Promise<{ title: string; shots: string[] }> {
  const { title, master } = await furnish(api, studio);
  const shots = [newId(), newId(), newId()].sort();
  const scope = { studioId: studio.scope.studioId };
  await api.services.database.inStudio(scope, async () => {
    for (const [n, id] of shots.entries()) {
      await rows(`insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, sentence) values ($1, $2, $3, $4, $5, 0, 9, 0, 10, '{}', $6, $7)`, [id, scope.studioId, title, master, 10 + n, { brightness: n / 10 }, n < 2 ? `A kingfisher dives, take ${n}.` : 'A shot.']);
    }
    await api.services.curation.search.vectors.write(scope, LOOK, shots.map((shotId, n) => ({ shotId, vector: Float32Array.from({ length: 1280 }, (_, at) => Math.sin(at + n)) })));
  });
  await api.services.curation.search.index.run({ jobId: newId(), scope, subjectId: scope.studioId, payload: {}, attempt: 1, signal: new AbortController().signal, progress: () => undefined });
  return { title, shots };
}

const search = `query ($query: ShotQuery!, $first: Int = 10, $after: String) { searchShots(query: $query, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { shot { id sentence keyframes { url } } title { id name } words meaning look facts { measure { name unit kind } value } } } }`;
interface Hits {
  totalCount: number | null;
  pageInfo: { hasNextPage: boolean; endCursor: string };
  nodes: { shot: { id: string }; words: string[]; look: number | null; facts: unknown[] }[];
}

test('every role finds shots by words, facts and example, a page at a time, and is told why', async () => {
  for (const browser of Object.values(api.a.as)) {
    const ask = async (query: object, more: object = {}): Promise<Hits> => {
      const answer = await browser.graphql(search, { query, ...more });
      expect(answer.errors).toBeUndefined();
      return answer.data!.searchShots as Hits;
    };
    const page = await ask({ words: 'kingfishers' }, { first: 1 });
    expect(page).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true }, nodes: [{ shot: { id: a.shots[0] }, title: { id: a.title, name: 'Title' }, words: ['kingfisher'], look: null, facts: [] }] });
    expect((await ask({ words: 'kingfishers' }, { first: 1, after: page.pageInfo.endCursor })).nodes.map(({ shot }) => shot.id)).toEqual([a.shots[1]]);
    const bright = await ask({ conditions: [{ measure: 'brightness', comparison: 'AT_LEAST', threshold: 0.1 }] });
    expect(bright).toMatchObject({ totalCount: null, nodes: [{ shot: { id: a.shots[1] }, facts: [{ measure: { name: 'brightness', unit: 'of 1', kind: 'NUMBER' }, value: 0.1 }] }, { shot: { id: a.shots[2] } }] });
    const like = await ask({ likeShotId: a.shots[0], conditions: [{ measure: 'brightness', comparison: 'AT_LEAST', threshold: 0.2 }] });
    expect(like.nodes.map(({ shot, look }) => [shot.id, look?.toFixed(1)])).toEqual([[a.shots[2], '-0.4']]);
  }
});

test('what cannot be asked is refused in words', async () => {
  const answer = await api.a.as.editor.graphql(search, { query: {} });
  expect(answer.errors).toMatchObject([{ message: 'Nothing is asked for: neither words, nor an example, nor a condition.', extensions: { code: 'BAD_SEARCH', wayOut: 'Correct it and search again.' } }]);
  expect((await api.a.as.editor.graphql(search, { query: { words: 'x' }, first: 101 })).errors).toMatchObject([{ extensions: { code: 'BAD_PAGE' } }]);
  expect((await api.a.as.editor.graphql(search, { query: { words: 'x' }, after: 'x' })).errors).toMatchObject([{ extensions: { code: 'BAD_CURSOR' } }]);
});

test('what if another studio asks? Its own shots alone, and the count of them', async () => {
  for (const query of [{ words: 'kingfisher' }, { conditions: [{ measure: 'brightness', comparison: 'AT_MOST', threshold: 1 }] }, { likeShotId: b.shots[0] }, { titleIds: [b.title] }]) {
    const answer = await api.b.as.admin.graphql(search, { query });
    expect(answer.errors).toBeUndefined();
    const hits = answer.data!.searchShots as Hits;
    expect(hits.nodes.filter(({ shot }) => a.shots.includes(shot.id))).toEqual([]);
    expect(hits.nodes.length).toBeGreaterThan(0);
    // b's own three and the one that it is furnished with.
    expect(hits.totalCount ?? 0).toBeLessThanOrEqual(4);
  }
  expect((await fetch(new URL('/graphql', api.url), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: search, variables: { query: { words: 'x' } } }) }).then((answer) => answer.json())) as object).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
});
