import { abilityFor, type Role } from '#libs/access';
import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, emit, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, scoped, toPage } from '#libs/platform';
import { Compiler, type Heritage } from './licences/compiler.js';
import { type Licence, type LicenceEvent, type LicenceEventName, type LicenceRow, licenceSql, type LicenceVersion, type Signature, toLicence, toVersion, type VersionRow, versionSql } from './licences/rows.js';
import { contractOf, documentOf, type FilledTemplate, type PolicySource, type Sourced, templates } from './licences/source.js';
import { type Term, termOf, within } from './licences/term.js';
import { type Change, type CompiledPolicy, diffPolicies, type Hold, type Prose, renderPolicy, summarise, type Template } from './policy/index.js';
import { loadPolicy } from './policy/load.js';

export interface LicenceDraft {
  name: string;
  licensor: string;
  source: PolicySource;
}

export interface VersionDraft {
  source: PolicySource;
  /** The rules that it means to loosen: their ids, "#p1", or clause numbers. */
  loosens?: readonly string[] | null;
  /** From when it decides, once it is signed; at once when absent. */
  effectiveFrom?: Date | null;
  /** Why, in a sentence; kept in the history. */
  why: string;
}

/** A licence that lets nothing pass: a hold for the evaluator, and why in words. */
export interface Stop {
  hold: Hold;
  sentence: string;
  wayOut: string;
}

/** A text to take in the place of a licence's own: what would be if it were signed. */
export interface Instead {
  licence: Licence;
  policy: CompiledPolicy;
  /** As if every title were under the licence. */
  everywhere: boolean;
}

/** What decides about titles. */
export interface Governing {
  /** The collections that each title is in: those of its licences, and of all that these inherit from. */
  collections: Map<string, string[]>;
  /** The licences of which a version decides, with its policy. */
  governing: { licence: Licence; policy: CompiledPolicy }[];
  /** One for each licence of which none does: it refuses all of its titles. */
  stopped: Stop[];
}

/**
 * The licences of a studio, their versions, and the titles under them. A version decides when two different members signed its text, one of
 * them a compliance officer; what loosens the version before it must say so. Every change is a row with who, when and why, a log entry and an
 * event, in one transaction.
 */
export class Licences {
  private readonly compiler = new Compiler();

  constructor(
    private readonly database: Database,
    private readonly clock: () => Date = () => new Date(),
  ) {}

  /** A new licence as a draft that nobody has signed. Throws Refusal INVALID_POLICY with the path inside the document, BAD_LICENCE, UID_TAKEN. */
  async draft(scope: Scope, { name, licensor, source }: LicenceDraft): Promise<Licence> {
    const [called, grantor] = [plainText('name', name, 300), plainText('licensor', licensor, 300)];
    const sourced = await documentOf(source, scope.studioId);
    return this.database.inStudio(scope, async () => {
      const draft = await this.checked(scope, sourced);
      const id = newId();
      const created = await row(`insert into licence (id, studio_id, name, licensor, uid, created_by) values ($1, $2, $3, $4, $5, $6) on conflict (studio_id, uid) do nothing returning id`, [id, scope.studioId, called, grantor, draft.compiled.id, scope.memberId ?? null]);
      if (!created) throw new Refusal('UID_TAKEN', `Another licence of the studio has the id ${draft.compiled.id}.`, 'Give the policy an id of its own, or draft a new version of that licence.', 409);
      await this.insertVersion(scope, id, 1, draft, { kind: 'original', loosens: [], changes: [], effectiveFrom: null });
      await this.note(scope, id, { event: 'drafted', version: 1, why: 'A new licence.', sha256: draft.compiled.sha256 });
      return this.find(scope, id);
    });
  }

