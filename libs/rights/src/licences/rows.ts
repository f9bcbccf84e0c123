import type { Change } from '../policy/index.js';
import type { FilledTemplate } from './source.js';
import { type LicenceState, stateOf, type Term } from './term.js';

/** A licence as it stands: the version that decides, or, while none is signed, the draft. */
export interface Licence extends Term {
  id: string;
  name: string;
  licensor: string;
  /** The id of its policy, the same in every version. */
  uid: string;
  state: LicenceState;
  version: number;
  policy: Record<string, unknown>;
  /** SHA-256 of the policy's canonical JSON (RFC 8785), hex. */
  sha256: string;
  /** What it was made from, if it was a template. */
  template: FilledTemplate | null;
  /** Whether that version decides now. A licence of which none does refuses everything that is asked of its titles. */
  decides: boolean;
  /** The licences that its policy inherits from. */
  parents: string[];
  createdAt: Date;
}

export type VersionState = 'draft' | 'signed' | 'in_force' | 'amended' | 'discarded';

/** One text of a licence. It never changes once it is signed. */
export interface LicenceVersion extends Term {
  licenceId: string;
  version: number;
  state: VersionState;
  kind: 'original' | 'amendment' | 'tightening';
  policy: Record<string, unknown>;
  sha256: string;
  /** What it was made from, if it was a template. */
  template: FilledTemplate | null;
  /** Ids of the rules that it says it loosens. */
  loosens: string[];
  /** What it changes in the version before it. */
  changes: Change[];
  draftedBy: string | null;
  createdAt: Date;
  signedAt: Date | null;
  effectiveFrom: Date | null;
}

export interface Signature {
  memberId: string;
  /** The signer's roles at that moment. */
  roles: string[];
  at: Date;
}

export type LicenceEventName = 'drafted' | 'revised' | 'discarded' | 'countersign' | 'signed' | 'suspended' | 'resumed' | 'withdrawn' | 'attached' | 'detached';

/** Who did what to a licence, when and why. */
export interface LicenceEvent {
  id: string;
  event: LicenceEventName;
  version: number | null;
  why: string;
  memberId: string | null;
  at: Date;
}

export interface LicenceRow {
  id: string;
  name: string;
  licensor: string;
  uid: string;
  created_at: Date;
  suspended_at: Date | null;
  withdrawn_at: Date | null;
  version: number;
  policy: Record<string, unknown>;
  sha256: string;
  template: FilledTemplate | null;
  parents: string[];
  begins_at: Date | null;
  ends_at: Date | null;
  signed_at: Date | null;
  effective_from: Date | null;
  effective: boolean;
}

const EFFECTIVE = 'v.signed_at is not null and v.effective_from <= statement_timestamp()';

/** Licences with the version that is shown for each; a `where` clause about `l` follows. */
export const licenceSql = `
  select l.id, l.name, l.licensor, l.uid, l.created_at, l.suspended_at, l.withdrawn_at, shown.*
  from licence l cross join lateral (
    select v.version, v.policy, v.sha256, v.template, v.parents, v.begins_at, v.ends_at, v.signed_at, v.effective_from, ${EFFECTIVE} as effective
    from licence_version v where v.licence_id = l.id and v.discarded_at is null
    order by (${EFFECTIVE}) desc, (v.signed_at is not null) desc, v.version desc limit 1) shown`;

export function toLicence(found: LicenceRow, now: Date): Licence {
  const suspended = found.suspended_at !== null;
  const withdrawn = found.withdrawn_at !== null;
  const term = { begins: found.begins_at, ends: found.ends_at };
  return {
    id: found.id,
    name: found.name,
    licensor: found.licensor,
    uid: found.uid,
    state: stateOf({ ...term, signed: found.signed_at !== null, effectiveFrom: found.effective_from, suspended, withdrawn }, now),
    version: found.version,
    policy: found.policy,
    sha256: found.sha256,
    template: found.template,
    decides: found.effective && !suspended && !withdrawn,
    parents: found.parents,
    ...term,
    createdAt: found.created_at,
  };
}

export interface VersionRow {
  licence_id: string;
  version: number;
  kind: LicenceVersion['kind'];
  policy: Record<string, unknown>;
  sha256: string;
  template: FilledTemplate | null;
  loosens: string[];
  changes: Change[];
  begins_at: Date | null;
  ends_at: Date | null;
  drafted_by: string | null;
  created_at: Date;
  signed_at: Date | null;
  effective_from: Date | null;
  discarded_at: Date | null;
  effective: boolean;
  superseded: boolean;
}

/** Versions `v`, each with whether a later one has taken its place; a `where` clause follows. */
export const versionSql = `
  select v.licence_id, v.version, v.kind, v.policy, v.sha256, v.template, v.loosens, v.changes, v.begins_at, v.ends_at, v.drafted_by, v.created_at, v.signed_at, v.effective_from, v.discarded_at,
    ${EFFECTIVE} as effective,
    exists (select from licence_version n where n.licence_id = v.licence_id and n.version > v.version and n.signed_at is not null and n.effective_from <= statement_timestamp()) as superseded
  from licence_version v`;

export const toVersion = (found: VersionRow): LicenceVersion => ({
  licenceId: found.licence_id,
  version: found.version,
  state: found.discarded_at ? 'discarded' : found.signed_at === null ? 'draft' : found.superseded ? 'amended' : found.effective ? 'in_force' : 'signed',
  kind: found.kind,
  policy: found.policy,
  sha256: found.sha256,
  template: found.template,
  loosens: found.loosens,
  changes: found.changes,
  begins: found.begins_at,
  ends: found.ends_at,
  draftedBy: found.drafted_by,
  createdAt: found.created_at,
  signedAt: found.signed_at,
  effectiveFrom: found.effective_from,
});
