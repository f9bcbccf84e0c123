import { appendEntry } from '#libs/audit';
import { type RangeServer, serveRanges } from '#libs/catalogue';
import type { ClipSpec, Labels, Measures, Probe, Transition } from '#libs/media';
import { type Database, emit, type JobContext, type JobHandler, type Reason, Refusal, row, rows, type Scope, type Vault } from '#libs/platform';
import { canonicalSha256, type Decision, type FrameRange, type LeftOut, type Rights } from '#libs/rights';
import canonicalize from 'canonicalize';
import { standard } from './filters/applied.js';
import { rulesSha256 } from './filters/rules.js';
import { Making, recipeOf, type ShotOf, type Source, type Take } from './making.js';
import { shard, type ShardFile } from './manifest.js';
import type { Duplicates } from './duplicates/duplicates.js';
import { type Choice, oneOfEach, type Twin } from './duplicates/one-of-each.js';
import type { Media } from './media.js';
import { inWords } from './captions/of-dataset.js';
import { measureStale } from './review/recompute.js';
import { type Caption, type DatasetVersion, ratio, toVersion, versionColumns, type VersionRow } from './rows.js';
import { type Dropped, judge, Split, splitPlace, type Verdict } from './selection.js';

/** A version, and why what is known of some titles' changed shots could not be measured anew. */
type Asked = DatasetVersion & { unmeasured: ReadonlyMap<string, Reason> };

const PAGE = 200;
/** A key is released only while its decision is valid; one that ends sooner than this is asked anew. */
const MARGIN_MS = 30_000;

/**
 * Job `freeze`, subject a dataset version. Two passes over the shots, a page at a time: the first decides and counts, the second cuts
 * clips from the sealed masters into one sealed tar. The version is real, whole and unchangeable with the last transaction; a run that
 * was killed is started over, with the decisions it already has.
 */
