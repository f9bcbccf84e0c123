import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Media, type Shot } from '#libs/curation';
import * as media from '#libs/media';
import { type JobContext, newId, Refusal, rows, type Scope } from '#libs/platform';
import { FilmStudio } from '../support/film-studio.js';
import { makeWorld, type World } from '../support/studio.js';

// Two cores may be shared with a whole product that is under test beside this.
jest.setTimeout(200_000);

/** Dark for one second and bright for the next, without a boundary that a detector must find: then a card of bars. */
let film: Buffer;
let world: World;
let scope: Scope & { memberId: string };
beforeAll(async () => {
  world = await makeWorld();
  const file = join(world.folder, 'film.mp4');
  const takes = ['color=c=0x202020:s=160x96:r=25', 'testsrc2=s=160x96:r=25', 'smptehdbars=s=160x96:r=25,hue=H=t*3'];
  execFileSync(process.env.BACKLOT_FFMPEG ?? 'ffmpeg', ['-loglevel', 'error', ...takes.flatMap((take) => ['-f', 'lavfi', '-t', '1.2', '-i', take]), '-filter_complex', `concat=n=${takes.length}`, '-pix_fmt', 'yuv420p', file]);
  film = readFileSync(file);
});
afterAll(() => world.close());

/** Sees only the last cut, so that a person has a shot to split; given shots are measured as ever. */
const blind: Partial<Media> = {
  analyse: (address, options) => media.analyse(address, { ...options, detector: options.detector ?? new media.GivenShots([{ first: 0, entry: { kind: 'start', confidence: 1 } }, { first: 60, entry: { kind: 'cut', confidence: 0.9 } }]) }),
};
const studio = (parts: Partial<Media> = {}): FilmStudio => new FilmStudio(world, scope, { parts: { ...blind, ...parts } });

let a: FilmStudio;
let title: string;
beforeEach(async () => {
  scope = await world.studio(newId());
  a = studio();
  title = await a.analysed(film);
});

const shots = async (): Promise<Shot[]> => (await a.curation.shots(scope, title, { first: 100 })).items;
const review = async (shot: Shot) => (await a.curation.reviewState.ofShots(scope, [shot.id])).get(shot.id)!;
const split = async (shot: Shot, first: number) => a.curation.review.split(scope, shot.id, (await review(shot)).version, { kind: 'cut', first });
const stale = async (): Promise<boolean[]> => Promise.all((await shots()).map(async (shot) => (await review(shot)).stale));
const prints = async (): Promise<string[]> => a.inStudio(async () => (await rows<{ shot_id: string }>(`select shot_id from print where title_id = $1`, [title])).map((print) => print.shot_id).sort());
const stills = (): Promise<number> => a.count(`from sealed_object where scope_id = $1 and kind = 'keyframe' and destroyed_at is null`, title);
const context = (payload: Record<string, unknown> = {}, signal = new AbortController().signal): JobContext => ({ ...a.context(title), payload, signal });

