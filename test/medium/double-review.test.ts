// Two members review a title without seeing what the other says; what both say is written, and a third settles the rest.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newId, row, rows } from '#libs/platform';
import { type Answer, type Api, Browser, makeApi, PASSWORD } from '../support/api.js';

let api: Api;
let ines: Browser;
let ada: Browser;
let tom: Browser;
beforeAll(async () => {
  api = await makeApi();
  ines = api.a.as.archivist;
  ada = api.a.as.admin;
  await api.services.access.createMember(api.a.scope, { name: 'Tom', email: 'tom@aurora.test', password: PASSWORD, roles: ['archivist'] });
  tom = new Browser(api.url);
  await tom.signIn('tom@aurora.test');
}, 60_000);
afterAll(() => api.close());

const times = Array.from({ length: 101 }, (_, frame) => 1000 + frame * 10 + (frame % 3));

interface Seen {
  id: string;
  number: number;
  first: number;
  last: number;
  entry: { kind: string };
  sentence: string;
  labels: Record<string, { value: unknown; source: string; by?: string } | undefined>;
  review: { version: number; reviewedBy: string | null; opinion: object | null };
}

let title: string;
/** Ten shots of ten frames, each with one person in it, indoors; the later the more doubtful. */
beforeEach(async () => {
  title = await film(10);
});

async function film(count: number): Promise<string> {
  const { scope } = api.a;
  const [id, master] = [newId(), newId()];
  await api.services.database.inStudio(scope, async () => {
    await rows(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [id, scope.studioId]);
    await rows(`insert into master (id, studio_id, title_id, file_name, bytes, state) values ($1, $2, $3, 'film.mp4', 10, 'sealed')`, [master, scope.studioId, id]);
    await rows(`insert into analysis (master_id, studio_id, title_id, frames, time_base, start_pts, duration_pts, width, height, detector, decision_id) values ($1, $2, $3, $5, '1/1000', 1000, 1000, 64, 64, 'test', $4)`, [master, scope.studioId, id, newId(), count * 10]);
    await api.services.rights.exclusions.register(scope, { titleId: id, rate: '100', even: false, timeBase: '1/1000', times });
    await rows(
      `insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, labels, caption, sentence)
       select gen_random_uuid(), $1, $2, $3, n, n * 10, n * 10 + 9, n * 10, n * 10 + 10, case when n = 0 then '{"kind":"start","confidence":1}'::jsonb else jsonb_build_object('kind', 'cut', 'confidence', 1 - n / $4::float8 / 2) end,
         '{}', '{"people":{"value":1,"source":"modelled"},"place":{"value":"indoors","source":"modelled"},"objects":[{"value":"lamp","source":"modelled"}]}', '{"place":{"value":"indoors","source":"modelled"}}', 'Shot ' || n || '.' from generate_series(0, $4 - 1) n`,
      [scope.studioId, id, master, count],
    );
  });
  return id;
}

const shotFields = 'id number first last entry sentence labels review { version reviewedBy opinion { kind frame sentence } }';
async function shots(by = tom): Promise<Seen[]> {
  const answer = await by.graphql(`query ($id: ID!) { title(id: $id) { shots(first: 100) { nodes { ${shotFields} } } } }`, { id: title });
  expect(answer.errors).toBeUndefined();
  return (answer.data!.title as { shots: { nodes: Seen[] } }).shots.nodes;
}

const field = (answer: Answer): Record<string, unknown> => {
  expect(answer.errors).toBeUndefined();
  return Object.values(answer.data!)[0] as Record<string, unknown>;
};
const refused = '... on Refused { code message wayOut }';
const ask = async (by = ines): Promise<object> => field(await by.graphql(`mutation ($id: ID!) { askDoubleReview(titleId: $id) { __typename ... on DoubleReview { askedBy endedAt } ${refused} } }`, { id: title }));
const end = async (by = ines): Promise<object> => field(await by.graphql(`mutation ($id: ID!) { endDoubleReview(titleId: $id) { __typename ... on DoubleReview { askedBy endedAt } ${refused} } }`, { id: title }));
const told = `__typename ... on ShotDecision { outcome opinion { memberName kind frame first inside labels sentence } } ${refused}`;
const say = (name: string) => async (by: Browser, shot: Seen, input: object = {}): Promise<Record<string, unknown>> => field(await by.graphql(`mutation ($id: ID!, $version: Int!, $input: OpinionInput!) { ${name}(id: $id, version: $version, input: $input) { ${told} } }`, { id: shot.id, version: shot.review.version, input }));
const decide = say('decideShot');
const settle = say('settleShot');

