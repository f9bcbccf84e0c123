import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import { type AppliedFilter, standard } from './applied.js';
import { type Preset, presetOf } from './presets.js';
import { bad, readRules, type Rule, type RuleInput, rulesSha256 } from './rules.js';

/** Rules of a studio under a name; each change makes a version, and versions never change. */
export interface FilterSet {
  id: string;
  name: string;
  /** What it started from; its rules may have changed since. */
  preset: string | null;
  /** The newest. */
  version: number;
  rules: Rule[];
  sha256: string;
  createdBy: string | null;
  createdAt: Date;
  changedAt: Date;
}

export interface FilterVersion {
  setId: string;
  version: number;
  rules: Rule[];
  sha256: string;
  why: string;
  /** The version whose rules it took again. */
  wentBackTo: number | null;
  createdBy: string | null;
  createdAt: Date;
}

/** Either the rules, or a preset to start from. */
export interface FilterSetInput {
  name: string;
  preset?: string | null;
  rules?: RuleInput[] | null;
}

/** `version` is the one that the member saw. */
export interface FilterChange {
  version: number;
  rules: RuleInput[];
  why: string;
}

export interface FilterChoice {
  setId: string;
  version: number;
}

const setSql = `select f.id, f.name, f.preset, f.version, v.rules, v.sha256, f.created_by as "createdBy", f.created_at as "createdAt", v.created_at as "changedAt"
  from filter_set f join filter_version v on v.studio_id = f.studio_id and v.set_id = f.id and v.version = f.version where f.studio_id = $1`;
const versionSql = `select set_id as "setId", version, rules, sha256, why, went_back_to as "wentBackTo", created_by as "createdBy", created_at as "createdAt" from filter_version where studio_id = $1`;

