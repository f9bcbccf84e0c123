import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Member, Principal } from '#libs/access';
import { Catalogue, type Title } from '#libs/catalogue';
import { notFound, type Page, type Paged, Refusal } from '#libs/platform';
import { type Change, type Decision, type Licence, type LicenceEvent, type LicenceSimulation, type LicenceVersion, type Parameter, type ParameterValue, type PolicySource, type Prose, Rights, type Signature, type VersionDraft } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';
import { titlesOf } from './titles-of.js';

interface PolicyArgs {
  policy?: unknown;
  text?: string | null;
  template?: { name: string; parameters: Record<string, ParameterValue> } | null;
}

type VersionArgs = PolicyArgs & Omit<VersionDraft, 'source'>;

interface LicenceTemplate {
  name: string;
  title: string;
  about: string;
  parameters: ({ name: string } & Parameter)[];
}

@Resolver()
export class LicencesResolver {
  constructor(
    private readonly rights: Rights,
    private readonly catalogue: Catalogue,
  ) {}

  @Query()
  @Can('read', 'Licence')
  licences(@Me() me: Principal, @Args() page: Page): Promise<Connection<Licence>> {
    return connection(this.rights.licences.page(me, page), () => this.rights.licences.count(me));
  }

  @Query()
  @Can('read', 'Licence')
  licence(@Me() me: Principal, @Args('id') id: string): Promise<Licence> {
    return this.rights.licences.find(me, id);
  }

  @Query()
  @Can('read', 'Licence')
  expiringLicences(@Me() me: Principal, @Args() args: Page & { days: number }): Promise<Connection<Licence>> {
    return connection(this.rights.licences.expiring(me, args, args.days), () => this.rights.licences.countExpiring(me, args.days));
  }

  @Query()
  @Can('read', 'Licence')
  unsignedVersions(@Me() me: Principal, @Args() page: Page): Promise<Connection<LicenceVersion>> {
    return connection(this.rights.licences.unsignedVersions(me, page), () => this.rights.licences.countUnsignedVersions(me));
  }

  @Query()
  @Can('read', 'Licence')
  licenceChanges(@Me() me: Principal, @Args() { id, before, after }: { id: string; before: number; after: number }): Promise<Change[]> {
    return this.rights.licences.changes(me, id, before, after);
  }

  @Query()
  @Can('read', 'Licence')
  async licenceTemplates(): Promise<LicenceTemplate[]> {
    const found = await this.rights.licences.templates();
    return found.map(({ name, template: { title, about, parameters } }) => ({ name, title, about: about.trim(), parameters: Object.entries(parameters).map(([key, parameter]) => ({ name: key, ...parameter })) }));
  }

  @Mutation()
  @Can('create', 'Licence')
  createLicence(@Me() me: Principal, @Args('input') { name, licensor, ...policy }: { name: string; licensor: string } & PolicyArgs): Promise<Licence> {
    return this.rights.licences.draft(me, { name, licensor, source: sourceOf(policy) });
  }

  @Mutation()
  @Can('create', 'Licence')
  amendLicence(@Me() me: Principal, @Args('id') id: string, @Args('input') input: VersionArgs): Promise<LicenceVersion> {
    return this.rights.licences.amend(me, id, { ...input, source: sourceOf(input) });
  }

  @Mutation()
  @Can('create', 'Licence')
  reviseLicence(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number, @Args('input') input: VersionArgs): Promise<LicenceVersion> {
    return this.rights.licences.revise(me, id, version, { ...input, source: sourceOf(input) });
  }

  @Mutation()
  @Can('create', 'Licence')
  discardDraft(@Me() me: Principal, @Args() { id, version, why }: { id: string; version: number; why: string }): Promise<Licence> {
    return this.rights.licences.discard(me, id, version, why);
  }

  @Mutation()
  @Can('sign', 'Licence')
  signLicence(@Me() me: Principal, @Args() { id, version, sha256 }: { id: string; version: number; sha256: string }): Promise<Licence> {
    return this.rights.licences.sign(me, id, version, sha256);
  }

  @Mutation()
  @Can('suspend', 'Licence')
  suspendLicence(@Me() me: Principal, @Args() { id, why }: { id: string; why: string }): Promise<Licence> {
    return this.rights.licences.suspend(me, id, why);
  }

  @Mutation()
  @Can('suspend', 'Licence')
  resumeLicence(@Me() me: Principal, @Args() { id, why }: { id: string; why: string }): Promise<Licence> {
    return this.rights.licences.resume(me, id, why);
  }

  @Mutation()
  @Can('withdraw', 'Licence')
  withdrawLicence(@Me() me: Principal, @Args() { id, why }: { id: string; why: string }): Promise<Licence> {
    return this.rights.licences.withdraw(me, id, why);
  }

  @Mutation()
  @Can('attach', 'Licence')
  async attachLicence(@Me() me: Principal, @Args() { id, titleId, why }: { id: string; titleId: string; why: string }): Promise<Licence> {
    return this.rights.licences.attachLater(me, id, (await this.catalogue.title(me, titleId)).id, why);
  }

  @Mutation()
  @Can('detach', 'Licence')
  async detachLicence(@Me() me: Principal, @Args() { id, titleId, why }: { id: string; titleId: string; why: string }): Promise<Licence> {
    return this.rights.licences.detach(me, id, (await this.catalogue.title(me, titleId)).id, why);
  }
}