interface Standing {
  doubleReview: {
    endedAt: string | null;
    decided: number;
    waiting: { totalCount: number; nodes: { number: number }[] };
    disputes: { totalCount: number; nodes: { shot: { number: number }; one: Record<string, unknown>; other: Record<string, unknown> }[] };
    mine: { totalCount: number };
  } | null;
  agreement: { shots: number; agreed: number; share: number; items: { about: string; shots: number; same: number; share: number; kappa: number | null }[]; boundary: object | null } | null;
}
async function standing(by: Browser, first = 100): Promise<Standing> {
  const said = 'memberName kind frame first inside labels sentence';
  const answer = await by.graphql(
    `query ($id: ID!, $first: Int!) { title(id: $id) { review { doubleReview { endedAt decided waiting(first: $first) { totalCount nodes { number } } disputes(first: $first) { totalCount nodes { shot { number } one { ${said} } other { ${said} } } } mine: disputes(first: 1, mine: true) { totalCount } } agreement { shots agreed share items { about shots same share kappa } boundary { shots exact meanFrames mostFrames } } } } }`,
    { id: title, first },
  );
  expect(answer.errors).toBeUndefined();
  return (answer.data!.title as { review: Standing }).review;
}

describe('neither of the two sees what the other says until both have decided', () => {
  test('what the first says changes nothing and is nowhere to be read, by anybody', async () => {
    await ask();
    const before = await shots();
    const marks = [/A dog runs/, /several/, /:57[,}]/];
    expect(await decide(ines, before[5]!, { entry: { kind: 'cut', first: 57 }, labels: [{ label: 'people', values: ['several'] }], sentence: 'A dog runs.' })).toMatchObject({ outcome: 'WAITING', opinion: { frame: 57, labels: { people: 'several', place: 'indoors', objects: ['lamp'] } } });
    expect(await shots()).toEqual(before);
    for (const by of [ada, tom, api.a.as.editor, api.a.as.compliance]) {
      const all = await by.graphql(
        `query ($id: ID!) { title(id: $id) { shots(first: 100) { nodes { first last entry sentence caption labels corrections { after } review { reviewedBy opinion { sentence } } } }
           review { reviewed reviewers { memberName } quality { detected } mistakes(first: 9) { totalCount } truth disagreements(first: 9) { totalCount } edits(first: 9) { totalCount nodes { after } }
             doubleReview { decided waiting(first: 100) { totalCount nodes { id sentence } } disputes(first: 9) { totalCount nodes { one { sentence } } } } agreement { shots } } }
         reviewQueue(first: 100, titleId: $id) { nodes { first sentence labels } totalCount } doubleReviews(first: 9) { totalCount } }`,
        { id: title },
      );
      expect(all.errors).toBeUndefined();
      expect(marks.filter((mark) => mark.test(JSON.stringify(all.data)))).toEqual([]);
      const { review } = all.data!.title as { review: { reviewed: number; reviewers: object[]; edits: { totalCount: number }; doubleReview: { decided: number; waiting: { totalCount: number } }; agreement: null } };
      expect(review).toMatchObject({ reviewed: 0, reviewers: [], edits: { totalCount: 0 }, doubleReview: { decided: 0, waiting: { totalCount: 10 } }, agreement: null });
    }
    const entries = await api.a.as.compliance.graphql(`{ log { entries(first: 5) { nodes { payload } } } }`);
    expect(marks.filter((mark) => mark.test(JSON.stringify((entries.data!.log as { entries: { nodes: object[] } }).entries.nodes[0])))).toEqual([]);
    // The one who said it still sees it, and their queue goes on.
    expect((await shots(ines))[5]!.review.opinion).toEqual({ kind: 'cut', frame: 57, sentence: 'A dog runs.' });
    expect((await standing(ines)).doubleReview).toMatchObject({ decided: 1, waiting: { totalCount: 9 } });
  });

  test('until the other has decided a slip is put right; afterwards no more', async () => {
    await ask();
    const shot = (await shots())[5]!;
    await decide(ines, shot, { none: true });
    await decide(ines, shot, { entry: { kind: 'cut', first: 52 } });
    expect(await decide(ada, shot, { entry: { kind: 'cut', first: 53 } })).toMatchObject({ outcome: 'DISPUTED' });
    expect(await decide(ines, shot, { entry: { kind: 'cut', first: 53 } })).toMatchObject({ code: 'BOTH_DECIDED' });
    expect(await decide(tom, shot)).toMatchObject({ code: 'BOTH_DECIDED' });
    expect((await standing(tom)).doubleReview!.disputes.nodes).toMatchObject([{ shot: { number: 5 }, one: { memberName: 'archivist of Aurora', frame: 52 }, other: { memberName: 'admin of Aurora', frame: 53 } }]);
  });

  test('meanwhile the shots are changed in no other way, and can be again when it has ended', async () => {
    const [, shot] = await shots();
    const accepted = field(await ines.graphql(`mutation ($id: ID!) { acceptShot(id: $id, version: 0) { ... on ShotEdit { id } } }`, { id: shot!.id })) as { id: string };
    await api.services.curation.labels.write(api.a.scope, shot!.id, 'people', ['2']);
    const [correction] = (await api.services.curation.correctionsOf(api.a.scope, [shot!.id])).get(shot!.id)!;
    await ask();
    const before = await shots();
    const ways = [
      `changeEntry(id: $id, version: 1, input: { kind: "cut", first: 12 }) { ${refused} }`,
      `splitShot(id: $id, version: 1, input: { kind: "cut", first: 14 }) { ${refused} }`,
      `mergeShot(id: $id, version: 1) { ${refused} }`,
      `acceptShot(id: $id, version: 1) { ${refused} }`,
      `acceptShots(titleId: "${title}", confidence: 0) { ${refused} }`,
      `undoShotEdit(id: "${accepted.id}") { ${refused} }`,
      `labelShot(id: $id, label: "people", values: ["1"]) { ${refused} }`,
      `undoCorrection(id: "${correction!.id}") { ${refused} }`,
      `correctShot(id: $id, field: "sentence", value: "Other.") { ${refused} }`,
      `describeShots(titleId: "${title}") { ${refused} }`,
      `askDoubleReview(titleId: "${title}") { ${refused} }`,
    ];
    const answers = async (): Promise<unknown[]> => Promise.all(ways.map(async (way) => (field(await ada.graphql(`mutation${way.includes('$id') ? ' ($id: ID!)' : ''} { ${way} }`, { id: shot!.id })) as { code?: string }).code));
    expect(new Set(await answers())).toEqual(new Set(['REVIEWED_TWICE']));
    expect(await shots()).toEqual(before);
    expect(await end()).toMatchObject({ endedAt: expect.any(String) });
    expect(await answers()).not.toContain('REVIEWED_TWICE');
  });
});

