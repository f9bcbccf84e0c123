import { serveRanges } from '#libs/catalogue';
import type { ProxyFragment, ProxyLayout } from '#libs/media';
import { type Database, enqueueJob, type JobHandler, newId, Refusal, type Reason, row, rows, type Scope, type SealedObject, type Vault } from '#libs/platform';
import { canonicalSha256, type FrameRange, joined, type Question, type Rights, type TitleFrames } from '#libs/rights';
import { PassThrough } from 'node:stream';
import type { Media } from './media.js';
import type { Filmstrip, Keyframe } from './rows.js';
import { Sealing } from './sealing.js';

export type Layout = ProxyLayout & { fragments: ProxyFragment[] };

interface Original {
  proxy_object_id: string;
  proxy: Layout;
  filmstrip: Filmstrip | null;
}

interface Mask {
  id: string;
  hash: string;
  proxy_object_id: string;
  proxy: Layout;
  sheets: Record<string, string>;
}

const KNOWN_MS = 30_000;
const MOST_KNOWN = 1_000;

const originalColumns = 'proxy_object_id, proxy, filmstrip';
const maskColumns = 'id, hash, proxy_object_id, proxy, sheets';

/**
 * What members see of a title whose frames are not all theirs to see. Masked copies are named by a hash of the frames that they leave out,
 * asked of the licences at the moment of looking: a copy that was made for other frames is not shown, and until there is one for these
 * nothing of it is.
 */
export class Shown {
  /** What is left out by title, so that a page of pictures asks once: as long as nothing changes that it was asked of, and no longer than a key is kept. */
  private readonly known = new Map<string, { stamp: string; out: FrameRange[]; until: number }>();

  constructor(private readonly parts: { database: Database; vault: Vault; rights: Rights; media: Media }) {}

  /** The proxy to play and where it lies. Throws Refusal MASK_PENDING, or why its copy could not be made. */
  async proxy(scope: Scope, titleId: string): Promise<{ objectId: string; layout: Layout } | undefined> {
    const original = await this.original(scope, titleId);
    if (!original) return undefined;
    const out = await this.leftOut(scope, titleId);
    if (!out.length) return { objectId: original.proxy_object_id, layout: original.proxy };
    const mask = await this.mask(scope, titleId, original, out);
    return { objectId: mask.proxy_object_id, layout: mask.proxy };
  }

  /** The object to serve where a proxy, keyframe or sheet is asked for. Throws Refusal FRAMES_LEFT_OUT, MASK_PENDING. */
  async object(scope: Scope, { id, kind, scopeId: titleId }: SealedObject): Promise<string> {
    const out = await this.leftOut(scope, titleId);
    const original = out.length ? await this.original(scope, titleId) : undefined;
    if (!original) return id;
    if (kind === 'keyframe') {
      const frame = await this.frameOf(scope, titleId, id);
      if (frame !== undefined && !within(out, frame)) return id;
      throw leftOutNow('This picture is of frames that are left out.', 'Look at another picture of the title.');
    }
    if (kind === 'filmstrip') {
      const tiles = tilesOf(original.filmstrip, id);
      if (tiles && !tiles.some(({ frame }) => within(out, frame))) return id;
      const mask = await this.mask(scope, titleId, original, out);
      if (mask.sheets[id]) return mask.sheets[id];
      if (Object.values(mask.sheets).includes(id)) return id;
    } else {
      const mask = await this.mask(scope, titleId, original, out);
      if (mask.proxy_object_id === id) return id;
    }
    throw leftOutNow('What is left out of the title has changed since this was loaded.', 'Load the page again.');
  }

  /** Has the copy made that is needed now, if one is. */
  async prepare(scope: Scope, titleId: string): Promise<void> {
    await this.parts.database.inStudio(scope, async () => {
      const original = await this.original(scope, titleId);
      const out = original ? await this.leftOut(scope, titleId) : [];
      if (out.length && !(await find(titleId, hashOf(original!, out)))) await this.enqueue(titleId, hashOf(original!, out));
    });
  }