  /** A draft of the next version of a signed licence. Throws Refusal LOOSENS where it allows more without naming the rules, DRAFT_IN_HAND, NOT_SIGNED and what `draft` throws. */
  async amend(scope: Scope, licenceId: string, draft: VersionDraft): Promise<LicenceVersion> {
    const why = plainText('reason', draft.why, 2_000);
    const sourced = await documentOf(draft.source, scope.studioId, (await this.find(scope, licenceId)).uid);
    return this.database.inStudio(scope, async () => {
      await this.lock(licenceId);
      const versions = await this.latest(licenceId);
      if (versions.draft) throw new Refusal('DRAFT_IN_HAND', `Version ${versions.draft.version} is a draft already.`, 'Correct that draft, or discard it first.', 409);
      if (!versions.signed) throw notSigned();
      const checked = await this.checked(scope, sourced, { licenceId, uid: versions.uid });
      const version = versions.highest + 1;
      await this.insertVersion(scope, licenceId, version, checked, { ...(await this.compared(scope, versions.signed, checked.compiled, draft.loosens ?? [])), effectiveFrom: draft.effectiveFrom ?? null });
      await this.note(scope, licenceId, { event: 'drafted', version, why, sha256: checked.compiled.sha256 });
      return this.version(scope, licenceId, version);
    });
  }

  /** Corrects an unsigned version; signatures under the text before it no longer count. Throws Refusal ALREADY_SIGNED, NOT_FOUND and what `amend` throws. */
  async revise(scope: Scope, licenceId: string, version: number, draft: VersionDraft): Promise<LicenceVersion> {
    const why = plainText('reason', draft.why, 2_000);
    const sourced = await documentOf(draft.source, scope.studioId, (await this.find(scope, licenceId)).uid);
    return this.database.inStudio(scope, async () => {
      await this.lock(licenceId);
      await this.unsigned(licenceId, version);
      const versions = await this.latest(licenceId);
      const checked = await this.checked(scope, sourced, { licenceId, uid: versions.uid });
      const compared = versions.signed ? await this.compared(scope, versions.signed, checked.compiled, draft.loosens ?? []) : { kind: 'original' as const, loosens: [], changes: [] };
      await rows(
        `update licence_version set policy = $3, sha256 = $4, kind = $5, loosens = $6, changes = $7, parents = $8, begins_at = $9, ends_at = $10, effective_from = $11, template = $12 where licence_id = $1 and version = $2`,
        [licenceId, version, checked.document, checked.compiled.sha256, compared.kind, compared.loosens, JSON.stringify(compared.changes), checked.heritage.parents, checked.term.begins, checked.term.ends, draft.effectiveFrom ?? null, checked.template],
      );
      await this.note(scope, licenceId, { event: 'revised', version, why, sha256: checked.compiled.sha256 });
      return this.version(scope, licenceId, version);
    });
  }

  /** Gives up the draft of a new version. The first version of a licence is not discarded but withdrawn with it. */
  async discard(scope: Scope, licenceId: string, version: number, why: string): Promise<Licence> {
    const reason = plainText('reason', why, 2_000);
    return this.database.inStudio(scope, async () => {
      await this.lock(licenceId);
      const draft = await this.unsigned(licenceId, version);
      if (draft.kind === 'original') throw new Refusal('ONLY_VERSION', 'The licence has no other version.', 'Withdraw the licence, or correct this draft.', 409);
      await rows(`update licence_version set discarded_at = clock_timestamp() where licence_id = $1 and version = $2`, [licenceId, version]);
      await this.note(scope, licenceId, { event: 'discarded', version, why: reason, sha256: draft.sha256 });
      return this.find(scope, licenceId);
    });
  }

  /**
   * Signs the text with this hash. With the second member's signature, one of the two being a compliance officer's, the version is signed and decides.
   * Throws Refusal DRAFT_CHANGED when the text is no longer the one that was read, SIGNED_TWICE, ALREADY_SIGNED, WITHDRAWN, NOT_FOUND.
   */
  async sign(scope: Scope & { memberId: string }, licenceId: string, version: number, sha256: string): Promise<Licence> {
    return this.database.inStudio(scope, async () => {
      const licence = await this.lock(licenceId);
      if (licence.withdrawn_at) throw withdrawn();
      const draft = await this.unsigned(licenceId, version);
      if (draft.sha256 !== sha256) throw new Refusal('DRAFT_CHANGED', 'The draft was changed after you read it.', 'Read it again, then sign what it says now.', 409);
      const added = await row(
        `insert into licence_signature (licence_id, version, sha256, member_id, studio_id, roles) select $1, $2, $3, id, studio_id, roles from member where id = $4 and disabled_at is null on conflict do nothing returning member_id`,
        [licenceId, version, sha256, scope.memberId],
      );
      if (!added) throw new Refusal('SIGNED_TWICE', 'You have signed this version already; it takes two different members.', 'Ask another member to sign it.', 409);
      const signatures = await rows<{ roles: string[] }>(`select roles from licence_signature where licence_id = $1 and version = $2 and sha256 = $3`, [licenceId, version, sha256]);
      const complete = signatures.length >= 2 && signatures.some(({ roles }) => roles.includes('compliance'));
      if (complete) await rows(`update licence_version set signed_at = clock_timestamp(), effective_from = greatest(effective_from, clock_timestamp()) where licence_id = $1 and version = $2`, [licenceId, version]);
      await this.note(scope, licenceId, { event: complete ? 'signed' : 'countersign', version, why: complete ? 'Signed by two members.' : 'Signed by one member; it waits for another.', sha256 });
      return this.find(scope, licenceId);
    });
  }

