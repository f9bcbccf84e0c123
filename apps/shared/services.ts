import { mkdir, readFile, writeFile, link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Access } from '#libs/access';
import { generateLogKey, PLATFORM_LOG, verifierOf } from '#libs/audit';
import { Catalogue } from '#libs/catalogue';
import { type Bucket, Curation } from '#libs/curation';
import { Generation } from '#libs/generation';
import * as media from '#libs/media';
import { config, connect, type Database, FileStore, LocalKeys, newId, repositoryRoot, Vault } from '#libs/platform';
import { Rights } from '#libs/rights';
import { Training } from '#libs/training';

/** What the API and the worker are made of: each lib once, over one pool. */
export interface Services {
  database: Database;
  vault: Vault;
  access: Access;
  rights: Rights;
  catalogue: Catalogue;
  curation: Curation;
  training: Training;
  generation: Generation;
  logs: Logs;
  close(): Promise<void>;
}

export async function createServices(): Promise<Services> {
  const { BACKLOT_DATA: data, BACKLOT_BASES: bases = join(data, 'bases'), BACKLOT_CAPTION_URL: captionUrl, BACKLOT_CAPTION_MODEL: captionModel, BACKLOT_CAPTION_KEY: key } = config();
  const database = await connect();
  const keysFolder = join(data, 'keys');
  const store = new FileStore(join(data, 'vault'));
  const vault = new Vault(database, store, new LocalKeys(keysFolder));
  const rights = new Rights({ database, vault });
  const catalogue = new Catalogue({ database, vault, rights, probe: media.probe, landing: join(data, 'landing') });
  const folder = (name: string): string => join(repositoryRoot, 'models', name);
  const models = once(async () => ({ models: await media.loadVisionModels(folder('vision')), speech: await media.loadSpeechModel(folder('sound')), network: folder('shots') }));
  const sentences = once(() => media.loadSentenceModel(folder('text-vectors')));
  const bucket = once(async () => bucketOf(JSON.parse(await readFile(join(repositoryRoot, 'models/starter/backlot.json'), 'utf8')) as Bucket));
  const curation = new Curation({ database, vault, rights, media, models, sentences, bucket, ...(captionUrl && captionModel && { captioner: new media.EndpointCaptioner({ url: captionUrl, model: captionModel, key }) }) });
  const training = new Training({ database, vault, rights, keysFolder, basesFolders: [join(repositoryRoot, 'models'), bases] });
  const generation = new Generation({ database, vault, rights, training, keysFolder });
  return {
    database,
    vault,
    access: new Access({ database }),
    rights,
    catalogue,
    curation,
    training,
    generation,
    logs: new Logs(keysFolder, join(data, 'log')),
    close: () => database.close(),
  };
}

/** Clips are cut to the starter's size unless a dataset asks for another. */
const bucketOf = ({ width, height, frames, fps }: Bucket): Bucket => ({ width, height, frames, fps });

/** Makes a value on first use and keeps it; a failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** Where each studio's transparency log lies, and the key that signs it. */
export class Logs {
  private readonly signers = new Map<string, Promise<string>>();

  constructor(
    private readonly keysFolder: string,
    private readonly root: string,
  ) {}

  directory(studioId: string): string {
    return join(this.root, studioId === PLATFORM_LOG ? 'platform' : studioId);
  }

  /** The log's secret key, made on first use. Of two processes that make it at once, one wins and both use the winner's. */
  signer(studioId: string): Promise<string> {
    let signer = this.signers.get(studioId);
    if (!signer) {
      signer = this.load(studioId);
      this.signers.set(studioId, signer);
      signer.catch(() => this.signers.delete(studioId));
    }
    return signer;
  }

  /** The key that whoever verifies needs. */
  async verifier(studioId: string): Promise<string> {
    return verifierOf(await this.signer(studioId));
  }

  private async load(studioId: string): Promise<string> {
    const name = studioId === PLATFORM_LOG ? 'platform' : studioId;
    const path = join(this.keysFolder, `log-${name}.key`);
    await mkdir(this.keysFolder, { recursive: true, mode: 0o700 });
    const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (known) return known;
    const temporary = `${path}.${newId()}`;
    await writeFile(temporary, generateLogKey(`backlot/${name}`).signer, { mode: 0o600, flush: true });
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await rm(temporary);
    return readFile(path, 'utf8');
  }
}
