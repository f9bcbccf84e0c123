import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import type { Page } from '#libs/platform';
import { type Decision, type Duty, type DutyFilter, type Evidence, type Licence, Rights } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';
import { UnknownFilter } from './unknown-filter.js';

@Resolver()
export class DutiesResolver {
  constructor(
    private readonly rights: Rights,
    private readonly unknown: UnknownFilter,
  ) {}

  @Query()
  @Can('read', 'Duty')
  duties(@Me() me: Principal, @Args() args: Page & DutyFilter): Promise<Connection<Duty>> {
    return this.unknown.orNothing(me, 'duties', args.licenceId, (id) => this.rights.licences.find(me, id), () => connection(this.rights.duties.page(me, args, args), () => this.rights.duties.count(me, args)));
  }

  @Query()
  @Can('read', 'Duty')
  duty(@Me() me: Principal, @Args('id') id: string): Promise<Duty> {
    return this.rights.duties.find(me, id);
  }

  @Mutation()
  @Can('fulfil', 'Duty')
  fulfilDuty(@Me() me: Principal, @Args('id') id: string, @Args('evidence') evidence: Evidence): Promise<Duty> {
    return this.rights.duties.fulfil(me, id, evidence);
  }

  @Mutation()
  @Can('waive', 'Duty')
  waiveDuty(@Me() me: Principal, @Args('id') id: string, @Args('why') why: string): Promise<Duty> {
    return this.rights.duties.waive(me, id, why);
  }
}

@Resolver('Duty')
@Can('read', 'Duty')
export class DutyResolver {
  @ResolveField()
  @Can('read', 'Licence')
  licence(@Parent() duty: Duty, @Context() { load }: RequestContext): Promise<Licence | null> {
    return load.licence.load(duty.licenceId);
  }

  @ResolveField()
  @Can('read', 'Decision')
  decision(@Parent() duty: Duty, @Context() { load }: RequestContext): Promise<Decision | null> {
    return load.decision.load(duty.decisionId);
  }

  @ResolveField()
  async fulfilledBy(@Parent() duty: Duty, @Context() { load }: RequestContext): Promise<string | null> {
    return duty.fulfilledBy && ((await load.member.load(duty.fulfilledBy))?.name ?? null);
  }

  @ResolveField()
  async waivedBy(@Parent() duty: Duty, @Context() { load }: RequestContext): Promise<string | null> {
    return duty.waivedBy && ((await load.member.load(duty.waivedBy))?.name ?? null);
  }
}