  /** Stops a signed licence until it is resumed: everything asked of its titles is refused. Throws Refusal NOT_SIGNED, SUSPENDED, WITHDRAWN, NOT_FOUND. */
  async suspend(scope: Scope, licenceId: string, why: string): Promise<Licence> {
    return this.turn(scope, licenceId, 'suspended', why, `suspended_at = clock_timestamp()`, async (licence) => {
      if (licence.suspended_at) throw new Refusal('SUSPENDED', 'The licence is suspended already.', 'Resume it when the reason is gone.', 409);
      if (!(await this.latest(licenceId)).signed) throw notSigned();
    });
  }

  /** Lets a suspended licence decide again. Throws Refusal NOT_SUSPENDED, WITHDRAWN, NOT_FOUND. */
  async resume(scope: Scope, licenceId: string, why: string): Promise<Licence> {
    return this.turn(scope, licenceId, 'resumed', why, `suspended_at = null`, async (licence) => {
      if (!licence.suspended_at) throw new Refusal('NOT_SUSPENDED', 'The licence is not suspended.', 'Nothing needs to be done.', 409);
    });
  }

  /** Ends a licence, signed or not, for good: everything asked of its titles is refused from now on. Throws Refusal WITHDRAWN, NOT_FOUND. */
  async withdraw(scope: Scope, licenceId: string, why: string): Promise<Licence> {
    return this.turn(scope, licenceId, 'withdrawn', why, `withdrawn_at = clock_timestamp()`, async () => undefined);
  }

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

