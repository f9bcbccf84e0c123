import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import type { Title } from '#libs/catalogue';
import { Curation, type Duplicate, type DuplicateCluster, type Shot } from '#libs/curation';
import type { Page } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

@Resolver()
export class DuplicatesResolver {
  constructor(private readonly curation: Curation) {}

  @Query()
  @Can('read', 'Shot')
  duplicateClusters(@Me() me: Principal, @Args() page: Page): Promise<Connection<DuplicateCluster>> {
    return connection(this.curation.duplicates.clusters(me, page), () => this.curation.duplicates.countClusters(me));
  }

  @Mutation()
  @Can('change', 'Filter')
  async chooseRepresentative(@Me() me: Principal, @Args('id') id: string, @Args('chosen') chosen: boolean, @Context() { load }: RequestContext): Promise<Shot | null> {
    await this.curation.duplicates.choose(me, id, chosen);
    return load.shot.load(id);
  }
}

@Resolver('Shot')
@Can('read', 'Shot')
export class DuplicatesOfShotResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  @Can('read', 'Title')
  title(@Parent() shot: Shot, @Context() { load }: RequestContext): Promise<Title | null> {
    return load.title.load(shot.titleId);
  }

  @ResolveField()
  duplicates(@Parent() shot: Shot, @Me() me: Principal, @Args() { mirrored, ...page }: Page & { mirrored?: boolean | null }): Promise<Connection<Duplicate>> {
    return connection(this.curation.duplicates.of(me, shot.id, page, mirrored ?? false), () => this.curation.duplicates.count(me, shot.id, mirrored ?? false));
  }
}

@Resolver('DuplicateCluster')
@Can('read', 'Shot')
export class DuplicateClusterResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  representative(@Parent() cluster: DuplicateCluster, @Context() { load }: RequestContext): Promise<Shot | null> {
    return load.shot.load(cluster.id);
  }

  @ResolveField()
  others(@Parent() cluster: DuplicateCluster, @Me() me: Principal, @Args() page: Page): Promise<Connection<Duplicate>> {
    return connection(this.curation.duplicates.members(me, cluster.id, page), async () => cluster.size - 1);
  }
}

@Resolver('ShotDuplicate')
@Can('read', 'Shot')
export class ShotDuplicateResolver {
  @ResolveField()
  shot(@Parent() duplicate: Duplicate, @Context() { load }: RequestContext): Promise<Shot | null> {
    return load.shot.load(duplicate.shotId);
  }

  @ResolveField()
  mostBits(@Parent() duplicate: Duplicate): number {
    return duplicate.most;
  }

  @ResolveField()
  oneBits(@Parent() duplicate: Duplicate): number {
    return duplicate.one;
  }

  @ResolveField()
  look(@Parent() duplicate: Duplicate): number | null {
    return duplicate.cosine;
  }
}