@Resolver('Licence')
@Can('read', 'Licence')
export class LicenceResolver {
  constructor(private readonly rights: Rights) {}

  @ResolveField()
  summary(@Parent() licence: Licence, @Me() me: Principal): Promise<string[]> {
    return this.rights.licences.summary(me, licence.policy);
  }

  @ResolveField()
  prose(@Parent() licence: Licence, @Me() me: Principal): Promise<Prose> {
    return this.rights.licences.prose(me, licence);
  }

  @ResolveField()
  draft(@Parent() licence: Licence, @Context() { load }: RequestContext): Promise<LicenceVersion | null> {
    return load.draftOfLicence.load(licence.id);
  }

  @ResolveField()
  versions(@Parent() licence: Licence, @Me() me: Principal, @Args() page: Page): Promise<Connection<LicenceVersion>> {
    return connection(this.rights.licences.versions(me, licence.id, page), () => this.rights.licences.countVersions(me, licence.id));
  }

  @ResolveField()
  events(@Parent() licence: Licence, @Me() me: Principal, @Args() page: Page): Promise<Connection<LicenceEvent>> {
    return connection(this.rights.licences.events(me, licence.id, page), () => this.rights.licences.countEvents(me, licence.id));
  }

  @ResolveField()
  @Can('read', 'Title')
  titles(@Parent() licence: Licence, @Me() me: Principal, @Args() page: Page, @Context() { load }: RequestContext): Promise<Connection<Title>> {
    return connection(this.titlesOf(licence, me, page, load), () => this.rights.licences.countTitles(me, licence.id));
  }

  @ResolveField()
  @Can('read', 'Decision')
  decisions(@Parent() licence: Licence, @Me() me: Principal, @Args() page: Page): Promise<Connection<Decision>> {
    return connection(this.rights.decisions(me, page, { licenceId: licence.id }), () => this.rights.countDecisions(me, { licenceId: licence.id }));
  }

  @ResolveField()
  simulations(@Parent() licence: Licence, @Me() me: Principal, @Args() page: Page): Promise<Connection<LicenceSimulation>> {
    return connection(this.rights.simulations.page(me, licence.id, page), () => this.rights.simulations.count(me, licence.id));
  }

  private async titlesOf(licence: Licence, me: Principal, page: Page, load: RequestContext['load']): Promise<Paged<Title>> {
    const ids = await this.rights.licences.titleIds(me, licence.id, page);
    return { ...ids, items: await titlesOf(ids.items, load) };
  }
}

@Resolver('LicenceVersion')
@Can('read', 'Licence')
export class LicenceVersionResolver {
  constructor(private readonly rights: Rights) {}

  @ResolveField()
  async licence(@Parent() { licenceId }: LicenceVersion, @Context() { load }: RequestContext): Promise<Licence> {
    const licence = await load.licence.load(licenceId);
    if (!licence) throw notFound('licence');
    return licence;
  }

  @ResolveField()
  summary(@Parent() version: LicenceVersion, @Me() me: Principal): Promise<string[]> {
    return this.rights.licences.summary(me, version.policy);
  }

  @ResolveField()
  prose(@Parent() version: LicenceVersion, @Me() me: Principal): Promise<Prose> {
    return this.rights.licences.prose(me, version);
  }

  @ResolveField()
  @Can('read', 'Member')
  draftedBy(@Parent() { draftedBy }: LicenceVersion, @Context() { load }: RequestContext): Promise<Member | null> | null {
    return draftedBy === null ? null : load.member.load(draftedBy);
  }

  @ResolveField()
  signatures(@Parent() version: LicenceVersion, @Me() me: Principal): Promise<Signature[]> {
    return this.rights.licences.signatures(me, version);
  }

  @ResolveField()
  @Can('read', 'Member')
  async awaits(@Parent() version: LicenceVersion, @Me() me: Principal, @Context() { load }: RequestContext): Promise<Member[]> {
    const ids = await this.rights.licences.awaits(me, version);
    return (await Promise.all(ids.map((id) => load.member.load(id)))).filter((member) => member !== null);
  }
}

@Resolver('Signature')
@Can('read', 'Licence')
export class SignatureResolver {
  @ResolveField()
  @Can('read', 'Member')
  member(@Parent() { memberId }: Signature, @Context() { load }: RequestContext): Promise<Member | null> {
    return load.member.load(memberId);
  }
}

@Resolver('LicenceEvent')
@Can('read', 'Licence')
export class LicenceEventResolver {
  @ResolveField()
  kind(@Parent() { event }: LicenceEvent): string {
    return event;
  }

  @ResolveField()
  @Can('read', 'Member')
  member(@Parent() { memberId }: LicenceEvent, @Context() { load }: RequestContext): Promise<Member | null> | null {
    return memberId === null ? null : load.member.load(memberId);
  }
}

/** A policy comes in one way. */
function sourceOf({ policy, text, template }: PolicyArgs): PolicySource {
  const given: PolicySource[] = [...(policy == null ? [] : [{ policy }]), ...(text == null ? [] : [{ text }]), ...(template == null ? [] : [{ template: template.name, parameters: template.parameters }])];
  if (given.length !== 1) throw new Refusal('BAD_LICENCE', 'A policy is given as one of `policy`, `text` and `template`.', 'Give one of the three.', 400);
  return given[0]!;
}
