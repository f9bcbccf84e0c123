import { type Database, type ObjectKind, rows, type Scope, type SealedObject, type Vault } from '#libs/platform';
import { Readable } from 'node:stream';

type About = { kind: ObjectKind; contentType: string };

/** Small objects that wait for the disk at the same time: sealing a still must not hold up the decode. */
const AT_ONCE = 4;

/** The objects that one attempt at a title seals. They belong to nothing until the attempt's last transaction; `undo` takes them back. */
export class Sealing {
  private readonly made = new Set<string>();
  private readonly running = new Set<Promise<unknown>>();
  private failed: Error | undefined;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly scope: Scope,
    private readonly titleId: string,
  ) {}

  /** Seals a stream; the promise is also watched here, so that a failure shows up in `failure`. */
  start(about: About, bytes: Readable, done?: (object: SealedObject) => void): Promise<SealedObject> {
    const sealing = this.vault.seal(this.scope, { ...about, scopeId: this.titleId }, bytes).then((object) => {
      this.made.add(object.id);
      done?.(object);
      return object;
    });
    const watched: Promise<unknown> = sealing.catch((error: Error) => void (this.failed ??= error)).finally(() => this.running.delete(watched));
    this.running.add(watched);
    return sealing;
  }

  /** Seals a small object beside others; waits only while too many wait. Throws what an earlier one failed with. */
  async queue(about: About, bytes: Buffer, done: (object: SealedObject) => void): Promise<void> {
    // The proxy runs all the time and does not count.
    while (this.running.size > AT_ONCE) await Promise.race(this.running);
    if (this.failed) throw this.failed;
    void this.start(about, Readable.from([bytes]), done);
  }

  /** Waits until everything is sealed; throws what one failed with. */
  async idle(): Promise<void> {
    while (this.running.size) await Promise.all(this.running);
    if (this.failed) throw this.failed;
  }

  failure(): Error | undefined {
    return this.failed;
  }

  /** Destroys what this attempt sealed. */
  async undo(): Promise<void> {
    while (this.running.size) await Promise.all(this.running);
    for (const id of this.made) await this.database.inStudio(this.scope, () => this.vault.destroy(id));
  }

  /** Destroys what an attempt that was killed had sealed. Only for a title that has no analysis. */
  async removeLeftovers(): Promise<void> {
    const left = await this.database.inStudio(this.scope, () =>
      rows<{ id: string }>(`select id from sealed_object where studio_id = $1 and scope_id = $2 and kind in ('proxy', 'keyframe', 'filmstrip') and destroyed_at is null`, [this.scope.studioId, this.titleId]),
    );
    for (const { id } of left) await this.database.inStudio(this.scope, () => this.vault.destroy(id));
  }
}
