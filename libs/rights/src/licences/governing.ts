import { Refusal, row, rows, type Scope } from '#libs/platform';
import { type Change, type CompiledPolicy, diffPolicies, type Hold, type Prose, renderPolicy, summarise } from '../policy/index.js';
import { loadPolicy } from '../policy/load.js';
import { Compiler, type Heritage } from './compiler.js';
import { type Licence, type LicenceRow, licenceSql } from './rows.js';
import { contractOf, type FilledTemplate } from './source.js';
import { StoredLicences } from './stored.js';

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

/** What of the licences decides: the versions in force, under those that they inherit from, and a stop for each licence that has none. */
export class GoverningLicences extends StoredLicences {
  protected readonly compiler = new Compiler();

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

  /** Why work on these titles stops now: the first of their licences that was suspended or withdrawn. */
  async stop(scope: Scope, titleIds: string[]): Promise<Refusal | undefined> {
    return this.database.inStudio(scope, async () => {
      const ended = this.licences(
        await rows<LicenceRow>(
          `${licenceSql} where l.studio_id = $1 and (l.suspended_at is not null or l.withdrawn_at is not null)
             and exists (select from licence_title t where t.licence_id = l.id and t.title_id = any($2)) order by l.id limit 1`,
          [scope.studioId, titleIds],
        ),
      );
      const [stop] = await this.stops(ended, new Map());
      return stop && new Refusal('HELD', `${stop.hold.why.charAt(0).toUpperCase()}${stop.hold.why.slice(1)}.`, stop.wayOut, 403);
    });
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

  /** Whether the licences of a decision stand as they stood when it was made: else its keys are no longer released. */
  async stand(scope: Scope, decisionId: string): Promise<boolean> {
    return this.database.inStudio(scope, async () => (await row<{ stands: boolean | null }>(`select decision_stands($1) as stands`, [decisionId]))?.stands === true);
  }

  /** A policy of the studio ready to decide, with those it inherits from. Throws Refusal INVALID_POLICY where one of these has no version that decides. */
  async ready(scope: Scope, policy: Record<string, unknown>): Promise<CompiledPolicy> {
    return this.database.inStudio(scope, async () => this.compiler.policy(policy, (await this.heritage(scope, policy)).policies));
  }

  /** What lies between two versions of a licence, in plain words. Throws Refusal NOT_FOUND. */
  async changes(scope: Scope, licenceId: string, before: number, after: number): Promise<Change[]> {
    return this.database.inStudio(scope, async () => {
      const [was, is] = [await this.version(scope, licenceId, before), await this.version(scope, licenceId, after)];
      return diffPolicies(await this.ready(scope, was.policy), await this.ready(scope, is.policy));
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

  /** The policies that a document names as its parents: each a licence of the studio that decides. */
  protected async heritage(scope: Scope, policy: Record<string, unknown>, self?: string): Promise<Heritage> {
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
}

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

const inherited = (problem: string): Refusal => new Refusal('INVALID_POLICY', `The policy is not valid at /inheritFrom: ${problem}.`, 'Inherit from licences of your studio that are in force.');
