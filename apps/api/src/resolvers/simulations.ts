import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Member, Principal } from '#libs/access';
import type { Title } from '#libs/catalogue';
import { type Job, notFound, type Page } from '#libs/platform';
import { type Decision, type Flip, type FlipsOfJob, type FlipsOfTitle, type Licence, Rights, type LicenceSimulation, type SimulationInput } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

@Resolver()
export class SimulationsResolver {
  constructor(private readonly rights: Rights) {}

  @Query()
  @Can('read', 'Licence')
  simulation(@Me() me: Principal, @Args('id') id: string): Promise<LicenceSimulation> {
    return this.rights.simulations.find(me, id);
  }

  @Mutation()
  @Can('simulate', 'Licence')
  simulateLicence(@Me() me: Principal, @Args('input') input: SimulationInput): Promise<LicenceSimulation> {
    return this.rights.simulations.start(me, input);
  }

  @Mutation()
  @Can('simulate', 'Licence')
  cancelSimulation(@Me() me: Principal, @Args('id') id: string): Promise<LicenceSimulation> {
    return this.rights.simulations.cancel(me, id);
  }
}

@Resolver('Simulation')
@Can('read', 'Licence')
export class SimulationResolver {
  constructor(private readonly rights: Rights) {}

  @ResolveField()
  async licence(@Parent() { licenceId }: LicenceSimulation, @Context() { load }: RequestContext): Promise<Licence> {
    const licence = await load.licence.load(licenceId);
    if (!licence) throw notFound('licence');
    return licence;
  }

  @ResolveField()
  @Can('read', 'Job')
  job(@Parent() { job }: LicenceSimulation): Job | null {
    return job;
  }

  @ResolveField()
  @Can('read', 'Member')
  createdBy(@Parent() { createdBy }: LicenceSimulation, @Context() { load }: RequestContext): Promise<Member | null> | null {
    return createdBy === null ? null : load.member.load(createdBy);
  }

  @ResolveField()
  flips(@Parent() { id, opened, closed }: LicenceSimulation, @Me() me: Principal, @Args() page: Page): Promise<Connection<Flip>> {
    return connection(this.rights.simulations.flips(me, id, page), async () => opened + closed);
  }

  @ResolveField()
  titles(@Parent() { id }: LicenceSimulation, @Me() me: Principal, @Args() page: Page): Promise<Connection<FlipsOfTitle>> {
    return connection(this.rights.simulations.titles(me, id, page), () => this.rights.simulations.countTitles(me, id));
  }

  @ResolveField()
  jobs(@Parent() { id }: LicenceSimulation, @Me() me: Principal, @Args() page: Page): Promise<Connection<FlipsOfJob>> {
    return connection(this.rights.simulations.jobs(me, id, page), () => this.rights.simulations.countJobs(me, id));
  }
}

@Resolver('Flip')
@Can('read', 'Licence')
export class FlipResolver {
  @ResolveField()
  @Can('read', 'Title')
  title(@Parent() { titleId }: Flip, @Context() { load }: RequestContext): Promise<Title | null> | null {
    return titleId === null ? null : load.title.load(titleId);
  }

  @ResolveField()
  @Can('read', 'Decision')
  decision(@Parent() { decisionId }: Flip, @Context() { load }: RequestContext): Promise<Decision | null> | null {
    return decisionId === null ? null : load.decision.load(decisionId);
  }
}

@Resolver('FlipsOfTitle')
@Can('read', 'Licence')
export class FlipsOfTitleResolver {
  @ResolveField()
  @Can('read', 'Title')
  title(@Parent() { titleId }: FlipsOfTitle, @Context() { load }: RequestContext): Promise<Title | null> {
    return load.title.load(titleId);
  }
}
