import { appendEntry } from '#libs/audit';
import type { Probe } from '#libs/media';
import { config, type Database, decodeCursor, emit, enqueueJob, isId, type JobHandler, jobsOf, newId, notFound, type Page, type Paged, pageSize, Refusal, type Reason, row, rows, type Scope, toPage, type Vault, writeAnyway } from '#libs/platform';
import type { Rights } from '#libs/rights';
import type { Readable } from 'node:stream';
import { ingest, type Probing } from './ingest.js';
import { Landing } from './landing.js';

export type TitleState = 'registered' | 'uploading' | 'checking' | 'analysing' | 'ready' | 'refused' | 'withheld';

export interface Title {
  id: string;
  name: string;
  year: number | null;
  eidr: string | null;
  attribution: string | null;
  state: TitleState;
  /** Why it was refused (the file) or withheld (the licence). */
  reason: Reason | null;
  posterObjectId: string | null;
  createdAt: Date;
}

export interface TitleInput {
  name: string;
  year?: number | null;
  eidr?: string | null;
  attribution?: string | null;
  licenceIds: string[];
}

export interface Master {
  id: string;
  titleId: string;
  fileName: string;
  bytes: number;
  /** Hex, once sealed. */
  sha256: string | null;
  state: 'uploading' | 'landed' | 'sealed' | 'refused';
  reason: Reason | null;
  probe: Probe | null;
  objectId: string | null;
}

export interface Upload {
  id: string;
  titleId: string;
  masterId: string;
  /** Size of every part but the last. */
  partBytes: number;
  parts: number;
  /** Numbers of the parts that arrived, ascending. */
  received: number[];
}

interface TitleRow {
  id: string;
  name: string;
  year: number | null;
  eidr: string | null;
  attribution: string | null;
  state: TitleState;
  reason: Reason | null;
  poster_object_id: string | null;
  created_at: Date;
}

interface MasterRow {
  id: string;
  title_id: string;
  file_name: string;
  bytes: string;
  sha256: string | null;
  state: Master['state'];
  reason: Reason | null;
  probe: Probe | null;
  object_id: string | null;
}

interface UploadRow {
  id: string;
  title_id: string;
  master_id: string;
  bytes: string;
  part_bytes: string;
  parts: number;
  state: 'open' | 'complete' | 'aborted';
}

const titleColumns = 'id, name, year, eidr, attribution, state, reason, poster_object_id, created_at';
const masterColumns = 'id, title_id, file_name, bytes, sha256, state, reason, probe, object_id';
const uploadColumns = 'upload.id, title_id, master_id, bytes, part_bytes, parts, upload.state';
/** 10,000 parts at most, as object stores have it: their numbers fit in one answer. */
const MAX_PARTS = 10_000;
const ABANDONED = `interval '7 days'`;

const toTitle = (found: TitleRow): Title => ({
  id: found.id,
  name: found.name,
  year: found.year,
  eidr: found.eidr,
  attribution: found.attribution,
  state: found.state,
  reason: found.reason,
  posterObjectId: found.poster_object_id,
  createdAt: found.created_at,
});

const toMaster = (found: MasterRow): Master => ({
  id: found.id,
  titleId: found.title_id,
  fileName: found.file_name,
  bytes: Number(found.bytes),
  sha256: found.state === 'sealed' ? found.sha256 : null,
  state: found.state,
  reason: found.reason,
  probe: found.probe,
  objectId: found.object_id,
});

/** Titles and their masters: registering, uploading, checking, sealing. */
export class Catalogue {
  private readonly database: Database;
  private readonly rights: Rights;
  private readonly landing: Landing;
  /** The job that checks and seals an upload; its subject is the master. */
  readonly ingest: JobHandler;

  /** `landing` is the folder for uploads on their way; `freeBytes` tells the room on its disk. */
  constructor({ database, vault, rights, probe, landing, freeBytes }: { database: Database; vault: Vault; rights: Rights; probe: Probing; landing: string; freeBytes?: (folder: string) => Promise<number> }) {
    this.database = database;
    this.rights = rights;
    this.landing = new Landing(landing, freeBytes);
    this.ingest = ingest({ database, vault, rights, probe, landing: this.landing });
  }

