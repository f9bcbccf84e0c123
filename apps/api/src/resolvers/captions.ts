import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import type { Title } from '#libs/catalogue';
import { Curation, type DatasetVersion, type Shot, type ShotCaption } from '#libs/curation';
import type { Job } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';

@Resolver()
export class CaptionsResolver {
  constructor(private readonly curation: Curation) {}

  @Mutation()
  @Can('correct', 'Shot')
  describeShots(@Me() me: Principal, @Args('titleId') titleId: string): Promise<Job> {
    return this.curation.captions.again(me, titleId);
  }
}

@Resolver('Shot')
@Can('read', 'Shot')
export class CaptionOfShotResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  captionQuality(@Parent() shot: Shot): ShotCaption['quality'] {
    return this.curation.captions.judge(shot).quality;
  }

  @ResolveField()
  disagreements(@Parent() shot: Shot): ShotCaption['disagreements'] {
    return this.curation.captions.judge(shot).disagreements;
  }
}

@Resolver('Title')
@Can('read', 'Title')
export class CaptioningOfTitleResolver {
  @ResolveField()
  captioning(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Job | null> {
    return load.captioning.load(title.id);
  }
}

@Resolver('DatasetVersion')
@Can('read', 'Dataset')
export class CaptionsOfDatasetResolver {
  @ResolveField()
  captionLength(@Parent() { query: { captionLength = 'medium' } }: DatasetVersion): string {
    return captionLength;
  }
}
