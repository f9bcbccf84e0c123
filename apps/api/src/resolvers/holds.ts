import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { Catalogue, type Title } from '#libs/catalogue';
import { notFound, type Page } from '#libs/platform';
import { type Hold, type HoldInput, type Licence, Rights } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

@Resolver()
export class HoldsResolver {
  constructor(
    private readonly rights: Rights,
    private readonly catalogue: Catalogue,
  ) {}

  @Query()
  @Can('read', 'Hold')
  holds(@Me() me: Principal, @Args() args: Page & { inForce?: boolean }): Promise<Connection<Hold>> {
    return connection(this.rights.holds.page(me, args, args), () => this.rights.holds.count(me, args));
  }

  @Query()
  @Can('read', 'Hold')
  hold(@Me() me: Principal, @Args('id') id: string): Promise<Hold> {
    return this.rights.holds.find(me, id);
  }

  @Mutation()
  @Can('place', 'Hold')
  async placeHold(@Me() me: Principal, @Args('input') input: HoldInput): Promise<Hold> {
    const named = [...new Set([...(input.titleId == null ? [] : [input.titleId]), ...(input.appearsIn ?? [])])];
    if ((await this.catalogue.titlesById(me, named)).length < named.length) throw notFound('title');
    return this.rights.holds.place(me, input);
  }

  @Mutation()
  @Can('lift', 'Hold')
  liftHold(@Me() me: Principal, @Args('id') id: string, @Args('why') why: string): Promise<Hold> {
    return this.rights.holds.lift(me, id, why);
  }
}

@Resolver('Title')
@Can('read', 'Hold')
export class TitleHoldsResolver {
  constructor(private readonly rights: Rights) {}

  @ResolveField()
  holds(@Parent() title: Title, @Me() me: Principal): Promise<Hold[]> {
    return this.rights.holds.upon(me, [title.id]);
  }
}

@Resolver('Licence')
@Can('read', 'Hold')
export class LicenceHoldsResolver {
  constructor(private readonly rights: Rights) {}

  @ResolveField()
  holds(@Parent() licence: Licence, @Me() me: Principal): Promise<Hold[]> {
    return this.rights.holds.onLicence(me, licence.id);
  }
}

@Resolver('Hold')
@Can('read', 'Hold')
export class HoldResolver {
  @ResolveField()
  @Can('read', 'Title')
  async titles(@Parent() hold: Hold, @Context() { load }: RequestContext): Promise<Title[]> {
    const ids = hold.kind === 'title' ? [hold.subject] : hold.titleIds;
    return (await Promise.all(ids.map((id) => load.title.load(id)))).filter((title) => title !== null);
  }

  @ResolveField()
  @Can('read', 'Licence')
  async licence(@Parent() hold: Hold, @Context() { load }: RequestContext): Promise<Licence | null> {
    return hold.kind === 'licence' ? load.licence.load(hold.subject) : null;
  }

  @ResolveField()
  async placedBy(@Parent() hold: Hold, @Context() { load }: RequestContext): Promise<string | null> {
    return hold.placedBy && ((await load.member.load(hold.placedBy))?.name ?? null);
  }

  @ResolveField()
  async liftedBy(@Parent() hold: Hold, @Context() { load }: RequestContext): Promise<string | null> {
    return hold.liftedBy && ((await load.member.load(hold.liftedBy))?.name ?? null);
  }

  @ResolveField()
  inForce(@Parent() hold: Hold): boolean {
    return hold.liftedAt === null;
  }
}
