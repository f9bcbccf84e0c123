import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { Catalogue, type Title } from '#libs/catalogue';
import { notFound, type Page, Refusal } from '#libs/platform';
import { type Decision, Rights } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';
import { titlesOf } from './titles-of.js';
import { UnknownFilter } from './unknown-filter.js';

const MOST_ASKED = 1_000;

@Resolver()
export class RightsResolver {
  constructor(
    private readonly rights: Rights,
    private readonly catalogue: Catalogue,
    private readonly unknown: UnknownFilter,
  ) {}

  @Query()
  @Can('read', 'Decision')
  decisions(@Me() me: Principal, @Args() args: Page & { permitted?: boolean; titleId?: string }): Promise<Connection<Decision>> {
    return this.unknown.orNothing(me, 'decisions', args.titleId, (id) => this.catalogue.title(me, id), () => connection(this.rights.decisions(me, args, args), () => this.rights.countDecisions(me, args)));
  }

  @Query()
  @Can('read', 'Decision')
  decision(@Me() me: Principal, @Args('id') id: string): Promise<Decision> {
    return this.rights.decision(me, id);
  }

  @Mutation()
  @Can('ask', 'Decision')
  async askDecision(@Me() me: Principal, @Args('input') { action, titleIds, purpose }: { action: string; titleIds: string[]; purpose?: string | null }): Promise<Decision> {
    const asked = [...new Set(titleIds)];
    if (asked.length < 1 || asked.length > MOST_ASKED) throw new Refusal('BAD_QUESTION', `A question is about 1 to ${MOST_ASKED} titles; this one names ${asked.length}.`, 'Name the titles it is about.', 400);
    if ((await this.catalogue.titlesById(me, asked)).length < asked.length) throw notFound('title');
    const scope = asked.length === 1 ? { scopeKind: 'title' as const, scopeId: asked[0]! } : { scopeKind: 'catalogue' as const, scopeId: me.studioId };
    return this.rights.decide(me, { action, ...scope, titleIds: asked, use: null, actor: me.name, ...(purpose == null ? {} : { purpose }) });
  }
}

@Resolver('Decision')
@Can('read', 'Decision')
export class DecisionResolver {
  @ResolveField()
  async memberName(@Parent() decision: Decision, @Context() { load }: RequestContext): Promise<string | null> {
    return decision.memberId && ((await load.member.load(decision.memberId))?.name ?? null);
  }

  @ResolveField()
  @Can('read', 'Title')
  async titles(@Parent() decision: Decision, @Context() { load }: RequestContext): Promise<Title[]> {
    return titlesOf(await load.titleIdsOfDecision.load(decision.id), load);
  }
}