  /** The job that makes a masked copy; its subject is the title. */
  readonly job: JobHandler = {
    run: async ({ scope, subjectId: titleId, signal, progress }) => {
      const { database, vault, rights, media } = this.parts;
      const original = await this.original(scope, titleId);
      const out = original ? await this.leftOut(scope, titleId) : [];
      const hash = original && hashOf(original, out);
      if (!original || !out.length || (await database.inStudio(scope, () => find(titleId, hash!)))) return;
      const { times, timeBase } = (await rights.exclusions.timed(scope, titleId))!;
      const { id: decisionId } = await rights.permitFor(scope, { ...question(titleId), frames: 'permitted' });
      await this.removeLeftovers(scope, titleId);
      const sealing = new Sealing(database, vault, scope, titleId);
      try {
        const released = await vault.release(scope, decisionId, original.proxy_object_id);
        await using server = await serveRanges({ bytes: released.object.plainBytes, open: (start, end) => vault.open(released, start, end) });
        const writable = new PassThrough({ highWaterMark: 1_048_576 });
        const sealed = sealing.start({ kind: 'proxy', contentType: 'video/mp4' }, writable);
        let made: Awaited<ReturnType<Media['maskProxy']>>;
        try {
          made = await media.maskProxy(server.url, { stretches: out, times, timeBase, proxy: original.proxy, writable, signal, onProgress: (fraction) => progress(fraction * 0.95, 'masking what is left out') });
        } catch (error) {
          writable.destroy(error as Error);
          throw sealing.failure() ?? server.failure() ?? error;
        } finally {
          released.key.fill(0);
        }
        writable.end();
        const proxy = await sealed;
        const sheets = await this.sheets(scope, original.filmstrip, out, decisionId, sealing);
        await database.inStudio(scope, () => becomeReal(scope, titleId, hash!, { proxy, layout: { ...made.proxy, fragments: made.fragments }, sheets }));
      } catch (error) {
        await sealing.undo();
        throw error;
      }
      await this.removeLeftovers(scope, titleId, hash);
    },

    mayGoOn: ({ scope, subjectId }) => this.parts.rights.holds.throwIfHeld(scope, [subjectId]),
  };

  private async sheets(scope: Scope, filmstrip: Filmstrip | null, out: FrameRange[], decisionId: string, sealing: Sealing): Promise<Record<string, SealedObject>> {
    const { vault, media } = this.parts;
    const made: Record<string, SealedObject> = {};
    for (const sheetId of filmstrip?.sheets ?? []) {
      const black = tilesOf(filmstrip, sheetId)!.filter(({ frame }) => within(out, frame));
      if (!black.length) continue;
      const released = await vault.release(scope, decisionId, sheetId);
      const chunks: Buffer[] = [];
      for await (const chunk of vault.open(released)) chunks.push(chunk);
      released.key.fill(0);
      const masked = await media.maskSheet(Buffer.concat(chunks), black.map(({ place }) => place), filmstrip!);
      await sealing.queue({ kind: 'filmstrip', contentType: 'image/jpeg' }, masked, (object) => void (made[sheetId] = object));
    }
    await sealing.idle();
    return made;
  }

  /** Destroys what belongs to neither the analysis nor a mask (a job was killed), and, once another is real, the masks of other frames. */
  private async removeLeftovers(scope: Scope, titleId: string, keep?: string): Promise<void> {
    const { database, vault } = this.parts;
    const left = await database.inStudio(scope, async () => {
      if (keep !== undefined) await rows(`delete from mask where studio_id = $1 and title_id = $2 and hash <> $3`, [scope.studioId, titleId, keep]);
      return rows<{ id: string }>(
        `select o.id from sealed_object o where o.studio_id = $1 and o.scope_id = $2 and o.kind in ('proxy', 'filmstrip') and o.destroyed_at is null
           and not exists (select from analysis a where a.title_id = $2 and (a.proxy_object_id = o.id or a.filmstrip_object_id = o.id or a.filmstrip->'sheets' ? o.id::text))
           and not exists (select from mask m where m.studio_id = $1 and m.title_id = $2 and (m.proxy_object_id = o.id or exists (select from jsonb_each_text(m.sheets) s where s.value = o.id::text)))`,
        [scope.studioId, titleId],
      );
    });
    for (const { id } of left) await database.inStudio(scope, () => vault.destroy(id));
  }

  private async mask(scope: Scope, titleId: string, original: Original, out: FrameRange[]): Promise<Mask> {
    const hash = hashOf(original, out);
    const { mask, reason } = await this.parts.database.inStudio(scope, async () => {
      const found = await find(titleId, hash);
      return { mask: found, reason: found ? undefined : await this.enqueue(titleId, hash) };
    });
    if (mask) return mask;
    if (reason) throw new Refusal(reason.code, reason.message, reason.wayOut, 409);
    const frames = out.reduce((sum, { first, end }) => sum + end - first, 0);
    throw new Refusal('MASK_PENDING', `${frames} frames of the title are left out; the copy without them is not ready yet.`, 'It is being made: try again in a moment.', 409);
  }

