import { join } from 'node:path';
import { Catalogue } from '#libs/catalogue';
import { Curation, type DatasetInput, type DatasetVersion, type Drop, type Media } from '#libs/curation';
import * as media from '#libs/media';
import { type JobContext, newId, relayEvents, row, rows, type Scope } from '#libs/platform';
import { type Decision, Rights } from '#libs/rights';
import { extract } from 'tar-stream';
import { licence, policyOf, sign, upload } from './films.js';
import type { World } from './studio.js';

/** A studio over the real parts, ffmpeg included, whose jobs a test runs by hand. */
export class FilmStudio {
  readonly rights: Rights;
  readonly catalogue: Catalogue;
  readonly curation: Curation;

  constructor(
    readonly world: Pick<World, 'database' | 'vault' | 'folder'>,
    readonly scope: Scope & { memberId: string },
    { parts = {}, clock, probe = media.probe }: { parts?: Partial<Media>; clock?: () => Date; probe?: typeof media.probe } = {},
  ) {
    this.rights = new Rights({ ...world, ...(clock ? { clock } : {}) });
    this.catalogue = new Catalogue({ ...world, rights: this.rights, probe, landing: join(world.folder, 'landing') });
    this.curation = new Curation({ ...world, rights: this.rights, media: { ...media, ...parts }, models: async () => undefined, bucket: async () => ({ width: 96, height: 64, frames: 17, fps: 16 }) });
  }

  context(subjectId: string): JobContext {
    return { jobId: newId(), scope: { studioId: this.scope.studioId }, subjectId, payload: {}, attempt: 1, signal: new AbortController().signal, progress: () => undefined };
  }

  /** A signed licence whose policy has these things beside its permissions. */
  async licence(actions: string[], more: Record<string, unknown> = {}): Promise<string> {
    if (!Object.keys(more).length) return licence(this.rights, this.scope, actions);
    const policy = { ...policyOf(actions, `urn:uuid:${newId()}`), assignee: `urn:uuid:${this.scope.studioId}`, ...more };
    const { id } = await this.rights.licences.draft(this.scope, { name: 'Licence', licensor: 'Licensor', source: { policy } });
    await sign(this.rights, this.scope, id);
    return id;
  }

  /** A film from upload to its shots. */
  async analysed(film: Buffer, { name = 'film.mp4', actions = ['ingest', 'curate', 'fineTune'], more = {} }: { name?: string; actions?: string[]; more?: Record<string, unknown> } = {}): Promise<string> {
    const { id } = await this.catalogue.createTitle(this.scope, { name, licenceIds: [await this.licence(actions, more)] });
    await upload(this.catalogue, this.scope, id, film, name);
    const master = (await this.catalogue.mastersOf(this.scope, [id])).get(id)!;
    await this.catalogue.ingest.run(this.context(master.id));
    await this.relay();
    await this.curation.analyse.run(this.context(master.id));
    return id;
  }

  async relay(): Promise<void> {
    await relayEvents(this.world.database, { curation: this.curation.reactions });
  }

  /** Runs the masks that wait. */
  async masks(): Promise<number> {
    await this.relay();
    const waiting = await this.inStudio(() => rows<{ id: string; subject_id: string }>(`select id, subject_id from job where name = 'mask' and state = 'queued'`));
    for (const { id, subject_id: titleId } of waiting) {
      await this.curation.mask.run(this.context(titleId));
      await this.inStudio(() => rows(`update job set state = 'succeeded', finished_at = now() where id = $1`, [id]));
    }
    return waiting.length;
  }

  async frozen(input: Partial<DatasetInput> = {}): Promise<DatasetVersion> {
    const { id } = await this.curation.buildDataset(this.scope, { name: 'set', titleIds: [], ...input });
    await this.curation.freeze.run(this.context(id));
    return this.curation.datasetVersion(this.scope, id);
  }

  async drops(versionId: string): Promise<Drop[]> {
    return (await this.curation.drops(this.scope, versionId, { first: 100 })).items;
  }

  /** The version's mp4 files in order, opened under a decision about it. */
  async clipFiles(version: DatasetVersion, titleIds: string[]): Promise<Buffer[]> {
    const permit: Decision = await this.rights.requirePermit(this.scope, { action: 'fineTune', scopeKind: 'dataset', scopeId: version.id, titleIds, frames: 'permitted', actor: 'test' });
    const tar = extract();
    tar.end(await this.opened(permit.id, version.objectId!));
    const files: Buffer[] = [];
    for await (const entry of tar) {
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(part as Buffer);
      if (entry.header.name.endsWith('.mp4')) files.push(Buffer.concat(parts));
    }
    return files;
  }

  async opened(decisionId: string, objectId: string): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.world.vault.open(await this.world.vault.release(this.scope, decisionId, objectId))) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  inStudio<T>(work: () => Promise<T>): Promise<T> {
    return this.world.database.inStudio(this.scope, work);
  }

  async count(sql: string, ...parameters: unknown[]): Promise<number> {
    return this.inStudio(async () => Number((await row<{ count: string }>(`select count(*) ${sql}`, parameters))!.count));
  }
}
