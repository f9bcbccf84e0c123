import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, newId, notFound, type Page, type Paged, pageSize, row, rows, type Scope, toPage } from '#libs/platform';
import { canonicalSha256, type CompiledPolicy, compilePolicy, summarise } from './policy/index.js';
import { remember } from './remember.js';

export interface Licence {
  id: string;
  name: string;
  licensor: string;
  version: number;
  policy: Record<string, unknown>;
  /** SHA-256 of the policy's canonical JSON (RFC 8785), hex. */
  sha256: string;
  createdAt: Date;
}

interface LicenceRow {
  id: string;
  name: string;
  licensor: string;
  version: number;
  policy: Record<string, unknown>;
  sha256: string;
  created_at: Date;
}

const licenceColumns = 'id, name, licensor, version, policy, sha256, created_at';

const toLicence = (found: LicenceRow): Licence => ({ id: found.id, name: found.name, licensor: found.licensor, version: found.version, policy: found.policy, sha256: found.sha256, createdAt: found.created_at });

/** The licences of a studio and the titles under them. */
export class Licences {
  private readonly compiled = new Map<string, CompiledPolicy>();

  constructor(private readonly database: Database) {}

  /** Registers a policy; throws Refusal INVALID_POLICY with the path inside the document. */
  async create(scope: Scope, input: { name: string; licensor: string; policy: Record<string, unknown> }): Promise<Licence> {
    this.compile(input.policy);
    const sha256 = canonicalSha256(input.policy);
    return this.database.inStudio(scope, async () => {
      const created = await row<LicenceRow>(
        `insert into licence (id, studio_id, name, licensor, policy, sha256, created_by) values ($1, $2, $3, $4, $5, $6, $7) returning ${licenceColumns}`,
        [newId(), scope.studioId, input.name, input.licensor, input.policy, sha256, scope.memberId ?? null],
      );
      await appendEntry('licence', { licence: created!.id, name: input.name, sha256, version: 1 });
      return toLicence(created!);
    });
  }

  /** A licence of the studio; throws Refusal NOT_FOUND. */
  async find(scope: Scope, id: string): Promise<Licence> {
    const [found] = await this.byId(scope, [id]);
    if (!found) throw notFound('licence');
    return found;
  }

  async byId(scope: Scope, ids: string[]): Promise<Licence[]> {
    return this.database.inStudio(scope, async () => (await rows<LicenceRow>(`select ${licenceColumns} from licence where id = any($1)`, [ids])).map(toLicence));
  }

  async page(scope: Scope, page: Page): Promise<Paged<Licence>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<LicenceRow>(`select ${licenceColumns} from licence where studio_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`, [scope.studioId, after?.[0] ?? null, first + 1]);
      return toPage(found.map(toLicence), first, (licence) => [licence.id]);
    });
  }

  async count(scope: Scope): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from licence where studio_id = $1`, [scope.studioId]))!.count));
  }

  /** The licences of each title, by title id. */
  async ofTitles(scope: Scope, titleIds: string[]): Promise<Map<string, Licence[]>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<LicenceRow & { title_id: string }>(
        `select title_id, ${licenceColumns} from licence_title join licence on licence.id = licence_id where licence_title.studio_id = $1 and title_id = any($2) order by title_id, id`,
        [scope.studioId, titleIds],
      );
      const byTitle = new Map<string, Licence[]>(titleIds.map((id) => [id, []]));
      for (const licence of found) byTitle.get(licence.title_id)!.push(toLicence(licence));
      return byTitle;
    });
  }

  /** Ids of the titles under a licence, newest first. */
  async titleIds(scope: Scope, licenceId: string, page: Page): Promise<Paged<string>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string }>(`select title_id from licence_title where licence_id = $1 and ($2::uuid is null or title_id < $2) order by title_id desc limit $3`, [licenceId, after?.[0] ?? null, first + 1]);
      return toPage(found.map((item) => item.title_id), first, (id) => [id]);
    });
  }

  async countTitles(scope: Scope, licenceId: string): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from licence_title where licence_id = $1`, [licenceId]))!.count));
  }

  /** Puts a title under licences; `assetIds` are further names a policy may target it by (its EIDR as a URI). Throws Refusal NOT_FOUND when a licence is not the studio's. */
  async attach(scope: Scope, titleId: string, licenceIds: string[], assetIds: string[] = []): Promise<void> {
    await this.database.inStudio(scope, async () => {
      if ((await this.byId(scope, licenceIds)).length !== new Set(licenceIds).size) throw notFound('licence');
      await rows(`insert into licence_title (licence_id, title_id, studio_id, asset_ids) select unnest($1::uuid[]), $2, $3, $4 on conflict do nothing`, [licenceIds, titleId, scope.studioId, assetIds]);
    });
  }

  /** A line a rule, in plain words. */
  summary(licence: Licence): string[] {
    return summarise(this.compile(licence.policy));
  }

  /** The policy ready to decide; kept by its hash, so that one version is compiled once a process. */
  compile(policy: Record<string, unknown>): CompiledPolicy {
    const sha256 = canonicalSha256(policy);
    return this.compiled.get(sha256) ?? remember(this.compiled, sha256, compilePolicy(policy));
  }
}
