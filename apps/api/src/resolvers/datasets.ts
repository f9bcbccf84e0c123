import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { type Clip, Curation, type DatasetInput, type DatasetVersion, type Drop } from '#libs/curation';
import type { Job, Page } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { addressOf, type Connection, connection } from './connection.js';

@Resolver()
export class DatasetsResolver {
  constructor(private readonly curation: Curation) {}

  @Query()
  @Can('read', 'Dataset')
  datasetVersions(@Me() me: Principal, @Args() page: Page): Promise<Connection<DatasetVersion>> {
    return connection(this.curation.datasetVersions(me, page), () => this.curation.countDatasetVersions(me));
  }

  @Query()
  @Can('read', 'Dataset')
  datasetVersion(@Me() me: Principal, @Args('id') id: string): Promise<DatasetVersion> {
    return this.curation.datasetVersion(me, id);
  }

  @Mutation()
  @Can('create', 'Dataset')
  buildDataset(@Me() me: Principal, @Args('input') input: DatasetInput): Promise<DatasetVersion> {
    return this.curation.buildDataset(me, input);
  }
}

@Resolver('DatasetVersion')
@Can('read', 'Dataset')
export class DatasetVersionResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  job(@Parent() version: DatasetVersion, @Context() { load }: RequestContext): Promise<Job | null> {
    return load.job.load(version.id);
  }

  @ResolveField()
  clips(@Parent() version: DatasetVersion, @Me() me: Principal, @Args() page: Page): Promise<Connection<Clip>> {
    return connection(this.curation.clips(me, version.id, page), async () => version.clipCount);
  }

  @ResolveField()
  dropped(@Parent() version: DatasetVersion, @Me() me: Principal, @Args() page: Page): Promise<Connection<Drop>> {
    return connection(this.curation.drops(me, version.id, page), async () => version.droppedCount);
  }
}

@Resolver('Clip')
@Can('read', 'Dataset')
export class ClipResolver {
  @ResolveField()
  titleName(@Parent() clip: Clip, @Context() { load }: RequestContext): Promise<string> {
    return titleName(clip.titleId, load);
  }

  @ResolveField()
  keyframeUrl(@Parent() clip: Clip, @Context() { load }: RequestContext): Promise<string | null> {
    return keyframeUrl(clip.shotId, load);
  }
}

@Resolver('Drop')
@Can('read', 'Dataset')
export class DropResolver {
  @ResolveField()
  titleName(@Parent() drop: Drop, @Context() { load }: RequestContext): Promise<string> {
    return titleName(drop.titleId, load);
  }

  @ResolveField()
  keyframeUrl(@Parent() drop: Drop, @Context() { load }: RequestContext): Promise<string | null> {
    return keyframeUrl(drop.shotId, load);
  }
}

async function titleName(titleId: string, load: RequestContext['load']): Promise<string> {
  return (await load.title.load(titleId))?.name ?? 'a title that is gone';
}

async function keyframeUrl(shotId: string | null, load: RequestContext['load']): Promise<string | null> {
  const shot = shotId && (await load.shot.load(shotId));
  return shot ? addressOf(shot.keyframes[0]?.objectId ?? null) : null;
}