  /** What lies between two versions of a licence, in plain words. Throws Refusal NOT_FOUND. */
  async changes(scope: Scope, licenceId: string, before: number, after: number): Promise<Change[]> {
    return this.database.inStudio(scope, async () => {
      const [was, is] = [await this.version(scope, licenceId, before), await this.version(scope, licenceId, after)];
      return diffPolicies(await this.ready(scope, was.policy), await this.ready(scope, is.policy));
    });
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

  /** What decides about titles: the version of each of their licences that is in force, and a hold for each licence that has none. */
  async governing(scope: Scope, titleIds: string[], instead?: Instead): Promise<Governing> {
    return this.database.inStudio(scope, async () => {
      const byTitle = await this.ofTitles(scope, titleIds);
      if (instead?.everywhere) for (const own of byTitle.values()) if (!own.some(({ id }) => id === instead.licence.id)) own.push(instead.licence);
      const own = new Map([...byTitle.values()].flat().map((licence) => [licence.id, licence]));
      const all = await this.withParents(scope, own);
      const governing: Governing['governing'] = [];
      const held: Licence[] = [];
      for (const licence of own.values()) {
        const policy = licence.id === instead?.licence.id ? instead.policy : this.compiler.licence(licence, all);
        if (policy) governing.push({ licence, policy });
        else held.push(licence);
      }
      const within = new Map(held.map(({ id, uid }) => [id, [titlesOf(uid)]]));
      for (const { licence, policy } of governing) within.set(licence.id, collectionsOf(policy));
      const collections = new Map([...byTitle].map(([titleId, licences]) => [titleId, [...new Set(licences.flatMap(({ id }) => within.get(id)!))]]));
      return { collections, governing, stopped: await this.stops(held, all) };
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

  /** Puts a title under licences; `assetIds` are further names a policy may target it by (its EIDR as a URI). Throws Refusal NOT_FOUND when a licence is not the studio's. */
  async attach(scope: Scope, titleId: string, licenceIds: string[], assetIds: string[] = []): Promise<void> {
    await this.database.inStudio(scope, async () => {
      if ((await this.byId(scope, licenceIds)).length !== new Set(licenceIds).size) throw notFound('licence');
      await rows(`insert into licence_title (licence_id, title_id, studio_id, asset_ids) select unnest($1::uuid[]), $2, $3, $4 on conflict do nothing`, [licenceIds, titleId, scope.studioId, assetIds]);
    });
  }

  /** A line a rule, in plain words. */
  async summary(scope: Scope, policy: Record<string, unknown>): Promise<string[]> {
    return summarise(await this.ready(scope, policy));
  }

  /** A text in numbered clauses, each rule with its place; with the contract's own words where it was made from a template. */
  async prose(scope: Scope, { policy, sha256, template }: { policy: Record<string, unknown>; sha256: string; template: FilledTemplate | null }): Promise<Prose> {
    const compiled = await this.ready(scope, policy);
    const contract = template ? await contractOf(template, compiled.id, sha256) : undefined;
    return renderPolicy(compiled, contract ? { contract } : {});
  }

  /** The contract templates that a draft can be made from. */
  templates(): Promise<{ name: string; template: Template }[]> {
    return templates();
  }

  /** A policy of the studio ready to decide, with those it inherits from. Throws Refusal INVALID_POLICY where one of these has no version that decides. */
  async ready(scope: Scope, policy: Record<string, unknown>): Promise<CompiledPolicy> {
    return this.database.inStudio(scope, async () => this.compiler.policy(policy, (await this.heritage(scope, policy)).policies));
  }

  /** Whether the licences of a decision stand as they stood when it was made: else its keys are no longer released. */
  async stand(scope: Scope, decisionId: string): Promise<boolean> {
    return this.database.inStudio(scope, async () => (await row<{ stands: boolean | null }>(`select decision_stands($1) as stands`, [decisionId]))?.stands === true);
  }

  /** The policies of the studio with these hashes, whether they still decide or not. */
  async texts(scope: Scope, sha256s: string[]): Promise<Record<string, unknown>[]> {
    const found = await this.database.inStudio(scope, () => rows<{ policy: Record<string, unknown> }>(`select distinct on (sha256) policy from licence_version where studio_id = $1 and sha256 = any($2) order by sha256`, [scope.studioId, sha256s]));
    return found.map(({ policy }) => policy);
  }

  /** The policies of versions as they stood ("licence:version"), by licence id; those of licences that did not decide are left out. */
  async asTheyStood(scope: Scope, standing: readonly string[]): Promise<Map<string, CompiledPolicy>> {
    const [ids, versions] = [standing.map((one) => one.split(':')[0]!), standing.map((one) => Number(one.split(':')[1]))];
    const decided = ids.flatMap((id, at) => (Number.isInteger(versions[at]) ? [{ id, version: versions[at]! }] : []));
    const found = await this.database.inStudio(scope, () =>
      rows<LicenceRow>(
        `select l.id, l.name, l.licensor, l.uid, l.created_at, null as suspended_at, null as withdrawn_at, v.version, v.policy, v.sha256, v.template, v.parents, v.begins_at, v.ends_at, v.signed_at, v.effective_from, true as effective
         from unnest($1::uuid[], $2::int[]) s (id, version) join licence l on l.id = s.id join licence_version v on v.licence_id = s.id and v.version = s.version`,
        [decided.map(({ id }) => id), decided.map(({ version }) => version)],
      ),
    );
    const all = new Map(this.licences(found).map((licence) => [licence.id, licence]));
    return new Map([...all.values()].flatMap((licence) => {
      const policy = this.compiler.licence(licence, all);
      return policy ? [[licence.id, policy] as const] : [];
    }));
  }

  /** The policies that a document names as its parents: each a licence of the studio that decides. */
  private async heritage(scope: Scope, policy: Record<string, unknown>, self?: string): Promise<Heritage> {
    const { inheritFrom } = loadPolicy(policy);
    if (inheritFrom.length === 0) return { parents: [], policies: new Map(), terms: [] };
    const found = new Map(this.licences(await rows<LicenceRow>(`${licenceSql} where l.studio_id = $1 and l.uid = any($2)`, [scope.studioId, inheritFrom])).map((licence) => [licence.uid, licence]));
    const all = await this.withParents(scope, new Map([...found.values()].map((licence) => [licence.id, licence])));
    if (self !== undefined && all.has(self)) throw inherited('it would inherit from itself');
    const policies = new Map<string, CompiledPolicy>();
    for (const uid of inheritFrom) {
      const licence = found.get(uid);
      if (!licence) throw inherited(`there is no licence ${uid} in your studio`);
      const compiled = licence.decides ? this.compiler.licence(licence, all) : undefined;
      if (!compiled) throw inherited(`the licence “${licence.name}” is ${licence.state} and decides nothing now`);
      policies.set(uid, compiled);
    }
    return { parents: [...found.values()].map(({ id }) => id), policies, terms: [...found.values()] };
  }

  /** Licences with all that they inherit from, by id. */
  private async withParents(scope: Scope, licences: ReadonlyMap<string, Licence>): Promise<Map<string, Licence>> {
    const all = new Map(licences);
    for (let missing = parentsOf(licences.values(), all); missing.length > 0; ) {
      const found = await this.byId(scope, missing);
      for (const licence of found) all.set(licence.id, licence);
      missing = parentsOf(found, all);
    }
    return all;
  }

  private async stops(held: Licence[], all: ReadonlyMap<string, Licence>): Promise<Stop[]> {
    if (held.length === 0) return [];
    const said = new Map(
      (await rows<{ licence_id: string; why: string }>(`select distinct on (licence_id) licence_id, why from licence_event where licence_id = any($1) and event in ('suspended', 'withdrawn') order by licence_id, id desc`, [held.map(({ id }) => id)])).map((event) => [event.licence_id, event.why]),
    );
    return held.map((licence) => {
      const [why, wayOut] = stopped(licence, said.get(licence.id), [...all.values()].find(({ id, decides }) => licence.parents.includes(id) && !decides));
      return { hold: { id: `urn:uuid:${licence.id}`, on: 'title', subject: titlesOf(licence.uid), why, since: licence.createdAt.toISOString() }, sentence: `Refused: ${why}.`, wayOut };
    });
  }

  private async checked(scope: Scope, { document, template }: Sourced, of?: { licenceId: string; uid: string }): Promise<Checked> {
    const heritage = await this.heritage(scope, document, of?.licenceId);
    const compiled = this.compiler.policy(document, heritage.policies);
    if (!compiled.policy.strict) throw new Refusal('INVALID_POLICY', 'The policy is not valid at /profile: a licence declares the profile urn:backlot:profile: and names every action and target.', 'Write "profile": "urn:backlot:profile:" into it; policies/profile/README.md shows how.');
    if (of && compiled.id !== of.uid) throw new Refusal('INVALID_POLICY', `The policy is not valid at /uid: every version of this licence has the id ${of.uid}.`, 'Keep the id, or draft a new licence.');
    return { document, template, compiled, heritage, term: within(termOf(compiled), heritage.terms) };
  }

  /** What a draft changes in the version signed last; refuses where it loosens rules that it does not name. */
  private async compared(scope: Scope, signed: VersionRow, draft: CompiledPolicy, named: readonly string[]): Promise<Pick<LicenceVersion, 'kind' | 'loosens' | 'changes'>> {
    if (signed.sha256 === draft.sha256) throw new Refusal('NOTHING_CHANGED', 'The text is that of the version in force.', 'Change what the new version should change.', 409);
    const before = await this.ready(scope, signed.policy);
    const changes = diffPolicies(before, draft);
    const loosening = changes.filter(({ effect }) => effect === 'loosens' || effect === 'unclear');
    const names = (change: Change): string[] => [change.rule, change.rule.slice(change.rule.indexOf('#')), ...(change.clause === undefined ? [] : [change.clause])];
    const silent = loosening.filter((change) => !names(change).some((name) => named.includes(name)));
    if (silent.length > 0) {
      const rules = [...new Set(silent.map(({ rule, clause }) => (clause === undefined ? rule : `clause ${clause}`)))];
      throw new Refusal('LOOSENS', `This version allows more than the one in force: ${silent.map(({ words }) => words).join(' ')}`, `Only an amendment that names what it loosens may: name ${rules.join(', ')}, or take the change out.`);
    }
    const idle = named.filter((name) => !loosening.some((change) => names(change).includes(name)));
    if (idle.length > 0) throw new Refusal('LOOSENS_NOTHING', `It says that it loosens ${idle.join(', ')}, which it does not.`, 'Name only the rules that it loosens.');
    return { kind: loosening.length > 0 ? 'amendment' : 'tightening', loosens: [...new Set(loosening.map(({ rule }) => rule))], changes };
  }

  private async insertVersion(scope: Scope, licenceId: string, version: number, { document, template, compiled, heritage, term }: Checked, about: Pick<LicenceVersion, 'kind' | 'loosens' | 'changes' | 'effectiveFrom'>): Promise<void> {
    await rows(
      `insert into licence_version (licence_id, version, studio_id, policy, sha256, kind, loosens, changes, parents, begins_at, ends_at, drafted_by, effective_from, template) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [licenceId, version, scope.studioId, document, compiled.sha256, about.kind, about.loosens, JSON.stringify(about.changes), heritage.parents, term.begins, term.ends, scope.memberId ?? null, about.effectiveFrom, template],
    );
  }

  /** Suspends, resumes or withdraws. */
  private async turn(scope: Scope, licenceId: string, event: 'suspended' | 'resumed' | 'withdrawn', why: string, set: string, check: (licence: LockedRow) => Promise<void>): Promise<Licence> {
    const reason = plainText('reason', why, 2_000);
    return this.database.inStudio(scope, async () => {
      const licence = await this.lock(licenceId);
      if (licence.withdrawn_at) throw withdrawn();
      await check(licence);
      await rows(`update licence set ${set} where id = $1`, [licenceId]);
      await this.note(scope, licenceId, { event, version: null, why: reason });
      return this.find(scope, licenceId);
    });
  }

  /** The licence's row until the transaction ends: what is done to a licence is done one after the other. Throws Refusal NOT_FOUND. */
  private async lock(licenceId: string): Promise<LockedRow> {
    const found = await row<LockedRow>(`select uid, suspended_at, withdrawn_at from licence where id = $1 and studio_id = $2 for update`, [licenceId, scoped().studioId]);
    if (!found) throw notFound('licence');
    return found;
  }

  private async unsigned(licenceId: string, version: number): Promise<VersionRow> {
    const found = await row<VersionRow>(`${versionSql} where v.licence_id = $1 and v.version = $2 and v.discarded_at is null`, [licenceId, version]);
    if (!found) throw notFound('version of a licence');
    if (found.signed_at) throw new Refusal('ALREADY_SIGNED', `Version ${version} is signed; its text does not change any more.`, 'Draft an amendment.', 409);
    return found;
  }

  private async latest(licenceId: string): Promise<{ uid: string; highest: number; signed: VersionRow | undefined; draft: VersionRow | undefined }> {
    const { uid } = await this.lock(licenceId);
    const signed = await row<VersionRow>(`${versionSql} where v.licence_id = $1 and v.signed_at is not null order by v.version desc limit 1`, [licenceId]);
    const draft = await row<VersionRow>(`${versionSql} where v.licence_id = $1 and v.signed_at is null and v.discarded_at is null`, [licenceId]);
    const { highest } = (await row<{ highest: number }>(`select max(version) as highest from licence_version where licence_id = $1`, [licenceId]))!;
    return { uid, highest, signed, draft };
  }

  /** Who, when and why: a row, an entry of the log and an event. */
  private async note(scope: Scope, licenceId: string, { event, version, why, sha256 }: { event: LicenceEventName; version: number | null; why: string; sha256?: string }): Promise<void> {
    const id = newId();
    await rows(`insert into licence_event (id, licence_id, version, studio_id, event, why, member_id) values ($1, $2, $3, $4, $5, $6, $7)`, [id, licenceId, version, scope.studioId, event, why, scope.memberId ?? null]);
    const { name, state } = await this.find(scope, licenceId);
    const about = { licence: licenceId, event, state, ...(version === null ? {} : { version }), ...(sha256 === undefined ? {} : { sha256 }) };
    await appendEntry('licence', { ...about, name, why, by: scope.memberId ?? null });
    await emit('rights.changed', { licenceId, ...about });
  }

  private async counted(scope: Scope, sql: string, parameters: unknown[]): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(sql, parameters))!.count));
  }

  private licences(found: LicenceRow[]): Licence[] {
    const now = this.clock();
    return found.map((licence) => toLicence(licence, now));
  }

  private span(days: number): [Date, Date] {
    if (!Number.isInteger(days) || days < 1 || days > 3650) throw new Refusal('BAD_DAYS', `${days} is not a number of days from 1 to 3,650.`, 'Ask for 30, 60 or 90 days.', 400);
    const now = this.clock();
    return [now, new Date(now.getTime() + days * 86_400_000)];
  }
}

export type { Licence, LicenceEvent, LicenceEventName, LicenceVersion, Signature } from './licences/rows.js';

interface Checked extends Sourced {
  compiled: CompiledPolicy;
  heritage: Heritage;
  term: Term;
}

interface LockedRow {
  uid: string;
  suspended_at: Date | null;
  withdrawn_at: Date | null;
}

/** Versions in force of the studio ($1) that end between two moments ($2, $3). */
const ENDING = `
  select v.licence_id, v.ends_at from licence_version v join licence w on w.id = v.licence_id
  where v.studio_id = $1 and v.signed_at is not null and v.ends_at > $2 and v.ends_at <= $3 and v.effective_from <= statement_timestamp() and w.withdrawn_at is null
    and not exists (select from licence_version n where n.licence_id = v.licence_id and n.version > v.version and n.signed_at is not null and n.effective_from <= statement_timestamp())`;

/** The titles attached to a licence. */
const titlesOf = (uid: string): string => `${uid}#titles`;

/** The collections that a title under a policy is in. */
export const collectionsOf = ({ id, parents }: CompiledPolicy): string[] => [titlesOf(id), ...parents.flatMap(collectionsOf)];

const parentsOf = (licences: Iterable<Licence>, known: ReadonlyMap<string, Licence>): string[] => [...new Set([...licences].flatMap(({ parents }) => parents))].filter((id) => !known.has(id));

/** Why no version of a licence decides, and what would help. */
function stopped({ name, state, decides }: Licence, said: string | undefined, parent: Licence | undefined): [why: string, wayOut: string] {
  const why = said === undefined ? '' : ` (${said.replace(/[.\s]+$/, '')})`;
  if (state === 'withdrawn') return [`the licence “${name}” was withdrawn${why}`, 'A new licence would have to cover it; a withdrawal is final.'];
  if (state === 'suspended') return [`the licence “${name}” is suspended${why}`, 'It can be allowed again once a compliance officer resumes the licence.'];
  if (state === 'draft') return [`the licence “${name}” is a draft that is not signed`, 'It decides once two members have signed it, one of them a compliance officer.'];
  if (decides) return [`the licence “${name}” inherits from ${parent ? `“${parent.name}”, which is ${parent.state}` : 'one that does not decide now'}`, 'It decides again once every licence that it inherits from does.'];
  return [`the licence “${name}” is signed but not in force yet`, 'It can be allowed from the day on which the licence takes effect.'];
}

const withdrawn = (): Refusal => new Refusal('WITHDRAWN', 'The licence was withdrawn; that is final.', 'Draft a new licence.', 409);
const notSigned = (): Refusal => new Refusal('NOT_SIGNED', 'No version of the licence is signed.', 'Sign the draft first.', 409);
const inherited = (problem: string): Refusal => new Refusal('INVALID_POLICY', `The policy is not valid at /inheritFrom: ${problem}.`, 'Inherit from licences of your studio that are in force.');

/** What a person wrote, without the blanks around it; throws Refusal BAD_LICENCE. */
function plainText(what: string, text: string, most: number): string {
  const plain = text.trim();
  if (!plain || plain.length > most) throw new Refusal('BAD_LICENCE', `The ${what} has 1 to ${most} characters.`, `Write the ${what}.`);
  return plain;
}
