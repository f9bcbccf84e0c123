import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { EndpointCaptioner, MeasuredCaptioner, sentenceOf, captionFor, captionIn, captionQuality } from '#libs/media';
import { Curation, MEASURES, type Media } from '#libs/curation';
import { relayEvents, rows } from '#libs/platform';
import { captionServer, describing, saying, status } from '../support/caption-server.js';
import { FilmStudio } from '../support/film-studio.js';
import { plainMedia, probed } from '../support/films.js';
import { makeWorld, type World } from '../support/studio.js';

jest.setTimeout(120_000);

const ACTIONS = ['ingest', 'curate', 'caption', 'fineTune'];
const parts: Partial<Media> = { ...plainMedia, captionFor, sentenceOf, captionIn };
const server = await captionServer(describing('a red fox', 'crossing a road'));

let world: World;
let a: FilmStudio;
let b: FilmStudio;
beforeAll(async () => {
  world = await makeWorld();
  [a, b] = [await studio('A'), await studio('B')];
});
afterAll(async () => {
  await server.close();
  await world.close();
});

async function studio(name: string): Promise<FilmStudio> {
  return new FilmStudio(world, await world.studio(name), { parts, probe: async () => probed });
}

/** The studio's curation with a captioner at the server; it waits for nobody. */
const asking = ({ rights }: FilmStudio, url = server.url): Curation =>
  new Curation({ ...world, rights, media: { ...plainMedia, ...parts } as Media, models: async () => undefined, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }), captioner: new EndpointCaptioner({ url, model: 'vlm 7b' }, { milliseconds: 2_000, pause: 1, requests: 2 }) });

const film = (studio: FilmStudio, actions = ACTIONS, more = {}): Promise<string> => studio.analysed(randomBytes(4_000), { actions, more });
const shots = async (studio: FilmStudio, titleId: string) => (await studio.curation.shots(studio.scope, titleId, { first: 100 })).items;
const marks = (studio: FilmStudio, titleId: string): Promise<(string | null)[]> => studio.inStudio(async () => (await rows<{ by: string | null }>(`select captioned_by as by from shot where title_id = $1 order by number`, [titleId])).map(({ by }) => by));

