import { abilityFor, type Role } from '#libs/access';
import { type Database, decodeCursor, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import { type Licence, type LicenceEvent, type LicenceEventName, type LicenceRow, licenceSql, type LicenceVersion, type Signature, toLicence, toVersion, type VersionRow, versionSql } from './rows.js';

/** The licences of a studio, their versions, signatures and history, and the titles under them, as they are kept. */
export class StoredLicences {
  constructor(
    protected readonly database: Database,
    protected readonly clock: () => Date = () => new Date(),
  ) {}

  /** A licence of the studio; throws Refusal NOT_FOUND. */
  async find(scope: Scope, id: string): Promise<Licence> {
    const [found] = await this.byId(scope, [id]);
    if (!found) throw notFound('licence');
    return found;
  }

  async byId(scope: Scope, ids: string[]): Promise<Licence[]> {
    return this.database.inStudio(scope, async () => this.licences(await rows<LicenceRow>(`${licenceSql} where l.id = any($1)`, [ids])));
  }

  /** Newest first. */
  async page(scope: Scope, page: Page): Promise<Paged<Licence>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<LicenceRow>(`${licenceSql} where l.studio_id = $1 and ($2::uuid is null or l.id < $2) order by l.id desc limit $3`, [scope.studioId, after?.[0] ?? null, first + 1]);
      return toPage(this.licences(found), first, (licence) => [licence.id]);
    });
  }

  async count(scope: Scope): Promise<number> {
    return this.counted(scope, `select count(*) from licence where studio_id = $1`, [scope.studioId]);
  }

  /** Licences in force whose term ends within so many days from now, the next one first. */
  async expiring(scope: Scope, page: Page, days: number): Promise<Paged<Licence>> {
    const first = pageSize(page.first);
    const [ends = null, id = null] = decodeCursor(page.after, 2) ?? [];
    return this.database.inStudio(scope, async () => {
      const found = await rows<LicenceRow>(
        `${licenceSql} join lateral (${ENDING}) e on e.licence_id = l.id where ($4::timestamptz is null or (e.ends_at, l.id) > ($4, $5::uuid)) order by e.ends_at, l.id limit $6`,
        [scope.studioId, ...this.span(days), ends, id, first + 1],
      );
      return toPage(this.licences(found), first, (licence) => [licence.ends!.toISOString(), licence.id]);
    });
  }

  async countExpiring(scope: Scope, days: number): Promise<number> {
    return this.counted(scope, `select count(*) from (${ENDING}) e`, [scope.studioId, ...this.span(days)]);
  }

  /** Versions that nobody or only one member has signed, newest licence first. */
  async unsignedVersions(scope: Scope, page: Page): Promise<Paged<LicenceVersion>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<VersionRow>(
        `${versionSql} join licence l on l.id = v.licence_id where v.studio_id = $1 and v.signed_at is null and v.discarded_at is null and l.withdrawn_at is null and ($2::uuid is null or v.licence_id < $2) order by v.licence_id desc limit $3`,
        [scope.studioId, after?.[0] ?? null, first + 1],
      );
      return toPage(found.map(toVersion), first, (version) => [version.licenceId]);
    });
  }

  async countUnsignedVersions(scope: Scope): Promise<number> {
    return this.counted(scope, `select count(*) from licence_version v join licence l on l.id = v.licence_id where v.studio_id = $1 and v.signed_at is null and v.discarded_at is null and l.withdrawn_at is null`, [scope.studioId]);
  }

  /** One version of a licence; throws Refusal NOT_FOUND. */
  async version(scope: Scope, licenceId: string, version: number): Promise<LicenceVersion> {
    const found = await this.database.inStudio(scope, () => row<VersionRow>(`${versionSql} where v.studio_id = $1 and v.licence_id = $2 and v.version = $3`, [scope.studioId, licenceId, version]));
    if (!found) throw notFound('version of a licence');
    return toVersion(found);
  }

  /** All versions of a licence, newest first, discarded ones among them. */
  async versions(scope: Scope, licenceId: string, page: Page): Promise<Paged<LicenceVersion>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<VersionRow>(`${versionSql} where v.studio_id = $1 and v.licence_id = $2 and ($3::int is null or v.version < $3) order by v.version desc limit $4`, [scope.studioId, licenceId, after?.[0] ?? null, first + 1]);
      return toPage(found.map(toVersion), first, ({ version }) => [String(version)]);
    });
  }

  async countVersions(scope: Scope, licenceId: string): Promise<number> {
    return this.counted(scope, `select count(*) from licence_version where studio_id = $1 and licence_id = $2`, [scope.studioId, licenceId]);
  }

  /** The draft in hand of each licence that has one, by licence id. */
  async draftsOf(scope: Scope, licenceIds: string[]): Promise<Map<string, LicenceVersion>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<VersionRow>(`${versionSql} where v.studio_id = $1 and v.licence_id = any($2) and v.signed_at is null and v.discarded_at is null`, [scope.studioId, licenceIds]);
      return new Map(found.map((draft) => [draft.licence_id, toVersion(draft)]));
    });
  }

  /** Who signed a version's text as it is now, first signature first. */
  async signatures(scope: Scope, { licenceId, version, sha256 }: LicenceVersion): Promise<Signature[]> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ member_id: string; roles: string[]; at: Date }>(`select member_id, roles, at from licence_signature where licence_id = $1 and version = $2 and sha256 = $3 order by at, member_id`, [licenceId, version, sha256]);
      return found.map(({ member_id: memberId, roles, at }) => ({ memberId, roles, at }));
    });
  }

  /** Ids of members (at most 20) whose signature a draft waits for: once one has signed who is no compliance officer, only a compliance officer's helps. */
  async awaits(scope: Scope, version: LicenceVersion): Promise<string[]> {
    if (version.state !== 'draft') return [];
    return this.database.inStudio(scope, async () => {
      const signed = await this.signatures(scope, version);
      const officerNeeded = signed.length > 0 && !signed.some(({ roles }) => roles.includes('compliance'));
      const found = await rows<{ id: string; roles: Role[] }>(`select id, roles from member where studio_id = $1 and disabled_at is null and id <> all($2) and (not $3 or 'compliance' = any(roles)) order by id`, [scope.studioId, signed.map(({ memberId }) => memberId), officerNeeded]);
      return found.filter(({ roles }) => abilityFor(roles).can('sign', 'Licence')).slice(0, 20).map(({ id }) => id);
    });
  }

  /** What was done to a licence, newest first. */
  async events(scope: Scope, licenceId: string, page: Page): Promise<Paged<LicenceEvent>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1);
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ id: string; event: LicenceEventName; version: number | null; why: string; member_id: string | null; at: Date }>(
        `select id, event, version, why, member_id, at from licence_event where studio_id = $1 and licence_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4`,
        [scope.studioId, licenceId, after?.[0] ?? null, first + 1],
      );
      return toPage(found.map(({ member_id: memberId, ...event }) => ({ ...event, memberId })), first, ({ id }) => [id]);
    });
  }

  async countEvents(scope: Scope, licenceId: string): Promise<number> {
    return this.counted(scope, `select count(*) from licence_event where studio_id = $1 and licence_id = $2`, [scope.studioId, licenceId]);
  }

  /** The licences of each title, by title id: drafts, suspended and withdrawn ones among them. */
  async ofTitles(scope: Scope, titleIds: string[]): Promise<Map<string, Licence[]>> {
    return this.database.inStudio(scope, async () => {
      const pairs = await rows<{ title_id: string; licence_id: string }>(`select title_id, licence_id from licence_title where studio_id = $1 and title_id = any($2) order by title_id, licence_id`, [scope.studioId, titleIds]);
      const licences = new Map((await this.byId(scope, [...new Set(pairs.map((pair) => pair.licence_id))])).map((licence) => [licence.id, licence]));
      const byTitle = new Map<string, Licence[]>(titleIds.map((id) => [id, []]));
      for (const pair of pairs) byTitle.get(pair.title_id)!.push(licences.get(pair.licence_id)!);
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
    return this.counted(scope, `select count(*) from licence_title where licence_id = $1`, [licenceId]);
  }

  /** The policies of the studio with these hashes, whether they still decide or not. */
  async texts(scope: Scope, sha256s: string[]): Promise<Record<string, unknown>[]> {
    const found = await this.database.inStudio(scope, () => rows<{ policy: Record<string, unknown> }>(`select distinct on (sha256) policy from licence_version where studio_id = $1 and sha256 = any($2) order by sha256`, [scope.studioId, sha256s]));
    return found.map(({ policy }) => policy);
  }

  private async counted(scope: Scope, sql: string, parameters: unknown[]): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(sql, parameters))!.count));
  }

  protected licences(found: LicenceRow[]): Licence[] {
    const now = this.clock();
    return found.map((licence) => toLicence(licence, now));
  }

  private span(days: number): [Date, Date] {
    if (!Number.isInteger(days) || days < 1 || days > 3650) throw new Refusal('BAD_DAYS', `${days} is not a number of days from 1 to 3,650.`, 'Ask for 30, 60 or 90 days.', 400);
    const now = this.clock();
    return [now, new Date(now.getTime() + days * 86_400_000)];
  }
}

/** Versions in force of the studio ($1) that end between two moments ($2, $3). */
const ENDING = `
  select v.licence_id, v.ends_at from licence_version v join licence w on w.id = v.licence_id
  where v.studio_id = $1 and v.signed_at is not null and v.ends_at > $2 and v.ends_at <= $3 and v.effective_from <= statement_timestamp() and w.withdrawn_at is null
    and not exists (select from licence_version n where n.licence_id = v.licence_id and n.version > v.version and n.signed_at is not null and n.effective_from <= statement_timestamp())`;
