import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import type { Title } from '#libs/catalogue';
import { Curation, type ShotHit, type ShotQuery } from '#libs/curation';
import type { Page } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import type { Connection } from './connection.js';

@Resolver()
export class SearchResolver {
  constructor(private readonly curation: Curation) {}

  @Query()
  @Can('read', 'Shot')
  async searchShots(@Me() me: Principal, @Args('query') query: ShotQuery, @Args() { first, after = null }: Page): Promise<Omit<Connection<ShotHit>, 'totalCount'> & { totalCount: number | null }> {
    const { items, total, ...pageInfo } = await this.curation.search.shots(me, query, { first, after });
    return { nodes: items, pageInfo, totalCount: total };
  }
}

@Resolver('ShotHit')
@Can('read', 'Shot')
export class ShotHitResolver {
  @ResolveField()
  @Can('read', 'Title')
  title(@Parent() { shot }: ShotHit, @Context() { load }: RequestContext): Promise<Title | null> {
    return load.title.load(shot.titleId);
  }
}