/** Filter sets of a studio. */
export class FilterSets {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async page(scope: Scope, page: Page): Promise<Paged<FilterSet>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<FilterSet>(`${setSql} and ($2::uuid is null or f.id < $2) order by f.id desc limit $3`, [scope.studioId, after, first + 1]);
      return toPage(found, first, (set) => [set.id]);
    });
  }

  async count(scope: Scope): Promise<number> {
    return this.database.inStudio(scope, async () => Number((await row<{ count: string }>(`select count(*) from filter_set where studio_id = $1`, [scope.studioId]))!.count));
  }

  /** Throws Refusal NOT_FOUND. */
  async find(scope: Scope, id: string): Promise<FilterSet> {
    const found = isId(id) ? await this.database.inStudio(scope, () => row<FilterSet>(`${setSql} and f.id = $2`, [scope.studioId, id])) : undefined;
    if (!found) throw notFound('filter set');
    return found;
  }

  /** Newest first. */
  async versions(scope: Scope, id: string, page: Page): Promise<Paged<FilterVersion>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 1)?.[0] ?? null;
    return this.database.inStudio(scope, async () => {
      const found = await rows<FilterVersion>(`${versionSql} and set_id = $2 and ($3::int is null or version < $3) order by version desc limit $4`, [scope.studioId, isId(id) ? id : null, after, first + 1]);
      return toPage(found, first, ({ version }) => [String(version)]);
    });
  }

  /** Throws Refusal NOT_FOUND. */
  async version(scope: Scope, { setId, version }: FilterChoice): Promise<FilterVersion> {
    const found = isId(setId) ? await this.database.inStudio(scope, () => row<FilterVersion>(`${versionSql} and set_id = $2 and version = $3`, [scope.studioId, setId, version])) : undefined;
    if (!found) throw notFound('version of a filter set');
    return found;
  }

  /** The rules that a dataset version is to go by; without a choice the standard ones. Throws Refusal NOT_FOUND. */
  async chosen(scope: Scope, choice: FilterChoice | null | undefined): Promise<AppliedFilter> {
    if (!choice) return standard;
    const { name } = await this.find(scope, choice.setId);
    const { setId, version, rules } = await this.version(scope, choice);
    return { setId, name, version, rules };
  }

  /** Throws Refusal BAD_FILTER, FILTER_NAME_TAKEN. */
  async create(scope: Scope, { name: given, preset: presetName, rules: input }: FilterSetInput): Promise<FilterSet> {
    const name = given.trim();
    if (!name || name.length > 200) throw bad('A filter set has a name of 1 to 200 characters.');
    if ((presetName == null) === (input == null)) throw bad('A filter set starts from a preset or from rules.');
    const preset = presetName == null ? undefined : presetNamed(presetName);
    const written = preset ? [...preset.rules] : readRules(input!);
    return this.database.inStudio(scope, async () => {
      const id = newId();
      const [made] = await rows<{ id: string }>(`insert into filter_set (id, studio_id, name, preset, version, created_by) values ($1, $2, $3, $4, 1, $5) on conflict (studio_id, name) do nothing returning id`, [id, scope.studioId, name, preset?.name ?? null, scope.memberId ?? null]);
      if (!made) throw new Refusal('FILTER_NAME_TAKEN', `There is a filter set called "${name}" already.`, 'Change that one, or choose another name.', 409);
      await this.write(scope, { id, name }, { version: 1, rules: written, why: preset ? `Started from ${preset.name}.` : 'Created.', wentBackTo: null });
      return this.find(scope, id);
    });
  }

  /** Makes the next version. Throws Refusal BAD_FILTER, NOT_FOUND, FILTER_CHANGED (somebody was faster). */
  async change(scope: Scope, id: string, { version, rules: input, why }: FilterChange): Promise<FilterSet> {
    const written = readRules(input);
    const reason = reasonIn(why);
    return this.database.inStudio(scope, async () => {
      const set = await this.taken(scope, id);
      if (set.version !== version) throw new Refusal('FILTER_CHANGED', `The filter set is at version ${set.version} by now; you saw version ${version}.`, 'Look at what changed, then change it again.', 409);
      await this.write(scope, set, { version: version + 1, rules: written, why: reason, wentBackTo: null });
      return this.find(scope, id);
    });
  }

  /** Undo: makes a next version with the rules of an earlier one. Throws Refusal BAD_FILTER, NOT_FOUND. */
  async goBack(scope: Scope, id: string, version: number, why: string): Promise<FilterSet> {
    const reason = reasonIn(why);
    return this.database.inStudio(scope, async () => {
      const set = await this.taken(scope, id);
      const { rules: again } = await this.version(scope, { setId: id, version });
      await this.write(scope, set, { version: set.version + 1, rules: again, why: reason, wentBackTo: version });
      return this.find(scope, id);
    });
  }

  /** The set, held against other changes until the transaction ends. */
  private async taken(scope: Scope, id: string): Promise<{ id: string; name: string; version: number }> {
    const found = isId(id) ? await row<{ id: string; name: string; version: number }>(`select id, name, version from filter_set where studio_id = $1 and id = $2 for update`, [scope.studioId, id]) : undefined;
    if (!found) throw notFound('filter set');
    return found;
  }

  private async write(scope: Scope, { id, name }: { id: string; name: string }, { version, rules: written, why, wentBackTo }: Pick<FilterVersion, 'version' | 'rules' | 'why' | 'wentBackTo'>): Promise<void> {
    const sha256 = rulesSha256(written);
    await rows(`insert into filter_version (studio_id, set_id, version, rules, sha256, why, went_back_to, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)`, [scope.studioId, id, version, JSON.stringify(written), sha256, why, wentBackTo, scope.memberId ?? null]);
    await rows(`update filter_set set version = $3 where studio_id = $1 and id = $2`, [scope.studioId, id, version]);
    await appendEntry('filter', { set: id, name, version, sha256, why, wentBackTo, member: scope.memberId ?? null });
  }
}

/** Throws Refusal BAD_FILTER. */
export function presetNamed(name: string): Preset {
  const preset = presetOf(name);
  if (!preset) throw bad(`There is no preset ${name.slice(0, 60)}.`);
  return preset;
}

function reasonIn(why: string): string {
  const reason = why.trim();
  if (!reason || reason.length > 2000) throw bad('A change says why in 1 to 2,000 characters.');
  return reason;
}