  /**
   * Registers a title under licences and asks them for `ingest` first: where one refuses, the title is kept as `withheld` with the
   * decision's sentence and takes no upload. Throws Refusal BAD_TITLE, NOT_FOUND (a licence).
   */
  async createTitle(scope: Scope, input: TitleInput): Promise<Title> {
    const name = input.name.trim();
    if (!name || name.length > 300) throw badTitle('A title has a name of 1 to 300 characters.');
    if (input.year != null && !(Number.isInteger(input.year) && input.year >= 1870 && input.year <= 2200)) throw badTitle(`${input.year} is not a year of a film.`);
    if (input.eidr != null && !/^10\.5240\/([0-9A-F]{4}-){5}[0-9A-Z]$/.test(input.eidr)) throw badTitle(`${input.eidr} is not an EIDR title id (10.5240/XXXX-XXXX-XXXX-XXXX-XXXX-C).`);
    if (!input.licenceIds.length) throw badTitle('A title needs at least one licence: without one nothing may be done with it.');
    if (!input.licenceIds.every(isId)) throw notFound('licence');
    return this.database.inStudio(scope, async () => {
      const id = newId();
      await rows(`insert into title (id, studio_id, name, year, eidr, attribution, created_by) values ($1, $2, $3, $4, $5, $6, $7)`, [id, scope.studioId, name, input.year ?? null, input.eidr ?? null, input.attribution ?? null, scope.memberId ?? null]);
      await this.rights.licences.attach(scope, id, input.licenceIds, input.eidr ? [`urn:eidr:${input.eidr.replace('/', ':')}`] : []);
      await emit('title.registered', { titleId: id });
      return this.ask(scope, id, 'ingest', 'registered');
    });
  }

  /** Puts the title where its licences' answer lets it be: `permitted`, or withheld with their sentence. */
  private async ask(scope: Scope, titleId: string, action: 'ingest' | 'fineTune', permitted: TitleState): Promise<Title> {
    const decision = await this.rights.decide(scope, { action, scopeKind: 'title', scopeId: titleId, titleIds: [titleId], use: null, frames: 'permitted', actor: await this.actor(scope) });
    const reason = decision.permitted ? null : { code: 'LICENCE_REFUSED', message: decision.sentence, wayOut: decision.reason.whatWouldChangeIt };
    const changed = await row<TitleRow>(`update title set state = $2, reason = $3 where id = $1 returning ${titleColumns}`, [titleId, reason ? 'withheld' : permitted, reason]);
    return toTitle(changed!);
  }

  private async actor(scope: Scope): Promise<string> {
    if (!scope.memberId) return 'catalogue';
    return (await row<{ name: string }>(`select name from member where id = $1`, [scope.memberId]))?.name ?? 'a member';
  }

  /** Throws Refusal NOT_FOUND. */
  async title(scope: Scope, id: string): Promise<Title> {
    const [found] = await this.titlesById(scope, [id]);
    if (!found) throw notFound('title');
    return found;
  }

  /** Those of `ids` that are the studio's, in no order. */
  async titlesById(scope: Scope, ids: string[]): Promise<Title[]> {
    return this.database.inStudio(scope, async () => (await rows<TitleRow>(`select ${titleColumns} from title where studio_id = $1 and id = any($2)`, [scope.studioId, ids.filter(isId)])).map(toTitle));
  }

