import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { Catalogue, type Title } from '#libs/catalogue';
import { Curation, type Disagreement, type EntryInput, type KindQuality, type Mistake, type Reviewed, type Reviewing, type Shot, type ShotEdit, type ShotReview, type Truth } from '#libs/curation';
import type { Job, Page } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';
import { UnknownFilter } from './unknown-filter.js';

const MOST_TOLD = 100;

@Resolver()
export class ReviewResolver {
  constructor(
    private readonly curation: Curation,
    private readonly catalogue: Catalogue,
    private readonly unknown: UnknownFilter,
  ) {}

  @Query()
  @Can('read', 'Shot')
  reviewQueue(@Me() me: Principal, @Args() { titleId, ...page }: Page & { titleId?: string | null }): Promise<Connection<Shot>> {
    const list = (): Promise<Connection<Shot>> => connection(this.curation.reviewState.queue(me, page, titleId), () => this.curation.reviewState.countQueue(me, titleId));
    return this.unknown.orNothing(me, 'reviewQueue', titleId, (id) => this.catalogue.title(me, id), list);
  }

  @Query()
  @Can('read', 'Shot')
  detectorQuality(@Me() me: Principal): Promise<object> {
    return this.curation.reviewReport.qualityOfStudio(me);
  }

  @Query()
  @Can('read', 'Shot')
  reviewedTitles(@Me() me: Principal, @Args() page: Page, @Context() { load }: RequestContext): Promise<Connection<Title>> {
    return connection(this.curation.reviewReport.titles(me, page).then(async ({ items, ...info }) => ({ ...info, items: (await Promise.all(items.map((id) => load.title.load(id)))).filter((title) => title !== null) })), () => this.curation.reviewReport.countTitles(me));
  }

  @Mutation()
  @Can('correct', 'Shot')
  changeEntry(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number, @Args('input') input: EntryInput): Promise<ShotEdit> {
    return this.curation.review.change(me, id, version, input);
  }

  @Mutation()
  @Can('correct', 'Shot')
  splitShot(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number, @Args('input') input: EntryInput): Promise<ShotEdit> {
    return this.curation.review.split(me, id, version, input);
  }

  @Mutation()
  @Can('correct', 'Shot')
  mergeShot(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number): Promise<ShotEdit> {
    return this.curation.review.merge(me, id, version);
  }

  @Mutation()
  @Can('correct', 'Shot')
  acceptShot(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number): Promise<ShotEdit> {
    return this.curation.review.accept(me, id, version);
  }

  @Mutation()
  @Can('correct', 'Shot')
  acceptShots(@Me() me: Principal, @Args('titleId') titleId: string, @Args('confidence') confidence: number): Promise<ShotEdit> {
    return this.curation.review.acceptAbove(me, titleId, confidence);
  }

  @Mutation()
  @Can('correct', 'Shot')
  labelShot(@Me() me: Principal, @Args('id') id: string, @Args('label') label: string, @Args('values') values: string[]): Promise<Shot> {
    return this.curation.labels.write(me, id, label, values);
  }

  @Mutation()
  @Can('correct', 'Shot')
  undoCorrection(@Me() me: Principal, @Args('id') id: string): Promise<Shot> {
    return this.curation.labels.undo(me, id);
  }

  @Mutation()
  @Can('correct', 'Shot')
  recomputeTitle(@Me() me: Principal, @Args('id') id: string, @Args('all') all?: boolean | null): Promise<Job> {
    return this.curation.review.recompute(me, id, all ?? false);
  }

  @Mutation()
  @Can('correct', 'Shot')
  undoShotEdit(@Me() me: Principal, @Args('id') id: string): Promise<ShotEdit> {
    return this.curation.review.undo(me, id);
  }
}

@Resolver('Shot')
@Can('read', 'Shot')
export class ReviewOfShotResolver {
  @ResolveField()
  review(@Parent() shot: Shot, @Context() { load }: RequestContext): Promise<ShotReview | null> {
    return load.shotReview.load(shot.id);
  }
}

@Resolver('Title')
@Can('read', 'Shot')
export class ReviewOfTitleResolver {
  @ResolveField()
  review(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Reviewed | null> {
    return load.titleReview.load(title.id);
  }
}

@Resolver('TitleReview')
@Can('read', 'Shot')
export class TitleReviewResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  @Can('read', 'Job')
  recomputing(@Parent() { titleId }: Reviewed, @Me() me: Principal): Promise<Job | null> {
    return this.curation.reviewState.recomputing(me, titleId);
  }

  @ResolveField()
  reviewers(@Parent() { titleId }: Reviewed, @Me() me: Principal): Promise<Reviewing[]> {
    return this.curation.reviewState.reviewers(me, titleId);
  }

  @ResolveField()
  quality(@Parent() { titleId }: Reviewed, @Me() me: Principal): Promise<KindQuality[]> {
    return this.curation.reviewReport.quality(me, titleId);
  }

  @ResolveField()
  mistakes(@Parent() { titleId }: Reviewed, @Me() me: Principal, @Args() page: Page): Promise<Connection<Mistake>> {
    return connection(this.curation.reviewReport.mistakes(me, titleId, page), () => this.curation.reviewReport.countMistakes(me, titleId));
  }

  @ResolveField()
  truth(@Parent() { titleId }: Reviewed, @Me() me: Principal): Promise<Truth> {
    return this.curation.reviewReport.truth(me, titleId);
  }

  @ResolveField()
  disagreements(@Parent() { titleId }: Reviewed, @Me() me: Principal, @Args() page: Page): Promise<Connection<Disagreement>> {
    return connection(this.curation.reviewState.disagreements(me, titleId, page), () => this.curation.reviewState.countDisagreements(me, titleId));
  }

  @ResolveField()
  edits(@Parent() { titleId }: Reviewed, @Me() me: Principal, @Args() page: Page): Promise<Connection<ShotEdit>> {
    return connection(this.curation.review.edits(me, titleId, page), () => this.curation.review.countEdits(me, titleId));
  }
}

@Resolver('ShotEdit')
@Can('read', 'Shot')
export class ShotEditResolver {
  @ResolveField()
  before(@Parent() edit: ShotEdit): object[] {
    return told(edit.before);
  }

  @ResolveField()
  after(@Parent() edit: ShotEdit): object[] {
    return told(edit.after);
  }

  @ResolveField()
  async shots(@Parent() edit: ShotEdit, @Context() { load }: RequestContext): Promise<Shot[]> {
    return (await Promise.all(edit.shotIds.slice(0, MOST_TOLD).map((id) => load.shot.load(id)))).filter((shot) => shot !== null);
  }
}

const told = (shots: ShotEdit['before']): object[] => shots.slice(0, MOST_TOLD).map(({ id, first_frame: first, last_frame: last, entry }) => ({ id, first, last, entry }));