describe('what is known of a shot is of the frames that it has', () => {
  test('after a split each half has measures, pictures, a sentence and a print of its own, as an analysis of these shots would give', async () => {
    const [whole] = await shots();
    expect(whole).toMatchObject({ first: 0, last: 59 });
    await split(whole!, 30);
    await a.curation.correctShot(scope, whole!.id, 'action', 'waiting in the dark');
    expect(await stale()).toEqual([true, true, false]);
    await a.curation.recompute.run(context());
    const [dark, bright, bars] = await shots();
    expect(await stale()).toEqual([false, false, false]);
    expect(dark!.measures.brightness).toBeLessThan(0.2);
    expect(bright!.measures.brightness).toBeGreaterThan(0.3);
    expect(dark!.caption.action).toMatchObject({ value: 'waiting in the dark', source: 'written' });
    for (const shot of [dark!, bright!, bars!]) {
      expect(shot.keyframes.length).toBeGreaterThan(0);
      for (const { frame } of shot.keyframes) expect(frame >= shot.first && frame <= shot.last).toBe(true);
    }
    // The dark is flat: it has no print.
    expect(await prints()).toEqual([bright!.id, bars!.id].sort());

    const fresh = await world.studio(newId());
    const again = new FilmStudio(world, fresh, { parts: { analyse: (address, options) => media.analyse(address, { ...options, detector: new media.GivenShots([dark!, bright!, bars!]) }) } });
    const other = (await again.curation.shots(fresh, await again.analysed(film), { first: 9 })).items;
    expect(other.map(({ measures, labels }) => ({ measures, labels }))).toEqual([dark!, bright!, bars!].map(({ measures, labels }) => ({ measures, labels })));
    expect(other[1]!.sentence).toBe(bright!.sentence);
  });

  test('an undo after it is measured again, and one before it needs nothing', async () => {
    const [whole] = await shots();
    const early = await split(whole!, 30);
    await a.curation.review.undo(scope, early.id);
    expect(await stale()).toEqual([false, false]);
    const late = await split(whole!, 30);
    await a.curation.recompute.run(context());
    await a.curation.review.undo(scope, late.id);
    expect(await stale()).toEqual([true, false]);
    await a.curation.recompute.run(context());
    expect((await shots())[0]).toMatchObject({ first: 0, last: 59, measures: whole!.measures });
    expect(await stale()).toEqual([false, false]);
  });

  test('a shot that is changed while it is measured stays stale, and the same run measures it again', async () => {
    const [whole] = await shots();
    await split(whole!, 20);
    let passes = 0;
    const busy = studio({
      analyse: async (address, options) => {
        const found = await media.analyse(address, options);
        if (++passes === 1) await a.curation.review.change(scope, (await shots())[1]!.id, (await review((await shots())[1]!)).version, { kind: 'cut', first: 30 });
        return found;
      },
    });
    await busy.curation.recompute.run(context());
    expect(passes).toBe(2);
    expect(await stale()).toEqual([false, false, false]);
    expect((await shots())[0]!.measures.brightness).toBeLessThan(0.2);
    // What the first round sealed of frames that are nobody's any more is gone; what an undo would show again is kept.
    const shown = await a.inStudio(() => rows<{ id: string }>(`select distinct k->>'objectId' as id from shot s cross join lateral jsonb_array_elements(s.keyframes) k where title_id = $1`, [title]));
    expect(await stills()).toBeLessThanOrEqual(shown.length + whole!.keyframes.length);
  });
});

describe('a run that ends half-way changes nothing, and the next one does it all', () => {
  class Killed extends Error {}
  test('killed after the pass, with its pictures left on the disk', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    const before = await shots();
    const killed = studio({ analyse: async (address, options) => media.analyse(address, options).then(() => Promise.reject(new Killed())) });
    await expect(killed.curation.recompute.run(context())).rejects.toBeInstanceOf(Killed);
    expect(await shots()).toEqual(before);
    const lies = await stills();
    await world.vault.seal(scope, { kind: 'keyframe', scopeId: title, contentType: 'image/jpeg' }, Readable.from([Buffer.from('left')]));
    await a.curation.recompute.run(context());
    expect(await stale()).toEqual([false, false, false]);
    const added = (await shots()).slice(0, 2).reduce((sum, { keyframes }) => sum + keyframes.length, 0);
    expect(await stills()).toBe(lies + added);
    const made = await a.count(`from outbox where type = 'shot.reviewed' and payload->>'titleId' = $1`, title);
    await a.curation.recompute.run(context());
    expect(await a.count(`from outbox where type = 'shot.reviewed' and payload->>'titleId' = $1`, title)).toBe(made);
  });

  test('a member stops it: nothing is changed', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    const before = await shots();
    const stop = new AbortController();
    const stopped = studio({ analyse: (address, options) => media.analyse(address, { ...options, onProgress: () => stop.abort(new Refusal('CANCELLED', 'x', 'x')) }) });
    await expect(stopped.curation.recompute.run(context({}, stop.signal))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await shots()).toEqual(before);
  });
});