  /** Newest first; `search` finds a part of the name. */
  async titles(scope: Scope, page: Page, filter: { state?: TitleState | null; search?: string | null } = {}): Promise<Paged<Title>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<TitleRow>(
        `select ${titleColumns} from title where studio_id = $1 and ($2::uuid is null or id < $2) and ($3::text is null or state = $3) and ($4::text is null or name ilike $4) order by id desc limit $5`,
        [scope.studioId, after, filter.state ?? null, pattern(filter.search), first + 1],
      );
      return toPage(found.map(toTitle), first, (title) => [title.id]);
    });
  }

  async countTitles(scope: Scope, filter: { state?: TitleState | null; search?: string | null } = {}): Promise<number> {
    return this.database.inStudio(scope, async () => {
      const counted = await row<{ count: string }>(`select count(*) from title where studio_id = $1 and ($2::text is null or state = $2) and ($3::text is null or name ilike $3)`, [scope.studioId, filter.state ?? null, pattern(filter.search)]);
      return Number(counted!.count);
    });
  }

  /** The newest master of each title, by title id. Its jobs: `jobsOf(masterIds)` inside inStudio. */
  async mastersOf(scope: Scope, titleIds: string[]): Promise<Map<string, Master>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<MasterRow>(`select distinct on (title_id) ${masterColumns} from master where studio_id = $1 and title_id = any($2) order by title_id, id desc`, [scope.studioId, titleIds.filter(isId)]);
      return new Map(found.map((master) => [master.title_id, toMaster(master)]));
    });
  }

  /**
   * Starts what stopped a title again: its failed or cancelled job, or the question to its licences when they kept it back.
   * Throws Refusal NOT_FOUND, NOTHING_TO_RETRY.
   */
  async retry(scope: Scope, titleId: string): Promise<Title> {
    return this.database.inStudio(scope, async () => {
      const title = await this.title(scope, titleId);
      const master = (await this.mastersOf(scope, [titleId])).get(titleId);
      const job = master && (await jobsOf([master.id])).get(master.id);
      if (title.state === 'withheld' && master?.state !== 'sealed' && master?.state !== 'landed') return this.ask(scope, titleId, 'ingest', 'registered');
      if (title.state === 'withheld' && job?.state === 'succeeded') return this.ask(scope, titleId, 'fineTune', 'ready');
      if (!master || !job || !['failed', 'cancelled'].includes(job.state) || !['landed', 'sealed'].includes(master.state)) {
        throw new Refusal('NOTHING_TO_RETRY', `Nothing of ${title.name} failed that could be started again.`, title.state === 'refused' ? 'Upload another file for it.' : 'Wait until its job ends.', 409);
      }
      const changed = await row<TitleRow>(`update title set state = $2, reason = null where id = $1 returning ${titleColumns}`, [titleId, master.state === 'sealed' ? 'analysing' : 'checking']);
      await enqueueJob(job.name, master.id);
      return toTitle(changed!);
    });
  }

  /**
   * Opens an upload. One of the same title, file name and size that is still open is gone on with: `received` says what is there.
   * Throws Refusal NOT_FOUND, LICENCE_REFUSED, TITLE_HAS_MASTER, EMPTY_FILE, TOO_LARGE, DISK_FULL.
   */
  async createUpload(scope: Scope, { titleId, fileName, bytes }: { titleId: string; fileName: string; bytes: number }): Promise<Upload> {
    if (!fileName.trim() || fileName.length > 500) throw badTitle('A file has a name of 1 to 500 characters.');
    return this.database.inStudio(scope, async () => {
      const title = await row<TitleRow>(`select ${titleColumns} from title where studio_id = $1 and id = $2 for update`, [scope.studioId, isId(titleId) ? titleId : null]);
      if (!title) throw notFound('title');
      if (title.state === 'withheld') throw new Refusal('LICENCE_REFUSED', title.reason!.message, title.reason!.wayOut, 403);
      const current = await rows<UploadRow & { file_name: string }>(
        `select ${uploadColumns}, file_name from upload join master on master.id = master_id where upload.studio_id = $1 and title_id = $2 and upload.state = 'open'`,
        [scope.studioId, titleId],
      );
      const same = current.find((open) => open.file_name === fileName && Number(open.bytes) === bytes);
      if (same) return this.withReceived(same);
      const [taken] = await rows<{ file_name: string }>(`select file_name from master where studio_id = $1 and title_id = $2 and state in ('landed', 'sealed')`, [scope.studioId, titleId]);
      if (taken) throw new Refusal('TITLE_HAS_MASTER', `${title.name} has its master already: ${taken.file_name}.`, 'Register another title for another file.', 409);
      const refused = await this.unfit(fileName, bytes);
      if (refused) {
        await writeAnyway(async () => void (await rows(`update title set state = 'refused', reason = $2 where id = $1`, [titleId, refused.reason])));
        throw refused;
      }
      await this.landing.makeRoom(bytes);
      for (const open of current) await this.drop(scope, open);
      const partBytes = Math.max(config().BACKLOT_UPLOAD_PART_BYTES, Math.ceil(bytes / MAX_PARTS));
      const upload: UploadRow = { id: newId(), title_id: titleId, master_id: newId(), bytes: String(bytes), part_bytes: String(partBytes), parts: Math.ceil(bytes / partBytes), state: 'open' };
      await rows(`insert into master (id, studio_id, title_id, file_name, bytes) values ($1, $2, $3, $4, $5)`, [upload.master_id, scope.studioId, titleId, fileName, bytes]);
      await rows(`insert into upload (id, studio_id, master_id, part_bytes, parts, created_by) values ($1, $2, $3, $4, $5, $6)`, [upload.id, scope.studioId, upload.master_id, partBytes, upload.parts, scope.memberId ?? null]);
      await rows(`update title set state = 'uploading', reason = null where id = $1`, [titleId]);
      return this.withReceived(upload);
    });
  }

  private async unfit(fileName: string, bytes: number): Promise<Refusal | undefined> {
    if (bytes === 0) return new Refusal('EMPTY_FILE', `${fileName} has no bytes.`, 'Copy the file again from its source and upload that.');
    if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > 5_497_558_138_880) return new Refusal('TOO_LARGE', `${fileName} has ${bytes} bytes; a master has at most 5 TiB.`, 'Upload a mezzanine file of it.');
  }

  /** Throws Refusal NOT_FOUND. */
  async upload(scope: Scope, id: string): Promise<Upload> {
    return this.database.inStudio(scope, async () => this.withReceived(await this.findUpload(scope, id)));
  }

  private async findUpload(scope: Scope, id: string, lock = ''): Promise<UploadRow> {
    const found = isId(id) ? await row<UploadRow>(`select ${uploadColumns} from upload join master on master.id = master_id where upload.studio_id = $1 and upload.id = $2 ${lock}`, [scope.studioId, id]) : undefined;
    if (!found) throw notFound('upload');
    return found;
  }

  private async withReceived(upload: UploadRow): Promise<Upload> {
    const received = await rows<{ number: number }>(`select number from upload_part where upload_id = $1 order by number`, [upload.id]);
    return { id: upload.id, titleId: upload.title_id, masterId: upload.master_id, partBytes: Number(upload.part_bytes), parts: upload.parts, received: received.map((part) => part.number) };
  }

  /**
   * Takes part `number` (from 0) whole or not at all; `sha256` is hex. Sending the same part again is fine.
   * Throws Refusal NOT_FOUND, UPLOAD_CLOSED, BAD_PART, WRONG_SIZE, WRONG_DIGEST, DISK_FULL.
   */
  async putPart(scope: Scope, uploadId: string, number: number, content: Readable, sha256: string): Promise<void> {
    const { upload, known } = await this.database.inStudio(scope, async () => ({
      upload: await this.findUpload(scope, uploadId),
      known: await row<{ sha256: string }>(`select sha256 from upload_part where upload_id = $1 and number = $2`, [isId(uploadId) ? uploadId : null, Number.isInteger(number) ? number : -1]),
    }));
    if (!Number.isInteger(number) || number < 0 || number >= upload.parts) throw new Refusal('BAD_PART', `The upload has parts 0 to ${upload.parts - 1}; ${number} is none of them.`, 'Cut the file into parts of partBytes.');
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Refusal('BAD_PART', `Part ${number} came without its SHA-256.`, 'Send the header Content-Digest: sha-256=:BASE64: with each part.', 400);
    if (known?.sha256 === sha256) {
      content.resume();
      return;
    }
    if (upload.state !== 'open') throw closed();
    const partBytes = Number(upload.part_bytes);
    const bytes = Math.min(partBytes, Number(upload.bytes) - number * partBytes);
    await this.landing.put(scope.studioId, uploadId, { number, bytes, sha256 }, content);
    await this.database.inStudio(scope, async () => {
      // An upload that was given up meanwhile takes nothing more; its folder is swept.
      if ((await this.findUpload(scope, uploadId, 'for update of upload')).state !== 'open') throw closed();
      await rows(`insert into upload_part (upload_id, studio_id, number, bytes, sha256) values ($1, $2, $3, $4, $5) on conflict (upload_id, number) do update set sha256 = excluded.sha256`, [uploadId, scope.studioId, number, bytes, sha256]);
    });
  }

  /**
   * All parts are there: the title is checked next (job `ingest`). `sha256` (hex) of the whole file is compared there. Asked again, it
   * answers the same. Throws Refusal NOT_FOUND, PARTS_MISSING, UPLOAD_CLOSED.
   */
  async completeUpload(scope: Scope, uploadId: string, sha256?: string): Promise<Title> {
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) throw new Refusal('BAD_DIGEST', 'sha256 is 64 hexadecimal digits.', 'Leave it out or send the SHA-256 of the whole file.', 400);
    return this.database.inStudio(scope, async () => {
      const upload = await this.findUpload(scope, uploadId, 'for update of upload');
      if (upload.state === 'aborted') throw closed();
      if (upload.state === 'open') {
        const parts = await rows<{ number: number; bytes: string; sha256: string }>(`select number, bytes, sha256 from upload_part where upload_id = $1 order by number`, [uploadId]);
        const gone = await this.landing.missing(scope.studioId, uploadId, parts.map((part) => ({ ...part, bytes: Number(part.bytes) })));
        if (gone.length) await writeAnyway(async () => void (await rows(`delete from upload_part where upload_id = $1 and number = any($2)`, [uploadId, gone])));
        const there = parts.length - gone.length;
        if (there < upload.parts) throw new Refusal('PARTS_MISSING', `${there} of ${upload.parts} parts arrived.`, 'Send the parts that `received` does not name, then complete it.', 409);
        await rows(`update upload set state = 'complete', completed_at = now() where id = $1`, [uploadId]);
        await rows(`update master set state = 'landed', sha256 = $2 where id = $1`, [upload.master_id, sha256 ?? null]);
        await rows(`update title set state = 'checking', reason = null where id = $1`, [upload.title_id]);
        await appendEntry('upload', { title: upload.title_id, master: upload.master_id, bytes: Number(upload.bytes) });
        await emit('master.uploaded', { titleId: upload.title_id, masterId: upload.master_id });
        await enqueueJob('ingest', upload.master_id);
      }
      return this.title(scope, upload.title_id);
    });
  }

  /** Gives an upload up and forgets its bytes. Throws Refusal NOT_FOUND, UPLOAD_CLOSED (it was completed). */
  async abortUpload(scope: Scope, uploadId: string): Promise<void> {
    await this.database.inStudio(scope, async () => {
      const upload = await this.findUpload(scope, uploadId, 'for update of upload');
      if (upload.state === 'complete') throw closed();
      await this.drop(scope, upload);
      await rows(`update title set state = 'registered' where id = $1 and state = 'uploading'`, [upload.title_id]);
    });
    await this.landing.remove(scope.studioId, uploadId);
  }

  private async drop(scope: Scope, upload: UploadRow): Promise<void> {
    await rows(`update upload set state = 'aborted' where id = $1`, [upload.id]);
    await rows(`update master set state = 'refused', reason = $2 where id = $1`, [upload.master_id, { code: 'ABORTED', message: 'The upload was given up.', wayOut: 'Upload it again.' }]);
  }

  /** Removes what uploads left behind: those open for more than 7 days are given up, and bytes that no job needs any more go. Returns how many folders went. */
  async sweepLanding(): Promise<number> {
    let removed = 0;
    for await (const { studioId, uploadId } of this.landing.uploads()) {
      const needed = await this.database.inStudio({ studioId }, async () => {
        const upload = await row<UploadRow & { abandoned: boolean; master_state: Master['state'] }>(
          `select ${uploadColumns}, upload.created_at < now() - ${ABANDONED} as abandoned, master.state as master_state from upload join master on master.id = master_id where upload.studio_id = $1 and upload.id = $2 for update of upload`,
          [studioId, uploadId],
        );
        if (upload?.state === 'open' && upload.abandoned) {
          await this.drop({ studioId }, upload);
          await rows(`update title set state = 'registered' where id = $1 and state = 'uploading'`, [upload.title_id]);
          return false;
        }
        return upload?.state === 'open' || (upload?.state === 'complete' && upload.master_state === 'landed');
      });
      if (needed) continue;
      await this.landing.remove(studioId, uploadId);
      removed++;
    }
    return removed;
  }
}

/** ILIKE pattern of a search, its wildcards taken literally. */
function pattern(search: string | null | undefined): string | null {
  return search?.trim() ? `%${search.trim().replaceAll(/[\\%_]/g, '\\$&')}%` : null;
}

function badTitle(message: string): Refusal {
  return new Refusal('BAD_TITLE', message, 'Correct it and send it again.', 400);
}

function closed(): Refusal {
  return new Refusal('UPLOAD_CLOSED', 'The upload is not open any more.', 'Create an upload for the title; it says what is missing.', 409);
}