describe('shots are described by a model', () => {
  test('a licence that says captioning: keyframes are opened under a decision that says where they go, and the shots say what was answered', async () => {
    server.reply(describing('a red fox', 'crossing a road'));
    server.asked.length = 0;
    const titleId = await film(a);
    const curation = asking(a);
    await curation.captions.job.run(a.context(titleId));
    const described = await shots(a, titleId);
    expect(described.every(({ caption }) => caption.subject?.value === 'a red fox' && caption.action?.by === 'vlm 7b' && caption.subject.source === 'modelled')).toBe(true);
    expect(described[0]!.sentence).toMatch(/^A shot of a red fox crossing a road/);
    expect(server.asked).toHaveLength(7);
    expect(server.asked.map(({ images }) => images[0]!.toString().slice(0, 7)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `still ${n}`));
    const decisions = await a.inStudio(() => rows<{ action: string; actor: string; outcome: string; releases: string }>(`select action, actor, outcome, (select count(*) from key_release r where r.decision_id = d.id) as releases from decision d where scope_id = $1 and action = 'caption'`, [titleId]));
    expect(decisions).toEqual([{ action: 'caption', actor: `worker: captions by vlm 7b, keyframes sent to ${server.url}`, outcome: 'permit', releases: '7' }]);
    expect(await a.count(`from audit_entry where type = 'decision' and payload->>'actor' like $1`, `%keyframes sent to ${server.url}`)).toBe(1);
    const analysis = (await curation.analysesOf(a.scope, [titleId])).get(titleId)!;
    expect(analysis.captioner).toMatchObject({ name: 'vlm 7b', sendsTo: server.url, shots: 7, unusable: 0 });
  });

  test('a licence that does not say captioning: no picture is opened or sent, and the refusal is in the log', async () => {
    server.asked.length = 0;
    const titleId = await film(a, ['ingest', 'curate', 'fineTune']);
    await expect(asking(a).captions.job.run(a.context(titleId))).rejects.toMatchObject({ code: 'LICENCE_REFUSED' });
    expect(server.asked).toEqual([]);
    expect(await a.count(`from key_release r join sealed_object o on o.id = r.object_id where o.scope_id = $1 and o.kind = 'keyframe'`, titleId)).toBe(0);
    expect(await a.count(`from decision where scope_id = $1 and action = 'caption' and outcome <> 'permit'`, titleId)).toBe(1);
    expect((await shots(a, titleId)).every(({ caption }) => caption.action === undefined)).toBe(true);
  });

  test('frames that are left out are not sent: a shot of them is described by what was measured', async () => {
    server.reply(describing('a red fox', 'crossing a road'));
    server.asked.length = 0;
    const titleId = await film(a);
    await a.rights.exclusions.add(a.scope, titleId, { first: 50, end: 100, why: 'A person who did not consent', actions: null });
    await asking(a).captions.job.run(a.context(titleId));
    expect(server.asked.map(({ images }) => images[0]!.toString().slice(0, 7))).not.toContain('still 1');
    expect(server.asked).toHaveLength(6);
    expect((await shots(a, titleId))[1]!.caption.subject).toBeUndefined();
  });

  test('a hold stops it', async () => {
    const titleId = await film(a);
    const { id } = await a.rights.holds.place(a.scope, { titleId, why: 'A dispute' });
    await expect(asking(a).captions.job.run(a.context(titleId))).rejects.toThrow();
    expect(await marks(a, titleId)).toEqual(Array(7).fill(null));
    await a.rights.holds.lift(a.scope, id, 'It is settled');
  });

  test('one answer that cannot be used fails nothing, and a captioner that is away is waited for: what was described stays and nothing is asked twice', async () => {
    const titleId = await film(a);
    const curation = asking(a);
    server.asked.length = 0;
    // Four shots beside each other, one of them with garbage; then nobody answers.
    server.reply(describing('a red fox'), saying('garbage'), describing('a red fox'), describing('a red fox'), status(503));
    await expect(curation.captions.job.run(a.context(titleId))).rejects.toThrow('answered 503, 2 times');
    expect((await marks(a, titleId)).filter(Boolean)).toHaveLength(4);
    expect((await shots(a, titleId)).filter(({ caption }) => caption.subject)).toHaveLength(3);
    // At the last attempt it is told to a person.
    await expect(curation.captions.job.run({ ...a.context(titleId), attempt: 6 })).rejects.toMatchObject({ code: 'CAPTIONER_AWAY' });
    server.asked.length = 0;
    server.reply(describing('a red fox'));
    await curation.captions.job.run(a.context(titleId));
    expect(server.asked).toHaveLength(3);
    expect((await marks(a, titleId)).every((by) => by === 'vlm 7b')).toBe(true);
  });

  test('a captioner that never gives what was asked for is given up', async () => {
    const titleId = await film(a);
    await a.inStudio(() => rows(`insert into shot (id, studio_id, title_id, master_id, number, first_frame, last_frame, start_pts, end_pts, entry, measures, keyframes) select gen_random_uuid(), studio_id, title_id, master_id, 100 + n, 0, 9, 0, 10, entry, measures, keyframes from shot, generate_series(1, 30) n where title_id = $1 and number = 0`, [titleId]));
    server.asked.length = 0;
    server.reply(saying('I am sorry, I cannot help with that.'));
    await expect(asking(a).captions.job.run(a.context(titleId))).rejects.toMatchObject({ code: 'CAPTIONER_REFUSES', message: expect.stringContaining('is not what was asked for') });
    expect(server.asked).toHaveLength(20);
  });

  test('cancelled: it stops, and what was described stays', async () => {
    const titleId = await film(a);
    const cancel = new AbortController();
    server.reply(describing('a red fox'), describing('a red fox'), describing('a red fox'), describing('a red fox'), () => cancel.abort(new Error('cancelled')));
    await expect(asking(a).captions.job.run({ ...a.context(titleId), signal: cancel.signal })).rejects.toThrow('cancelled');
    expect((await marks(a, titleId)).filter(Boolean)).toHaveLength(4);
  });

  test('nothing is asked where nothing looks at pictures, and the job is queued once a master where something does', async () => {
    const titleId = await film(a);
    await a.relay();
    expect(await a.count(`from job where name = 'caption' and subject_id = $1`, titleId)).toBe(0);
    const another = await film(a);
    for (let time = 0; time < 2; time++) {
      await a.inStudio(() => rows(`update outbox set published_at = null where payload->>'titleId' = $1`, [another]));
      while ((await relayEvents(world.database, { curation: asking(a).reactions })) > 0);
    }
    expect(await a.count(`from job where name = 'caption' and subject_id = $1`, another)).toBe(1);
  });
});

