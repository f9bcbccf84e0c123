import { appendEntry } from '#libs/audit';
import type { Probe } from '#libs/media';
import { type Database, emit, type JobContext, type JobHandler, Refusal, row, rows, type SealedObject, type Vault } from '#libs/platform';
import { LicenceRefused, type Rights } from '#libs/rights';
import { Readable } from 'node:stream';
import type { LandedPart, Landing } from './landing.js';
import { serveRanges } from './loopback.js';

/** What a file is, from its address; throws a Refusal that says why it is not a playable film. libs/media's `probe`. */
export type Probing = (address: string, options: { signal?: AbortSignal }) => Promise<Probe>;

interface Landed {
  uploadId: string;
  titleId: string;
  fileName: string;
  bytes: number;
  partBytes: number;
  /** SHA-256 (hex) that the sender announced for the whole file. */
  announced: string | null;
  sealed: boolean;
}

/**
 * Job `ingest`, subject a master: probe, decision, seal, and only then the landing copy goes. Whatever kills it, running it again gives
 * one sealed master: what became real, became so in one transaction.
 */
export function ingest({ database, vault, rights, probe, landing }: { database: Database; vault: Vault; rights: Rights; probe: Probing; landing: Landing }): JobHandler {
  /** Why this file will never be taken. Its bytes go; the title says why and takes another file. */
  async function refuse({ scope, subjectId }: JobContext, { titleId, uploadId }: Landed, refusal: Refusal): Promise<void> {
    await database.inStudio(scope, async () => {
      await rows(`update master set state = 'refused', reason = $2 where id = $1 and state = 'landed'`, [subjectId, refusal.reason]);
      await rows(`update title set state = $2, reason = $3 where id = $1`, [titleId, refusal instanceof LicenceRefused ? 'withheld' : 'refused', refusal.reason]);
    });
    await landing.remove(scope.studioId, uploadId);
  }

  return {
    async run(context) {
      const { scope, subjectId: masterId, signal, progress } = context;
      const landed = await database.inStudio(scope, () => find(masterId));
      if (!landed) return;
      const { uploadId, titleId, bytes } = landed;
      try {
        if (!landed.sealed) {
          progress(0, 'checking the file');
          const checked = await probeLanded(landed, context);
          const parts = await database.inStudio(scope, async () => (await rows<LandedPart & { bytes: string }>(`select number, bytes, sha256 from upload_part where upload_id = $1 order by number`, [uploadId])).map((part) => ({ ...part, bytes: Number(part.bytes) })));
          const content = counted(landing.read(scope.studioId, uploadId, parts), signal, (read) => progress(read / bytes, 'sealing'));
          await vault.seal(scope, { kind: 'master', scopeId: titleId, contentType: 'application/octet-stream' }, Readable.from(content), (object) => becomeReal(context, landed, checked, object));
        }
      } catch (error) {
        if (error instanceof Refusal && error.code !== 'HELD' && error.status < 500 && !signal.aborted) await refuse(context, landed, error);
        throw error;
      }
      await landing.remove(scope.studioId, uploadId);
    },

    async mayGoOn({ scope, subjectId }) {
      const master = await row<{ title_id: string }>(`select title_id from master where id = $1`, [subjectId]);
      if (master) await rights.holds.throwIfHeld(scope, [master.title_id]);
    },

    /** Ours to answer for: the landing copy stays, and the title can be started again. */
    async failed({ subjectId }, reason) {
      await rows(`update title set state = $2, reason = $3 from master where master.id = $1 and title.id = master.title_id and master.state = 'landed'`, [subjectId, reason.code === 'HELD' ? 'withheld' : 'refused', reason]);
    },
  };

  async function probeLanded({ uploadId, partBytes, bytes }: Landed, { scope, signal }: JobContext): Promise<Probe> {
    await using server = await serveRanges(landing.source(scope.studioId, uploadId, partBytes, bytes));
    try {
      return await probe(server.url, { signal });
    } catch (error) {
      throw server.failure() ?? error;
    }
  }

  /** The transaction that makes a master: decision, object, event and log entry, or none of them. */
  async function becomeReal({ scope, subjectId: masterId }: JobContext, landed: Landed, probed: Probe, object: SealedObject): Promise<void> {
    const { titleId, fileName, announced } = landed;
    const current = await row<{ state: string }>(`select state from master where id = $1 for update`, [masterId]);
    if (current?.state !== 'landed') throw new Error(`master ${masterId} was sealed or refused by another worker`);
    if (announced && announced !== object.sha256) {
      throw new Refusal('WRONG_DIGEST', `${fileName} arrived with SHA-256 ${object.sha256!.slice(0, 12)}…, ${announced.slice(0, 12)}… was announced.`, 'Upload it again; if it stays, the file changes while it is read.');
    }
    const same = await row<{ name: string }>(`select t.name from master m join title t on t.id = m.title_id where m.studio_id = $1 and m.sha256 = $2 and m.state = 'sealed'`, [scope.studioId, object.sha256]);
    if (same) throw new Refusal('DUPLICATE_MASTER', `${fileName} is the same file, byte for byte, as the master of "${same.name}".`, `Use "${same.name}", or upload another file for this title.`, 409);
    // Held up is not refused: what was uploaded stays, and is taken once the hold is lifted.
    await rights.holds.throwIfHeld(scope, [titleId]);
    await rights.requirePermit(scope, { action: 'ingest', scopeKind: 'title', scopeId: titleId, titleIds: [titleId], actor: 'worker: ingest' });
    await rows(`update master set state = 'sealed', sha256 = $2, probe = $3, object_id = $4, reason = null where id = $1`, [masterId, object.sha256, probed, object.id]);
    await rows(`update title set state = 'analysing', reason = null where id = $1`, [titleId]);
    await appendEntry('seal', { title: titleId, master: masterId, object: object.id, sha256: object.sha256, bytes: object.plainBytes });
    await emit('master.sealed', { titleId, masterId, objectId: object.id });
  }
}

async function find(masterId: string): Promise<Landed | undefined> {
  const found = await row<{ upload_id: string; title_id: string; file_name: string; bytes: string; part_bytes: string; sha256: string | null; state: string }>(
    `select upload.id as upload_id, title_id, file_name, bytes, part_bytes, sha256, master.state from master join upload on master_id = master.id where master.id = $1 and master.state in ('landed', 'sealed')`,
    [masterId],
  );
  return found && { uploadId: found.upload_id, titleId: found.title_id, fileName: found.file_name, bytes: Number(found.bytes), partBytes: Number(found.part_bytes), announced: found.sha256, sealed: found.state === 'sealed' };
}

/** Passes chunks on and tells how many bytes went by; stops when the job is cancelled. */
async function* counted(chunks: AsyncIterable<Buffer>, signal: AbortSignal, tell: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
    tell((bytes += chunk.length));
  }
}