export function freeze({ database, vault, rights, media, duplicates, recompute }: { database: Database; vault: Vault; rights: Rights; media: Media; duplicates: Duplicates; recompute: JobHandler }): JobHandler {
  return {
    async run(context) {
      const { scope, subjectId: versionId, progress } = context;
      const found = await database.inStudio(scope, async () => {
        const building = await row<VersionRow>(`select ${versionColumns} from dataset_version where id = $1 and state = 'building' for update`, [versionId]);
        if (!building) return undefined;
        await rows(`delete from dataset_clip where version_id = $1`, [versionId]);
        await rows(`delete from dataset_drop where version_id = $1`, [versionId]);
        return toVersion(building);
      });
      if (!found) return;
      const version: Asked = { ...found, unmeasured: await measureStale(database, recompute, context, found.query.titleIds) };
      progress(0, 'asking the licences');
      const split = new Split();
      // Which of several duplicates is kept is known when all are.
      const choices: (Choice & { place: number; count: number })[] = [];
      for await (const source of sources(scope, version, 'found')) {
        if (!source.decision.permitted) continue;
        for await (const shot of shots(scope, version, source)) {
          context.signal.throwIfAborted();
          const count = clipsOf(shot);
          if (!count) continue;
          const place = splitPlace(source.sha256, shot.first);
          if (version.query.oneOfDuplicates) choices.push({ id: shot.id, title: source.name, sha256: source.sha256, first: shot.first, last: shot.last, place, count });
          else split.add(place, count);
        }
      }
      const twins = await oneOfEach(duplicates, scope, choices);
      for (const { id, place, count } of choices) if (!twins.has(id)) split.add(place, count);
      const making = new Making(database, scope, version);
      const files = clips(context, version, split, making, twins);
      if (split.shots === 0) {
        // Nothing to cut, but every shot gets its reason.
        for await (const _ of files);
        throw empty(version, making);
      }
      await vault.seal(scope, { kind: 'dataset', scopeId: versionId, contentType: 'application/x-tar' }, shard(files), (object) => becomeReal(scope, version, making, object.id));
    },

    async mayGoOn({ scope, subjectId }) {
      await rights.holds.throwIfHeld(scope, await titlesOf(subjectId));
    },

    async failed({ subjectId }, reason) {
      // Clips without their shard are nothing.
      await rows(`delete from dataset_clip where version_id = $1 and exists (select from dataset_version where id = $1 and state = 'building')`, [subjectId]);
      await rows(
        `update dataset_version set state = $2, reason = $3, dropped = (select count(*) from dataset_drop where version_id = $1) where id = $1 and state = 'building'`,
        [subjectId, ['CANCELLED', 'HELD'].includes(reason.code) ? 'cancelled' : 'failed', reason],
      );
    },
  };

  /** The version's titles as they are found now, or only those it has decided about: a title that gets ready between the passes is in neither. */
  async function* sources(scope: Scope, version: DatasetVersion, which: 'found' | 'decided'): AsyncGenerator<Source> {
    for (let after = ''; ; ) {
      const found = await database.inStudio(scope, () =>
        rows<{ title_id: string; name: string; sha256: string; object_id: string; probe: Probe; time_base: string; width: number; height: number }>(
          `select m.title_id, t.name, m.sha256, m.object_id, m.probe, a.time_base, a.width, a.height
           from master m join title t on t.id = m.title_id join analysis a on a.master_id = m.id
           where m.studio_id = $1 and m.state = 'sealed' and m.sha256 > $2 and t.state in ('ready', 'withheld') and (cardinality($3::uuid[]) = 0 or m.title_id = any($3))
             and ($4 = 'found' or exists (select from dataset_title d where d.version_id = $5 and d.title_id = m.title_id))
           order by m.sha256 limit 20`,
          [scope.studioId, after, version.query.titleIds, which, version.id],
        ),
      );
      for (const title of found) {
        const { title_id: titleId, object_id: objectId, time_base: timeBase, ...about } = title;
        const decision = await decide(scope, version, titleId, which);
        const frames = decision.permitted ? decision.reason.frames?.find((told) => told.titleId === titleId) : undefined;
        const times = (await rights.exclusions.timed(scope, titleId))?.times;
        yield { ...about, titleId, objectId, timeBase, decision, frames, times, terms: await termsOf(scope, titleId, decision) };
        after = title.sha256;
      }
      if (!found.length) return;
    }
  }

  /** The version's decision about a title: one row, taken once, again only when a permit ran out, or its licences changed, before its key was used. */
  async function decide(scope: Scope, version: DatasetVersion, titleId: string, which: 'found' | 'decided'): Promise<Decision> {
    const { before, now } = await database.inStudio(scope, async () => {
      // Read before the decision: what changes from here on makes another one necessary.
      const revision = (await rights.exclusions.revision(scope, titleId)) ?? null;
      const known = await row<{ decision_id: string; revision: string | null }>(`select decision_id, revision from dataset_title where version_id = $1 and title_id = $2`, [version.id, titleId]);
      const last = known && (await rights.decision(scope, known.decision_id));
      const same = known && (known.revision === null ? null : Number(known.revision)) === revision;
      if (last && same && (!last.permitted || (last.validUntil.getTime() > Date.now() + MARGIN_MS && (await rights.licences.stand(scope, last.id))))) return { before: last, now: last };
      const decision = await rights.decide(scope, { action: 'fineTune', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], use: null, frames: 'permitted', actor: `worker: dataset "${version.name}" version ${version.number}` });
      await rows(
        `insert into dataset_title (version_id, title_id, studio_id, decision_id, revision) values ($1, $2, $3, $4, $5) on conflict (version_id, title_id) do update set decision_id = excluded.decision_id, revision = excluded.revision`,
        [version.id, titleId, scope.studioId, decision.id, revision],
      );
      return { before: last ?? decision, now: decision };
    });
    // Both passes count the same frames; what changed between them is started over with the decision of now.
    if (which === 'decided' && (before.permitted !== now.permitted || canonicalize(before.reason.frames ?? []) !== canonicalize(now.reason.frames ?? []))) throw new Error(`what is left out of title ${titleId} changed while version ${version.id} was frozen`);
    return now;
  }

  /** What the licences say, whoever signed which copy: their text with the ids of studio, title and document taken out. */
  async function termsOf(scope: Scope, titleId: string, decision: Decision): Promise<string[]> {
    const policies = await rights.licences.texts(scope, decision.policies.map((policy) => policy.sha256));
    const terms = policies.map((policy) => {
      const text = JSON.stringify(policy).replaceAll(String(policy.uid), '{licence}').replaceAll(scope.studioId, '{studio}').replaceAll(titleId, '{title}');
      return canonicalSha256(JSON.parse(text) as Record<string, unknown>);
    });
    return [...new Set(terms)].sort();
  }

  async function* shots(scope: Scope, version: Asked, source: Source): AsyncGenerator<ShotOf> {
    const { excludeShotIds } = version.query;
    for (let after = -1; ; ) {
      const found = await database.inStudio(scope, () =>
        rows<{ id: string; number: number; first_frame: string; last_frame: string; start_pts: string; end_pts: string; sentence: string; caption: Caption; entry: Transition; measures: Measures; labels: Labels; stale: boolean; excluded: boolean }>(
          `select id, number, first_frame, last_frame, start_pts, end_pts, sentence, caption, entry, measures, labels, stale, id = any($4::uuid[]) as excluded
           from shot where studio_id = $1 and title_id = $2 and number > $3 order by number limit ${PAGE}`,
          [scope.studioId, source.titleId, after, excludeShotIds],
        ),
      );
      for (const shot of found) {
        const about = { id: shot.id, first: Number(shot.first_frame), last: Number(shot.last_frame), startPts: Number(shot.start_pts), endPts: Number(shot.end_pts), ...inWords(media, version.query, shot), measures: shot.measures };
        const { sentence, entry, labels, excluded } = shot;
        const verdictOn = ({ first, last, startPts, endPts }: Omit<Take, 'verdict'>): Verdict =>
          shot.stale && !excluded ? stale(version.unmeasured.get(source.titleId)) : judge({ sentence, contradicted: about.contradicted, measures: about.measures, startPts, endPts, frames: last - first + 1, entry, labels, excluded }, recipeOf(version), { width: source.width, height: source.height, secondsPerTick: ratio(source.timeBase) });
        yield { ...about, takes: takesOf(source, about, verdictOn) };
        after = shot.number;
      }
      if (found.length < PAGE) return;
    }
  }

  /** Every kept clip as its three files; kept and dropped rows are written on the way. */
  async function* clips({ scope, signal, progress }: JobContext, version: Asked, split: Split, making: Making, twins: ReadonlyMap<string, Twin>): AsyncGenerator<ShardFile> {
    for await (const source of sources(scope, version, 'decided')) {
      if (!source.decision.permitted) {
        for await (const shot of shots(scope, version, source)) await making.drop(source, shot, { code: 'LICENCE_REFUSED', message: source.decision.sentence, value: null });
        continue;
      }
      await using held = new AsyncDisposableStack();
      let server: RangeServer | undefined;
      for await (const shot of shots(scope, version, source)) {
        const twin = twins.get(shot.id);
        if (twin) shot.takes = shot.takes.map((take) => ('offsets' in take.verdict ? { ...take, verdict: twin } : take));
        const place = splitPlace(source.sha256, shot.first);
        const count = clipsOf(shot);
        let index = 0;
        for (const take of shot.takes) {
          const { verdict, startPts, endPts } = take;
          if (!('offsets' in verdict)) {
            await making.drop(source, { id: shot.id, ...take }, verdict);
            continue;
          }
          // Only a title that gives a clip has its key released.
          server ??= await openMaster(scope, source, held);
          for (const offsetSeconds of verdict.offsets) {
            signal.throwIfAborted();
            const cut = await cutClip(server, { ...version.bucket, probe: source.probe, startPts, endPts, letterbox: shot.measures.letterbox, offsetSeconds, signal });
            if (cut instanceof Refusal) await making.drop(source, { id: shot.id, ...take }, { code: cut.code, message: cut.message, value: null });
            else yield* making.keep(source, shot, take, offsetSeconds, split.of(place, index, count), cut);
            index++;
            progress((making.clips + making.dropped) / (split.clips + making.dropped), `cutting clips, ${making.clips} of ${split.clips}`);
          }
        }
      }
    }
    await dropUnanalysed(scope, version, making);
    await making.flush();
    if (split.shots > 0 && making.clips === 0) throw empty(version, making);
  }

  /** The sealed master at an address, until `held` is disposed of. */
  async function openMaster(scope: Scope, source: Source, held: AsyncDisposableStack): Promise<RangeServer> {
    const released = await vault.release(scope, source.decision.id, source.objectId);
    held.defer(() => void released.key.fill(0));
    return held.use(await serveRanges({ bytes: released.object.plainBytes, open: (start, end) => vault.open(released, start, end) }));
  }

  /** A clip, or the reason why this window gives none; what is our fault or the member's wish is thrown. */
  async function cutClip(server: RangeServer, spec: ClipSpec): Promise<Buffer | Refusal> {
    try {
      return await media.cutClip(server.url, spec);
    } catch (error) {
      if (error instanceof Refusal && error.code.startsWith('CLIP_') && !server.failure()) return error;
      throw server.failure() ?? error;
    }
  }

  async function dropUnanalysed(scope: Scope, version: DatasetVersion, making: Making): Promise<void> {
    const left = await database.inStudio(scope, () =>
      rows<{ id: string; state: string }>(`select id, state from title t where studio_id = $1 and id = any($2) and not (state in ('ready', 'withheld') and exists (select from analysis a where a.title_id = t.id)) order by name, id`, [scope.studioId, version.query.titleIds]),
    );
    for (const { id, state } of left) await making.drop({ titleId: id, sha256: null, decision: null }, null, { code: 'NOT_ANALYSED', message: `The title was not analysed when the version was frozen; it was ${state}.`, value: null });
  }

  async function becomeReal(scope: Scope, version: DatasetVersion, making: Making, objectId: string): Promise<void> {
    const current = await row<{ state: string; clips: string; drops: string }>(
      `select state, (select count(*) from dataset_clip where version_id = $1) as clips, (select count(*) from dataset_drop where version_id = $1) as drops from dataset_version where id = $1 for update`,
      [version.id],
    );
    if (current?.state !== 'building' || Number(current.clips) !== making.clips || Number(current.drops) !== making.dropped) throw new Error(`version ${version.id} is being frozen by another worker`);
    await rights.holds.throwIfHeld(scope, await titlesOf(version.id));
    const seen = await rows<{ title_id: string; revision: string | null }>(`select title_id, revision from dataset_title where version_id = $1`, [version.id]);
    const [changed] = await rights.exclusions.changedSince(scope, seen.map(({ title_id: titleId, revision }) => ({ titleId, revision: revision === null ? null : Number(revision) })));
    if (changed) throw new Error(`what is left out of title ${changed} changed while version ${version.id} was frozen`);
    const hash = making.manifest.digest();
    const filter = version.filter ?? standard;
    await rows(`update dataset_version set state = 'frozen', hash = $2, object_id = $3, clips = $4, dropped = $5, captions = $6, frozen_at = now(), reason = null where id = $1`, [version.id, hash, objectId, making.clips, making.dropped, await making.captions.result(version.id)]);
    await appendEntry('dataset', { version: version.id, name: version.name, number: version.number, hash, clips: making.clips, dropped: making.dropped, object: objectId, filter: { set: filter.setId, name: filter.name, version: filter.version, sha256: rulesSha256(filter.rules) } });
    await emit('dataset.frozen', { versionId: version.id, hash });
  }
}