describe('what goes against a fact, and what a member writes', () => {
  test('a disagreement is kept, asks for a look, and is settled by the member who writes the field', async () => {
    const titleId = await film(a);
    await a.inStudio(() => rows(`update shot set labels = '{"people": {"value": 1, "source": "modelled", "by": "nanodet", "confidence": 0.8}}', entry = '{"kind": "cut", "confidence": 0.9}' where title_id = $1`, [titleId]));
    server.reply(describing('three men in a boat', 'rowing'));
    await asking(a).captions.job.run(a.context(titleId));
    const [shot] = await shots(a, titleId);
    expect(shot).toMatchObject({ sentence: expect.stringMatching(/^A shot of a person rowing/), caption: { subject: { value: 'a person', by: 'nanodet' }, disagreements: { by: 'vlm 7b', value: [{ field: 'subject', about: 'people', known: 'one person', said: 'three men', text: 'three men in a boat' }] } } });
    const doubt = async (): Promise<number> => (await a.curation.reviewState.ofShots(a.scope, [shot!.id])).get(shot!.id)!.doubt;
    expect(await doubt()).toBe(0.6);
    expect((await a.curation.reviewState.queue(a.scope, { first: 1 }, titleId)).items[0]!.id).toBeTruthy();
    expect((await a.curation.correctShot(a.scope, shot!.id, 'action', 'sculling')).caption.disagreements).toBeDefined();
    const corrected = await a.curation.correctShot(a.scope, shot!.id, 'subject', 'three men in a boat');
    expect(corrected.caption.disagreements).toBeUndefined();
    expect(corrected.sentence).toMatch(/^A shot of three men in a boat sculling/);
    expect(await doubt()).toBeCloseTo(0.1);
  });

  test('a run again leaves what members wrote, and one at a time', async () => {
    const titleId = await film(a);
    server.reply(describing('a red fox', 'crossing a road'));
    const curation = asking(a);
    await curation.captions.job.run(a.context(titleId));
    const [first, second] = await shots(a, titleId);
    await a.curation.correctShot(a.scope, first!.id, 'subject', 'a vixen');
    await a.curation.correctShot(a.scope, second!.id, 'sentence', 'She waits.');
    const job = await curation.captions.again(a.scope, titleId);
    expect((await curation.captions.again(a.scope, titleId)).id).toBe(job.id);
    expect((await curation.captions.jobs(a.scope, [titleId])).get(titleId)).toMatchObject({ name: 'caption', state: 'queued' });
    server.reply(describing('a grey wolf', 'howling'));
    await curation.captions.job.run(a.context(titleId));
    const now = await shots(a, titleId);
    expect(now[0]).toMatchObject({ caption: { subject: { value: 'a vixen', source: 'written', by: 'Member' }, action: { value: 'howling' } } });
    expect(now[0]!.sentence).toMatch(/^A shot of a vixen howling/);
    expect(now[1]).toMatchObject({ sentence: 'She waits.', caption: { subject: { value: 'a grey wolf' } } });
    await a.inStudio(() => rows(`update job set state = 'succeeded' where subject_id = $1`, [titleId]));
  });

  test('what a member writes while a shot is described stays, and a shot that was cut anew meanwhile is left alone', async () => {
    const titleId = await film(a);
    const [first, second] = await shots(a, titleId);
    server.reply((response, request) => {
      void (async () => {
        await a.curation.correctShot(a.scope, first!.id, 'subject', 'a vixen');
        await a.inStudio(() => rows(`update shot set version = version + 1 where id = $1`, [second!.id]));
        describing('a red fox')(response, request);
      })();
    }, describing('a red fox'));
    await asking(a).captions.job.run(a.context(titleId));
    const now = await shots(a, titleId);
    expect(now[0]!.caption.subject).toMatchObject({ value: 'a vixen', source: 'written' });
    expect(now[1]!.caption.subject).toBeUndefined();
    expect((await marks(a, titleId))[1]).toBeNull();
  });

  test('of another studio: there is no such title, and its shots stay as they are', async () => {
    const titleId = await film(a);
    await expect(asking(b).captions.again(b.scope, titleId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(asking(b).captions.again(b.scope, 'no id')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    server.asked.length = 0;
    await asking(b).captions.job.run(b.context(titleId)).catch(() => undefined);
    expect(server.asked).toEqual([]);
    expect(await marks(a, titleId)).toEqual(Array(7).fill(null));
    expect((await b.curation.captions.jobs(b.scope, [titleId])).size).toBe(0);
  });
});

describe('rules about captions', () => {
  test('what they count in the database is what they count in a shot', async () => {
    const sentences = ['', 'A shot.', 'The man runs, the man runs. The man runs', 'very '.repeat(20), 'Über über ÜBER', 'tab\tand\nline', '... , ', '"Quoted" (words): quoted words!', 'Éa éa a', 'x y z x y z x y z x y'];
    const names = ['captionRepeatedTrigrams', 'captionDistinctShare', 'captionContradictions'];
    const measures = MEASURES.filter(({ name }) => names.includes(name));
    expect(measures).toHaveLength(3);
    for (const sentence of sentences) {
      const caption = { disagreements: { value: [1, 2], source: 'modelled', by: 'x' } };
      const [found] = await a.inStudio(() => rows<Record<string, number>>(`select ${measures.map(({ name, sql }) => `${sql as string} as "${name}"`).join(', ')} from (select $1::text as sentence, $2::jsonb as caption) s`, [sentence, caption]));
      const { repeatedTrigrams, distinctShare } = captionQuality(sentence);
      expect({ sentence, ...found }).toEqual({ sentence, captionRepeatedTrigrams: repeatedTrigrams, captionDistinctShare: expect.closeTo(distinctShare, 10), captionContradictions: 2 });
    }
  });
});

describe('a dataset of one caption length', () => {
  test('writes it, holds all where it is asked to, says so in its identity, and stays as it was without', async () => {
    const c = await studio('Lengths');
    const titleId = await film(c);
    await c.inStudio(() => rows(`update shot set labels = '{"people": {"value": 1, "source": "modelled", "by": "nanodet", "confidence": 0.8}, "place": {"value": "outdoors", "source": "modelled", "confidence": 0.8}}' where title_id = $1`, [titleId]));
    await c.curation.captions.again(c.scope, titleId);
    await new Curation({ ...world, rights: c.rights, media: { ...plainMedia, ...parts } as Media, models: async () => undefined, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }), captioner: new MeasuredCaptioner() }).captions.job.run(c.context(titleId));
    const [shot] = await shots(c, titleId);
    const captionsOf = async (id: string): Promise<string[]> => (await c.curation.clips(c.scope, id, { first: 1 })).items.map(({ caption }) => caption);
    const plain = await c.frozen({ name: 'plain' });
    const medium = await c.frozen({ name: 'medium', captionLength: 'medium' });
    const short = await c.frozen({ name: 'short', captionLength: 'short' });
    const long = await c.frozen({ name: 'long', captionLength: 'long' });
    const all = await c.frozen({ name: 'all', allCaptions: true });
    expect(await captionsOf(plain.id)).toEqual([shot!.sentence]);
    expect(await captionsOf(short.id)).toEqual(['A shot of a person outdoors.']);
    expect((await captionsOf(long.id))[0]).toMatch(/^A shot of a person outdoors\. .+\.$/);
    expect(await captionsOf(all.id)).toEqual([shot!.sentence]);
    expect(short.captions).toEqual({ distinctShare: 1 / short.clipCount, leastWords: 6, meanWords: 6, mostWords: 6, flags: [] });
    expect(medium.hash).toBe(plain.hash);
    expect(medium.query).not.toHaveProperty('captionLength');
    expect(new Set([plain, short, long, all].map(({ hash }) => hash)).size).toBe(4);
    expect((await c.frozen({ name: 'short again', captionLength: 'short' })).hash).toBe(short.hash);
    await expect(c.curation.buildDataset(c.scope, { name: 'x', titleIds: [], captionLength: 'huge' as 'long' })).rejects.toMatchObject({ code: 'BAD_DATASET' });
  });
});