describe('what both say is written into the shot', () => {
  test('as it stands, another place and kind, none at all, and one that was not seen', async () => {
    await ask();
    const all = await shots();
    const both = async (number: number, input: object): Promise<void> => {
      const shot = async (): Promise<Seen> => (await shots()).find(({ id }) => id === all[number]!.id)!;
      expect(await decide(ines, await shot(), input)).toMatchObject({ outcome: 'WAITING' });
      expect(await decide(ada, await shot(), input)).toMatchObject({ outcome: 'AGREED' });
    };
    await both(0, {});
    await both(2, { entry: { kind: 'dissolve', first: 23, from: 19 }, labels: [{ label: 'people', values: ['several'] }, { label: 'objects', values: ['sofa', 'lamp'] }, { label: 'place', values: [] }], sentence: ' Many  people. ' });
    await both(5, { none: true });
    await both(7, { inside: [{ kind: 'cut', first: 76 }, { kind: 'fade', first: 73, from: 72 }] });
    const now = await shots();
    expect(now.map(({ first, last, entry }) => [first, last, entry.kind])).toEqual([[0, 9, 'start'], [10, 18, 'cut'], [23, 29, 'dissolve'], [30, 39, 'cut'], [40, 59, 'cut'], [60, 69, 'cut'], [70, 71, 'cut'], [73, 75, 'fade'], [76, 79, 'cut'], [80, 89, 'cut'], [90, 99, 'cut']]);
    expect(now.map(({ number }) => number)).toEqual(now.map((_, number) => number));
    expect(now[2]).toMatchObject({ sentence: 'Many people.', labels: { people: { value: 'several', source: 'written', by: 'admin of Aurora' }, objects: [{ value: 'lamp' }, { value: 'sofa' }] } });
    expect(now[2]!.labels.place).toBeUndefined();
    expect(now.map(({ review }) => review.reviewedBy !== null)).toEqual([true, false, true, false, false, false, true, true, true, false, false]);
    // Both are told among who reviewed it, and none of it is a disagreement.
    const answer = await tom.graphql(`query ($id: ID!) { title(id: $id) { review { reviewers { memberName shots } disagreements(first: 1) { totalCount } } } }`, { id: title });
    expect((answer.data!.title as { review: object }).review).toMatchObject({ disagreements: { totalCount: 0 }, reviewers: [{ shots: 6 }, { memberName: 'archivist of Aurora', shots: 4 }] });
  });

  test('the last of them ends it, and asked for again it has nothing to do', async () => {
    await ask();
    for (const by of [ines, ada]) for (const shot of await shots()) await decide(by, shot);
    expect(await standing(tom)).toMatchObject({ doubleReview: { endedAt: expect.any(String) }, agreement: { shots: 10, agreed: 10, share: 1 } });
    expect(await ask()).toMatchObject({ code: 'NOTHING_TO_REVIEW' });
    expect(await decide(tom, (await shots())[3]!)).toMatchObject({ code: 'NOT_ASKED' });
  });

  test('of two who decide at the same moment one is the second', async () => {
    await ask();
    const shot = (await shots())[4]!;
    const answers = await Promise.all([ines, ada, tom].map((by) => decide(by, shot)));
    expect(answers.map(({ outcome, code }) => code ?? outcome).sort()).toEqual(['AGREED', 'CHANGED_MEANWHILE', 'WAITING']);
    expect((await standing(tom)).agreement).toMatchObject({ shots: 1, agreed: 1 });
  });
});