describe('rights', () => {
  test('a licence that no longer permits curation, or a hold: no key leaves, and the shots stay as they were', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    const before = await shots();
    const hold = await a.rights.holds.place(scope, { titleId: title, why: 'A question.' });
    await expect(a.curation.recompute.run(context())).rejects.toMatchObject({ name: 'Refusal' });
    await a.rights.holds.lift(scope, hold.id, 'Answered.');
    expect(await shots()).toEqual(before);
    await a.curation.recompute.run(context());
    expect(await stale()).toEqual([false, false, false]);
  });

  test('a shot with frames that may not be curated is not looked at; the others are', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    await a.rights.exclusions.add(scope, title, { first: 10, end: 12, why: 'A face.' });
    await expect(a.curation.recompute.run(context())).rejects.toMatchObject({ code: 'FRAMES_LEFT_OUT', message: expect.stringContaining('frames 0 to 29') });
    expect(await stale()).toEqual([true, false, false]);
    const { id } = await a.curation.buildDataset(scope, { name: newId(), titleIds: [title] });
    await a.curation.freeze.run(a.context(id));
    const dropped = (await a.drops(id)).filter(({ code }) => code === 'STALE');
    expect(dropped.map(({ first, last }) => [first, last])).toEqual([[0, 9], [12, 29]]);
    expect(dropped[0]!.message).toContain('Split the shot where');
  });

  test('another studio asks in vain', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    const b = await world.studio(newId());
    await expect(a.curation.review.recompute(b, title, true)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const before = await shots();
    await a.curation.recompute.run({ ...context({ all: true }), scope: { studioId: b.studioId } });
    expect(await shots()).toEqual(before);
  });
});

describe('when it is done', () => {
  test('one job waits however many changes there are; a finished review and a member hurry it', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    await split((await shots())[1]!, 40);
    expect(await a.count(`from job where subject_id = $1 and name = 'recompute' and state = 'queued'`, title)).toBe(1);
    const job = await a.curation.review.recompute(scope, title, false);
    expect(job).toMatchObject({ name: 'recompute', state: 'queued' });
    expect(await a.count(`from job where subject_id = $1 and name = 'recompute'`, title)).toBe(1);
    await a.curation.cancelJob(scope, job.id);
    expect(await a.catalogue.title(scope, title)).toMatchObject({ state: 'ready' });
  });

  test('nothing that is stale goes into a dataset: it is measured first', async () => {
    const [whole] = await shots();
    await split(whole!, 30);
    const { id } = await a.curation.buildDataset(scope, { name: newId(), titleIds: [title] });
    await a.curation.freeze.run(a.context(id));
    expect(await stale()).toEqual([false, false, false]);
    expect((await a.drops(id)).map(({ code }) => code)).not.toContain('STALE');
  });

  test('a title from before there were near-duplicates is computed anew once, and keeps its pictures', async () => {
    await a.inStudio(async () => {
      await rows(`delete from print where title_id = $1`, [title]);
      await rows(`update analysis set printed = false where title_id = $1`, [title]);
    });
    const before = await shots();
    await a.curation.catchUp(scope);
    await a.curation.catchUp(scope);
    const waiting = await a.inStudio(() => rows<{ payload: Record<string, unknown> }>(`select payload from job where subject_id = $1 and name = 'recompute'`, [title]));
    expect(waiting).toEqual([{ payload: { all: true } }]);
    await a.curation.recompute.run(context(waiting[0]!.payload));
    expect(await shots()).toEqual(before);
    expect(await prints()).toEqual(before.map(({ id }) => id).sort());
    expect(await a.count(`from analysis where title_id = $1 and printed`, title)).toBe(1);
  });
});