  /** One job for the same frames at a time. Gives the reason instead where the last one failed just now. */
  private async enqueue(titleId: string, hash: string): Promise<Reason | undefined> {
    await rows(`select pg_advisory_xact_lock(hashtextextended($1, 4210))`, [titleId]);
    const last = await row<{ state: string; reason: Reason | null; lately: boolean }>(
      `select state, reason, finished_at > now() - interval '1 minute' as lately from job where subject_id = $1 and name = 'mask' and payload->>'hash' = $2 order by created_at desc, id desc limit 1`,
      [titleId, hash],
    );
    if (last?.state === 'queued' || last?.state === 'running') return undefined;
    if (last?.state === 'failed' && last.lately) return last.reason!;
    await enqueueJob('mask', titleId, { hash }, `mask:${titleId}:${newId()}`);
    return undefined;
  }

  /** Frames that looking may not touch now, joined; empty where all may be seen, and where none may: then the licences refuse by themselves. */
  private async leftOut(scope: Scope, titleId: string): Promise<FrameRange[]> {
    const { rights } = this.parts;
    const stamp = await rights.exclusions.stamp(scope, titleId);
    if (stamp === undefined) return [];
    const known = this.known.get(titleId);
    if (known?.stamp === stamp && known.until > Date.now()) return known.out;
    const [told]: TitleFrames[] = await rights.frames(scope, { ...question(titleId), frames: 'permitted' });
    const out = told?.permitted.length ? joined(told.leftOut) : [];
    if (this.known.size >= MOST_KNOWN) this.known.delete(this.known.keys().next().value!);
    this.known.delete(titleId);
    this.known.set(titleId, { stamp, out, until: Date.now() + KNOWN_MS });
    return out;
  }

  private original(scope: Scope, titleId: string): Promise<Original | undefined> {
    return this.parts.database.inStudio(scope, () => row<Original>(`select ${originalColumns} from analysis where studio_id = $1 and title_id = $2 and proxy_object_id is not null`, [scope.studioId, titleId]));
  }

  private async frameOf(scope: Scope, titleId: string, objectId: string): Promise<number | undefined> {
    const shot = await this.parts.database.inStudio(scope, () =>
      row<{ keyframes: Keyframe[] }>(`select keyframes from shot where studio_id = $1 and title_id = $2 and keyframes @> $3::jsonb`, [scope.studioId, titleId, JSON.stringify([{ objectId }])]),
    );
    return shot?.keyframes.find((keyframe) => keyframe.objectId === objectId)?.frame;
  }
}

async function becomeReal(scope: Scope, titleId: string, hash: string, { proxy, layout, sheets }: { proxy: SealedObject; layout: Layout; sheets: Record<string, SealedObject> }): Promise<void> {
  const objectIds = [proxy.id, ...Object.values(sheets).map((sheet) => sheet.id)];
  const [alive] = await rows<{ count: string }>(`select count(*) from sealed_object where id = any($1) and destroyed_at is null`, [objectIds]);
  if (Number(alive!.count) !== objectIds.length) throw new Error(`what was sealed of title ${titleId} was removed by another worker`);
  const made = await row(
    `insert into mask (id, studio_id, title_id, hash, proxy_object_id, proxy, sheets) values ($1, $2, $3, $4, $5, $6, $7) on conflict (studio_id, title_id, hash) do nothing returning id`,
    [newId(), scope.studioId, titleId, hash, proxy.id, layout, Object.fromEntries(Object.entries(sheets).map(([sheetId, sheet]) => [sheetId, sheet.id]))],
  );
  if (!made) throw new Error(`the mask of title ${titleId} was made by another worker`);
}

const find = (titleId: string, hash: string): Promise<Mask | undefined> => row<Mask>(`select ${maskColumns} from mask where studio_id = current_studio() and title_id = $1 and hash = $2`, [titleId, hash]);

const question = (titleId: string): Question => ({ action: 'curate', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'worker: mask' });

const hashOf = ({ proxy_object_id: proxy }: Original, out: FrameRange[]): string => canonicalSha256({ proxy, out });

const within = (ranges: readonly FrameRange[], frame: number): boolean => ranges.some(({ first, end }) => frame >= first && frame < end);

/** The tiles of a sheet: the frame that each shows and its place on the sheet. */
function tilesOf(filmstrip: Filmstrip | null, sheetId: string): { frame: number; place: number }[] | undefined {
  const sheet = filmstrip?.sheets.indexOf(sheetId) ?? -1;
  if (sheet < 0) return undefined;
  const size = filmstrip!.columns * filmstrip!.rows;
  return filmstrip!.frames.slice(sheet * size, (sheet + 1) * size).map((frame, place) => ({ frame, place }));
}

const leftOutNow = (message: string, wayOut: string): Refusal => new Refusal('FRAMES_LEFT_OUT', message, wayOut, 403);
