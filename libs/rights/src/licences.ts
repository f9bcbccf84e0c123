import { appendEntry } from '#libs/audit';
import { emit, newId, notFound, Refusal, row, rows, type Scope, scoped } from '#libs/platform';
import type { Heritage } from './licences/compiler.js';
import { GoverningLicences } from './licences/governing.js';
import { type Licence, type LicenceEventName, type LicenceVersion, type VersionRow, versionSql } from './licences/rows.js';
import { documentOf, type PolicySource, type Sourced, templates } from './licences/source.js';
import { type Term, termOf, within } from './licences/term.js';
import { type Change, type CompiledPolicy, diffPolicies, type Template } from './policy/index.js';

export { collectionsOf, type Governing, type Instead, type Stop } from './licences/governing.js';
export type { Licence, LicenceEvent, LicenceEventName, LicenceVersion, Signature } from './licences/rows.js';

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

/**
 * The licences of a studio, their versions, and the titles under them. A version decides when two different members signed its text, one of
 * them a compliance officer; what loosens the version before it must say so. Every change is a row with who, when and why, a log entry and an
 * event, in one transaction.
 */
export class Licences extends GoverningLicences {
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

  /** Corrects an unsigned version; signatures under the text before it no longer count. Throws Refusal ALREADY_SIGNED, SIGNED_TEXT (somebody signed the text that it would have), NOT_FOUND and what `amend` throws. */
  async revise(scope: Scope, licenceId: string, version: number, draft: VersionDraft): Promise<LicenceVersion> {
    const why = plainText('reason', draft.why, 2_000);
    const sourced = await documentOf(draft.source, scope.studioId, (await this.find(scope, licenceId)).uid);
    return this.database.inStudio(scope, async () => {
      await this.lock(licenceId);
      await this.unsigned(licenceId, version);
      const versions = await this.latest(licenceId);
      const checked = await this.checked(scope, sourced, { licenceId, uid: versions.uid });
      // A signature is for the text, but whoever gave it read the day and the rules that it names as well.
      const read = await row(`select from licence_signature where licence_id = $1 and version = $2 and sha256 = $3`, [licenceId, version, checked.compiled.sha256]);
      if (read) throw new Refusal('SIGNED_TEXT', 'A member has signed this text already; what stands around it does not change any more.', 'Give the policy another backlot:version, so that it is signed anew.', 409);
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

  /** Puts a title under licences; `assetIds` are further names a policy may target it by (its EIDR as a URI). Throws Refusal NOT_FOUND when a licence is not the studio's. */
  async attach(scope: Scope, titleId: string, licenceIds: string[], assetIds: string[] = []): Promise<void> {
    await this.database.inStudio(scope, async () => {
      if ((await this.byId(scope, licenceIds)).length !== new Set(licenceIds).size) throw notFound('licence');
      await rows(`insert into licence_title (licence_id, title_id, studio_id, asset_ids) select unnest($1::uuid[]), $2, $3, $4 on conflict do nothing`, [licenceIds, titleId, scope.studioId, assetIds]);
    });
  }

  /**
   * Puts a title of the studio (the caller has looked) under a further licence: what it is under all has to permit, so this only tightens.
   * Throws Refusal ATTACHED, NOT_FOUND.
   */
  async attachLater(scope: Scope, licenceId: string, titleId: string, why: string): Promise<Licence> {
    const reason = plainText('reason', why, 2_000);
    return this.database.inStudio(scope, async () => {
      await this.lock(licenceId);
      const added = await row(
        `insert into licence_title (licence_id, title_id, studio_id, asset_ids)
         select $1, $2, $3, coalesce((select asset_ids from licence_title where title_id = $2 and studio_id = $3 limit 1), '{}') on conflict do nothing returning title_id`,
        [licenceId, titleId, scope.studioId],
      );
      if (!added) throw new Refusal('ATTACHED', 'The title is under this licence already.', 'Nothing needs to be done.', 409);
      await this.note(scope, licenceId, { event: 'attached', version: null, why: reason, titleId });
      return this.find(scope, licenceId);
    });
  }

  /**
   * Takes a title out from under a licence that has ended, so that its other licences decide. From under one that still says something a
   * title does not get: that would loosen it without a signature. Throws Refusal LICENCE_STANDS, LAST_LICENCE, NOT_FOUND.
   */
  async detach(scope: Scope, licenceId: string, titleId: string, why: string): Promise<Licence> {
    const reason = plainText('reason', why, 2_000);
    return this.database.inStudio(scope, async () => {
      await this.lock(licenceId);
      const { state, name } = await this.find(scope, licenceId);
      // Two detachments at once must not take the last licence: each waits for the other's rows.
      const under = await rows<{ licence_id: string }>(`select licence_id from licence_title where title_id = $1 and studio_id = $2 order by licence_id for update`, [titleId, scope.studioId]);
      if (!under.some(({ licence_id }) => licence_id === licenceId)) throw notFound('title under this licence');
      if (state !== 'withdrawn' && state !== 'expired') throw new Refusal('LICENCE_STANDS', `The licence “${name}” is ${state}; a title stays under it as long as it has a say.`, 'Withdraw the licence first, or amend it.', 409);
      if (under.length === 1) throw new Refusal('LAST_LICENCE', `“${name}” is the only licence of the title.`, 'Put the title under its new licence first.', 409);
      await rows(`delete from licence_title where licence_id = $1 and title_id = $2 and studio_id = $3`, [licenceId, titleId, scope.studioId]);
      await this.note(scope, licenceId, { event: 'detached', version: null, why: reason, titleId });
      return this.find(scope, licenceId);
    });
  }

  /** The contract templates that a draft can be made from. */
  templates(): Promise<{ name: string; template: Template }[]> {
    return templates();
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
  private async note(scope: Scope, licenceId: string, { event, version, why, sha256, titleId }: { event: LicenceEventName; version: number | null; why: string; sha256?: string; titleId?: string }): Promise<void> {
    const id = newId();
    await rows(`insert into licence_event (id, licence_id, version, studio_id, event, why, member_id) values ($1, $2, $3, $4, $5, $6, $7)`, [id, licenceId, version, scope.studioId, event, why, scope.memberId ?? null]);
    const { name, state } = await this.find(scope, licenceId);
    const about = { licence: licenceId, event, state, ...(version === null ? {} : { version }), ...(sha256 === undefined ? {} : { sha256 }), ...(titleId === undefined ? {} : { title: titleId }) };
    await appendEntry('licence', { ...about, name, why, by: scope.memberId ?? null });
    await emit('rights.changed', { licenceId, ...about });
  }
}

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

const withdrawn = (): Refusal => new Refusal('WITHDRAWN', 'The licence was withdrawn; that is final.', 'Draft a new licence.', 409);
const notSigned = (): Refusal => new Refusal('NOT_SIGNED', 'No version of the licence is signed.', 'Sign the draft first.', 409);

/** What a person wrote, without the blanks around it; throws Refusal BAD_LICENCE. */
function plainText(what: string, text: string, most: number): string {
  const plain = text.trim();
  if (!plain || plain.length > most) throw new Refusal('BAD_LICENCE', `The ${what} has 1 to ${most} characters.`, `Write the ${what}.`);
  return plain;
}
