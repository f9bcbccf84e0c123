import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
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
}

@Resolver('Shot')
@Can('read', 'Shot')
export class DuplicatesOfShotResolver {
  constructor(private readonly curation: Curation) {}

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
