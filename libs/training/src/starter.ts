import { join } from 'node:path';
import { newId, row, rows, scoped } from '#libs/platform';
import { describeBase } from './bases.js';

const LICENCE = 'Apache-2.0. Trained by the makers of Backlot from scratch on open films (CC-BY 3.0), public-domain film and generated scenes; see models/starter/README.md.';

/** The base model that ships with the product: read once a process, registered in a studio on first sight. */
export class Starter {
  private described: ReturnType<typeof describeBase> | undefined;
  readonly path: string;

  constructor(modelsFolder: string) {
    this.path = join(modelsFolder, 'starter');
  }

  /** Registers it in the open studio; gives its hash. Throws Refusal BASE_MISSING where the product was packed without it. */
  async ensure(): Promise<string> {
    this.described ??= describeBase(this.path).catch((error: unknown) => {
      this.described = undefined;
      throw error;
    });
    const { sha256, name, spec } = await this.described;
    const { studioId } = scoped();
    const known = await row(`select id from base_model where studio_id = $1 and sha256 = $2 and path = $3`, [studioId, sha256, this.path]);
    if (!known) {
      await rows(
        `insert into base_model (id, studio_id, name, path, sha256, licence, spec) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (studio_id, sha256) do update set path = excluded.path, spec = excluded.spec`,
        [newId(), studioId, name ?? 'Starter', this.path, sha256, LICENCE, spec],
      );
    }
    return sha256;
  }
}
