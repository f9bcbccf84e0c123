import { createHash, randomBytes } from 'node:crypto';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Database, row, rows, scoped, type Scope } from './database.js';
import { notFound, Refusal } from './errors.js';
import { isId, newId } from './ids.js';
import type { KeyManagement } from './keys.js';
import { openRange, plainSize, SealStream, SEGMENT_BYTES } from './seal.js';
import type { ObjectStore } from './store.js';

/** What a sealed object is; with its scope it decides which licence decisions may open it (SQL function release_key). */
export type ObjectKind = 'master' | 'proxy' | 'keyframe' | 'filmstrip' | 'dataset' | 'checkpoint' | 'adapter' | 'sample' | 'output';

export interface SealedObject {
  id: string;
  kind: ObjectKind;
  /** The title, dataset version, training run, model or generation that the object belongs to. */
  scopeId: string;
  contentType: string;
  storeKey: string;
  plainBytes: number;
  sealedBytes: number;
  /** SHA-256 of the clear bytes, hex; absent where a tenant sealed the bytes itself. */
  sha256: string | null;
}

/** A released key: exists only after the release was logged. Never stored, never sent anywhere but to the trainer of the same studio. */
export interface ReleasedKey {
  object: SealedObject;
  decisionId: string;
  key: Buffer;
}

interface ObjectRow {
  id: string;
  kind: ObjectKind;
  scope_id: string;
  content_type: string;
  store_key: string;
  plain_bytes: string;
  sealed_bytes: string;
  sha256: string | null;
}

const columns = 'id, kind, scope_id, content_type, store_key, plain_bytes, sealed_bytes, sha256';

function toObject(found: ObjectRow): SealedObject {
  return {
    id: found.id,
    kind: found.kind,
    scopeId: found.scope_id,
    contentType: found.content_type,
    storeKey: found.store_key,
    plainBytes: Number(found.plain_bytes),
    sealedBytes: Number(found.sealed_bytes),
    sha256: found.sha256,
  };
}

/**
 * Sealed objects of every studio. Sealing needs only the scope; opening needs a decision: the wrapped keys cannot be selected by
 * the app's role, only `release_key(decision, object)` in the database hands one out, after it has logged the release.
 */
export class Vault {
  constructor(
    private readonly database: Database,
    private readonly store: ObjectStore,
    private readonly keys: KeyManagement,
  ) {}

  /**
   * Seals a stream under a fresh data key and registers it. The store has the bytes before the row says so; a failed seal leaves neither.
   * `inTransaction` runs in the transaction that makes the object real (to point a row of the caller at it).
   */
  async seal(
    scope: Scope,
    about: { kind: ObjectKind; scopeId: string; contentType: string; id?: string },
    bytes: Readable,
    inTransaction?: (object: SealedObject) => Promise<void>,
  ): Promise<SealedObject> {
    const id = about.id ?? newId();
    const storeKey = `${scope.studioId}/${about.kind}/${id}-${newId().slice(-12)}`;
    const dataKey = randomBytes(32);
    const hash = createHash('sha256');
    const sealing = new SealStream(dataKey, id);
    const measured = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    const out = new PassThrough({ highWaterMark: SEGMENT_BYTES });
    const [, sealedBytes] = await Promise.all([pipeline(bytes, measured, sealing, out), this.store.put(storeKey, out)]);
    const object: SealedObject = { id, kind: about.kind, scopeId: about.scopeId, contentType: about.contentType, storeKey, plainBytes: sealing.plainBytes, sealedBytes, sha256: hash.digest('hex') };
    try {
      await this.register(scope, object, dataKey, inTransaction);
    } catch (error) {
      await this.store.remove(storeKey);
      throw error;
    } finally {
      dataKey.fill(0);
    }
    return object;
  }

  /**
   * Takes bytes that a tenant sealed under a key it was given (`sealedAs`), and seals them under a fresh key of their own: destroying that
   * one destroys the object whatever the tenant's key still opens. Bytes that do not open are refused with SEAL_BROKEN; an object that is
   * already here stays as it is, so a repeated upload changes nothing.
   */
  async adopt(
    scope: Scope,
    about: { kind: ObjectKind; scopeId: string; contentType: string; id: string },
    sealedAs: { objectId: string; key: Buffer },
    sealed: Readable,
    inTransaction?: (object: SealedObject) => Promise<void>,
  ): Promise<SealedObject> {
    const known = await this.database.inStudio(scope, () => row<ObjectRow>(`select ${columns} from sealed_object where id = $1`, [about.id]));
    if (known) {
      sealed.resume();
      return toObject(known);
    }
    // One name per object: bytes that a kill left behind are overwritten by the next try.
    const arrived = `${scope.studioId}/arriving/${about.id}`;
    const sealedBytes = await this.store.put(arrived, sealed);
    try {
      const opened = openRange(sealedAs.key, sealedAs.objectId, sealedBytes, (from, to) => this.store.read(arrived, from, to));
      return await this.seal(scope, about, Readable.from(opened), inTransaction);
    } finally {
      await this.store.remove(arrived);
    }
  }