describe('where the two differ a third settles it', () => {
  test.each([
    ['where it begins', { entry: { kind: 'cut', first: 51 } }],
    ['how', { entry: { kind: 'wipe', first: 50, from: 48 } }],
    ['whether', { none: true }],
    ['what was not seen inside', { inside: [{ kind: 'cut', first: 55 }] }],
    ['a label', { labels: [{ label: 'place', values: ['outdoors'] }] }],
    ['that there is none of it', { labels: [{ label: 'people', values: [] }] }],
    ['the caption', { sentence: 'Something else.' }],
  ])('%s', async (_what, input) => {
    await ask();
    const shot = (await shots())[5]!;
    await decide(ines, shot, input);
    const before = await shots();
    expect(await decide(ada, shot)).toMatchObject({ outcome: 'DISPUTED' });
    expect(await shots()).toEqual(before.map((one) => ({ ...one, review: expect.anything() })));
    for (const one of [ines, ada]) expect(await settle(one, shot, input)).toMatchObject({ code: 'ONE_OF_THE_TWO' });
    expect([(await standing(ines)).doubleReview!.mine.totalCount, (await standing(tom)).doubleReview!.mine.totalCount]).toEqual([0, 1]);
    expect(await settle(tom, shot, input)).toMatchObject({ outcome: 'SETTLED' });
    expect((await standing(tom)).doubleReview!.disputes.totalCount).toBe(0);
    expect((await shots()).find(({ id }) => id === shot.id)?.review.reviewedBy ?? null).toBe('none' in input ? null : 'Tom');
    expect((await standing(tom)).agreement).toMatchObject({ shots: 1, agreed: 0, share: 0 });
  });

  test('not before both have decided, not twice, and not on what is settled', async () => {
    await ask();
    const [, , shot, other] = await shots();
    expect(await settle(tom, shot!)).toMatchObject({ code: 'NOT_DISPUTED' });
    await decide(ines, shot!);
    expect(await settle(tom, shot!)).toMatchObject({ code: 'NOT_DISPUTED' });
    await decide(ada, shot!, { none: true });
    await settle(tom, shot!);
    expect(await settle(tom, shot!)).toMatchObject({ code: 'CHANGED_MEANWHILE' });
    expect(await settle(tom, (await shots())[2]!)).toMatchObject({ code: 'ALREADY_REVIEWED' });
    expect(await settle(tom, { ...other!, id: newId() })).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('what is left when it is ended waits for an ordinary review, and goes on where it stood when it is asked for again', async () => {
    await ask();
    const [, , shot, alone] = await shots();
    await decide(ines, alone!, { sentence: 'Mine.' });
    await decide(ines, shot!);
    await decide(ada, shot!, { none: true });
    await end();
    expect((await standing(tom)).doubleReview).toMatchObject({ waiting: { totalCount: 0 }, disputes: { totalCount: 0 } });
    expect(await decide(tom, shot!)).toMatchObject({ code: 'NOT_ASKED' });
    expect(JSON.stringify(await standing(tom)) + JSON.stringify(await shots())).not.toContain('Mine.');
    await ask(ada);
    expect(await settle(tom, shot!)).toMatchObject({ outcome: 'SETTLED' });
    expect(await decide(ada, alone!, { sentence: 'Mine.' })).toMatchObject({ outcome: 'AGREED' });
  });
});

describe('what cannot be is refused, and nothing is kept of it', () => {
  test.each([
    ['none of the first shot', 0, { none: true }, 'BAD_BOUNDARY'],
    ['another beginning of the film', 0, { entry: { kind: 'cut', first: 3 } }, 'BAD_BOUNDARY'],
    ['a cut beyond its end', 5, { entry: { kind: 'cut', first: 60 } }, 'BAD_BOUNDARY'],
    ['one inside before it begins', 5, { entry: { kind: 'cut', first: 55 }, inside: [{ kind: 'cut', first: 54 }] }, 'BAD_BOUNDARY'],
    ['two inside at one frame', 5, { inside: [{ kind: 'cut', first: 54 }, { kind: 'cut', first: 54 }] }, 'BAD_BOUNDARY'],
    ['none and something else', 5, { none: true, sentence: 'x' }, 'BAD_DECISION'],
    ['a label that is none', 5, { labels: [{ label: 'mood', values: ['sad'] }] }, 'UNKNOWN_FIELD'],
    ['a value that is none', 5, { labels: [{ label: 'people', values: ['9'] }] }, 'BAD_LABEL'],
    ['no words', 5, { sentence: ' ' }, 'BAD_CAPTION'],
  ])('%s', async (_what, number, input, code) => {
    await ask();
    expect(await decide(ines, (await shots())[number]!, input)).toMatchObject({ code });
    expect((await standing(ines)).doubleReview!.decided).toBe(0);
  });
});

test('agreement: shares, kappa and frames are those of a known table', async () => {
  await ask();
  const all = await shots();
  // Of nine transitions ines calls 4 wipes and ada 3, both together 2; of ten places ada calls 5 outdoors, of which ines 4, and no other.
  const wipe = (n: number): object => ({ entry: { kind: 'wipe', first: n * 10, from: n * 10 - 1 } });
  const outdoors = { labels: [{ label: 'place', values: ['outdoors'] }] };
  for (const [n, shot] of all.entries()) await decide(ines, shot, { ...([1, 2, 3, 4].includes(n) && wipe(n)), ...(n < 4 && outdoors), ...(n === 9 && { entry: { kind: 'cut', first: 93 } }) });
  // From the end, so that what is written does not change a shot that is still to come.
  for (const [n, shot] of [...all.entries()].reverse()) await decide(ada, (await shots()).find(({ id }) => id === shot.id)!, { ...([3, 4, 5].includes(n) && wipe(n)), ...(n < 5 && outdoors), ...(n === 9 && { entry: { kind: 'cut', first: 95 } }) });
  const { agreement } = await standing(tom);
  const item = (about: string) => agreement!.items.find((one) => one.about === about);
  expect(item('transition')).toMatchObject({ shots: 9, same: 6 });
  // po = 6/9; pe = (4·3 + 5·6)/81.
  expect(item('transition')!.kappa).toBeCloseTo((6 / 9 - 42 / 81) / (1 - 42 / 81), 12);
  // po = 9/10; pe = (4·5 + 6·5)/100.
  expect(item('place')!.kappa).toBeCloseTo((0.9 - 0.5) / 0.5, 12);
  expect(item('people')).toEqual({ about: 'people', shots: 10, same: 10, share: 1, kappa: null });
  expect(item('caption')).toEqual({ about: 'caption', shots: 10, same: 10, share: 1, kappa: null });
  expect(agreement!.boundary).toEqual({ shots: 9, exact: 8, meanFrames: 2 / 9, mostFrames: 2 });
  // Shots 1, 2, 5 differ in kind, 4 in place, 9 in frames.
  expect(agreement).toMatchObject({ shots: 10, agreed: 5, share: 0.5 });
  const studio = await tom.graphql(`{ detectorQuality { agreement { shots } } }`);
  expect((studio.data!.detectorQuality as { agreement: { shots: number } }).agreement.shots).toBeGreaterThanOrEqual(10);
});

test('lists come by the page, each shot once', async () => {
  await ask();
  const numbers: number[] = [];
  for (let after: string | null = null; ; ) {
    const answer: Answer = await ada.graphql(`query ($id: ID!, $after: String) { title(id: $id) { review { doubleReview { waiting(first: 3, after: $after) { nodes { number } pageInfo { endCursor hasNextPage } } } } } }`, { id: title, after });
    const { nodes, pageInfo } = (answer.data!.title as { review: { doubleReview: { waiting: { nodes: { number: number }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } } } }).review.doubleReview.waiting;
    numbers.push(...nodes.map(({ number }) => number));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(numbers).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  const all = await shots();
  for (const shot of all) await decide(ines, shot);
  for (const shot of [...all].reverse()) await decide(ada, shot, { sentence: 'Other.' });
  const disputed: string[] = [];
  for (let after: string | null = null; ; ) {
    const answer: Answer = await ada.graphql(`query ($id: ID!, $after: String) { title(id: $id) { review { doubleReview { disputes(first: 4, after: $after) { nodes { shot { id } } pageInfo { endCursor hasNextPage } } } } } }`, { id: title, after });
    const { nodes, pageInfo } = (answer.data!.title as { review: { doubleReview: { disputes: { nodes: { shot: { id: string } }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } } } }).review.doubleReview.disputes;
    disputed.push(...nodes.map(({ shot }) => shot.id));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(disputed.toSorted()).toEqual(all.map(({ id }) => id).toSorted());
});

test('queues and disputes are read from their indexes, however many opinions there are', async () => {
  const { studioId, memberId } = api.a.scope;
  await api.services.database.inStudio(api.a.scope, async () => {
    await rows(`set local enable_seqscan = off`);
    for (const [sql, index] of [
      [`select id from shot s where studio_id = '${studioId}' and title_id = '${title}' and reviewed_at is null and not exists (select from opinion o where o.title_id = '${title}' and o.shot_id = s.id and (o.member_id = '${memberId}' or o.seat = 2)) order by doubt desc, id limit 10`, /shot_unreviewed.*opinion_/s],
      [`select shot_id from opinion where studio_id = '${studioId}' and title_id = '${title}' and outcome = 'disputed' order by shot_id limit 10`, /opinion_disputed/],
      [`select count(*) from opinion where studio_id = '${studioId}' and title_id = '${title}' and member_id = '${memberId}'`, /opinion_of_member/],
      [`select title_id from double_review where studio_id = '${studioId}' and ended_at is null order by id limit 10`, /double_review_open/],
    ] as const) {
      const plan = (await rows<{ 'QUERY PLAN': string }>(`explain ${sql}`)).map((line) => line['QUERY PLAN']).join('\n');
      expect(plan).toMatch(index);
      expect(plan).not.toMatch(/Sort|Seq Scan/);
    }
  });
});

test('each title that is reviewed so is listed until it ends', async () => {
  const listed = async (): Promise<string[]> => ((await tom.graphql(`{ doubleReviews(first: 100) { nodes { id } totalCount } }`)).data!.doubleReviews as { nodes: { id: string }[] }).nodes.map(({ id }) => id);
  expect(await listed()).not.toContain(title);
  await ask();
  expect((await listed()).at(-1)).toBe(title);
  await end();
  expect(await listed()).not.toContain(title);
});

test('another studio sees none of it, and the database takes no third reviewer and no one twice', async () => {
  await ask();
  const [, shot] = await shots();
  await decide(ines, shot!);
  const seen = await api.services.database.inStudio(api.b.scope, async () => [...(await rows(`select from double_review`)), ...(await rows(`select from opinion`)), ...(await rows(`select from agreement`))]);
  expect(seen).toEqual([]);
  expect(await decide(api.b.as.admin, shot!)).toMatchObject({ code: 'NOT_FOUND' });
  const again = (seat: number): Promise<unknown> => api.services.database.inStudio(api.a.scope, () => rows(`insert into opinion (title_id, shot_id, seat, member_id, studio_id, frame, kind, inside, labels, sentence, outcome) select title_id, shot_id, $2, member_id, studio_id, frame, kind, inside, labels, sentence, null from opinion where shot_id = $1`, [shot!.id, seat]));
  await expect(again(3)).rejects.toThrow('opinion_title_id_shot_id_member_id_key');
  await expect(again(4)).rejects.toThrow('opinion_seat_check');
  expect(await api.services.database.inStudio(api.a.scope, () => row(`select count(*)::int as n from opinion where shot_id = $1`, [shot!.id]))).toEqual({ n: 1 });
});