/** A shot of which nothing is known that could be asked: its measures, labels and caption are of frames that it no longer has. */
const stale = (why: Reason | undefined): Dropped => ({ code: 'STALE', message: `Its frames were changed in review and not measured anew: ${why ? `${why.message} ${why.wayOut}` : 'they were changed while the version was frozen. Freeze another version.'}`, value: null });

/** The titles that a version was permitted to take. */
async function titlesOf(versionId: string): Promise<string[]> {
  return (await rows<{ title_id: string }>(`select t.title_id from dataset_title t join decision d on d.id = t.decision_id where t.version_id = $1 and d.outcome = 'permit'`, [versionId])).map((title) => title.title_id);
}

function empty(version: DatasetVersion, making: Making): Refusal {
  return new Refusal('EMPTY_DATASET', `No clip is left in ${version.name}: ${making.dropped} shots were left out.`, 'Look at the reasons of what was left out, then loosen the query or choose other titles.');
}

const clipsOf = ({ takes }: ShotOf): number => takes.reduce((sum, { verdict }) => sum + ('offsets' in verdict ? verdict.offsets.length : 0), 0);

/** The shot in takes: what the decision allows of it, and what it leaves out with its reason. */
function takesOf(source: Source, shot: Omit<ShotOf, 'takes'>, verdictOn: (take: Omit<Take, 'verdict'>) => Verdict): Take[] {
  const { frames, times } = source;
  const whole = { first: shot.first, last: shot.last, startPts: shot.startPts, endPts: shot.endPts };
  const inShot = <R extends FrameRange>(ranges: readonly R[]): R[] => ranges.map((range) => ({ ...range, first: Math.max(range.first, shot.first), end: Math.min(range.end, shot.last + 1) })).filter(({ first, end }) => first < end);
  const out = frames ? inShot(frames.leftOut) : [];
  if (!out.length) return [{ ...whole, verdict: verdictOn(whole) }];
  // Only titles whose frames' times are kept have frames left out.
  const take = ({ first, end }: FrameRange): Omit<Take, 'verdict'> => ({ first, last: end - 1, startPts: times![first]!, endPts: times![end]! });
  return [
    ...inShot(frames!.permitted).map((range) => ({ ...take(range), verdict: verdictOn(take(range)) })),
    ...out.map((range) => ({ ...take(range), verdict: { code: 'FRAMES_LEFT_OUT', message: range.sentence, value: causeOf(source, range) } })),
  ].sort((a, b) => a.first - b.first);
}

/** Why frames are left out, in nothing but content: the same in every database. */
const causeOf = ({ titleId, decision }: Source, { sentence }: LeftOut): string => [titleId, decision.id].reduce((text, id) => text.replaceAll(id, '{id}'), sentence);