  private async register(scope: Scope, object: SealedObject, dataKey: Buffer, inTransaction?: (object: SealedObject) => Promise<void>): Promise<void> {
    const wrapped = await this.keys.wrap(scope.studioId, dataKey);
    await this.database.inStudio(scope, async () => {
      await rows(
        `insert into sealed_object (id, studio_id, kind, scope_id, content_type, store_key, plain_bytes, sealed_bytes, sha256)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [object.id, scope.studioId, object.kind, object.scopeId, object.contentType, object.storeKey, object.plainBytes, object.sealedBytes, object.sha256],
      );
      await rows(`insert into sealed_key (object_id, studio_id, wrapped) values ($1, $2, $3)`, [object.id, scope.studioId, wrapped]);
      await inTransaction?.(object);
    });
  }

  /** The object's row in the scope's studio; throws Refusal NOT_FOUND alike for absent and foreign ones. */
  async find(scope: Scope, objectId: string): Promise<SealedObject> {
    const found = await this.database.inStudio(scope, () => row<ObjectRow>(`select ${columns} from sealed_object where id = $1`, [objectId]));
    if (!found) throw notFound('object');
    return toObject(found);
  }

  /**
   * Releases an object's key under a decision. The database checks that the decision permits, is still valid, covers the object's scope
   * and that nothing holds it; writes key_release and the log entry; only then gives the wrapped key. Committed before this returns.
   * Throws Refusal KEY_REFUSED (says which of these failed) or NOT_FOUND.
   */
  async release(scope: Scope, decisionId: string, objectId: string): Promise<ReleasedKey> {
    const released = await this.database.inStudio(scope, async () => {
      const object = await row<ObjectRow>(`select ${columns} from sealed_object where id = $1`, [objectId]);
      if (!object) throw notFound('object');
      const answer = await row<{ wrapped: Buffer | null; refusal: string | null }>(`select wrapped, refusal from release_key($1, $2)`, [decisionId, objectId]);
      return { object: toObject(object), wrapped: answer?.wrapped ?? null, refusal: answer?.refusal ?? 'no answer' };
    });
    if (!released.wrapped) {
      throw new Refusal('KEY_REFUSED', `The key was not released: ${released.refusal}.`, 'Ask for a new decision; the licence page says what it allows.', 403);
    }
    return { object: released.object, decisionId, key: await this.keys.unwrap(scope.studioId, released.wrapped) };
  }

  /** Clear bytes [start, end) of a released object. */
  open(released: ReleasedKey, start = 0, end = Infinity): AsyncGenerator<Buffer> {
    return openRange(released.key, released.object.id, released.object.sealedBytes, (from, to) => this.store.read(released.object.storeKey, from, to), start, end);
  }

  /** Sealed bytes as they lie, for a tenant that holds the released key. */
  sealedBytes(object: SealedObject): AsyncIterable<Buffer> {
    return this.store.read(object.storeKey, 0, object.sealedBytes);
  }

  /** Destroys the wrapped key, then the bytes: what is gone first is the way to read them. Runs in the caller's transaction. */
  async destroy(objectId: string): Promise<void> {
    const { studioId } = scoped();
    const [gone] = await rows<{ store_key: string }>(`update sealed_object set destroyed_at = now() where id = $1 and studio_id = $2 returning store_key`, [objectId, studioId]);
    await rows(`delete from sealed_key where object_id = $1`, [objectId]);
    if (gone) await this.store.remove(gone.store_key);
  }

  /** Takes back an object that belongs to nothing yet: the same id may be sealed again. One that is not there is no matter. Runs in the caller's transaction. */
  async discard(objectId: string): Promise<void> {
    const [gone] = await rows<{ store_key: string }>(`delete from sealed_object where id = $1 and studio_id = $2 returning store_key`, [objectId, scoped().studioId]);
    if (gone) await this.store.remove(gone.store_key);
  }

  /**
   * Removes stored bytes that no object owns: a process was killed between writing them and registering them, and nobody has their key.
   * An hour of silence tells them from bytes that are being written. Returns how many went.
   */
  async sweep(olderThanMs = 3_600_000): Promise<number> {
    let removed = 0;
    let together: string[] = [];
    const settle = async (): Promise<void> => {
      const studioId = together[0]?.split('/')[0];
      if (isId(studioId)) {
        const owned = await this.database.inStudio({ studioId }, () => rows<{ store_key: string }>(`select store_key from sealed_object where store_key = any($1) and destroyed_at is null`, [together]));
        const kept = new Set(owned.map((object) => object.store_key));
        for (const storeKey of together.filter((key) => !kept.has(key))) {
          await this.store.remove(storeKey);
          removed++;
        }
      }
      together = [];
    };
    for await (const storeKey of this.store.list(olderThanMs)) {
      if (together.length === 500 || (together[0] && together[0].split('/')[0] !== storeKey.split('/')[0])) await settle();
      together.push(storeKey);
    }
    await settle();
    return removed;
  }
}

export { plainSize };
