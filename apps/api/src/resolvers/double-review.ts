import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import type { Title } from '#libs/catalogue';
import { type Agreement, Curation, type Dispute, type DoublyReviewed, type Opinion, type OpinionInput, type Reviewed, type Shot, type ShotDecision, type ShotReview } from '#libs/curation';
import type { Page } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

@Resolver('DoubleReview')
@Can('read', 'Shot')
export class DoubleReviewResolver {
  constructor(private readonly curation: Curation) {}

  @Query()
  @Can('read', 'Shot')
  doubleReviews(@Me() me: Principal, @Args() page: Page, @Context() { load }: RequestContext): Promise<Connection<Title>> {
    const titles = this.curation.doubleReview.titles(me, page).then(async ({ items, ...info }) => ({ ...info, items: (await Promise.all(items.map((id) => load.title.load(id)))).filter((title) => title !== null) }));
    return connection(titles, () => this.curation.doubleReview.countTitles(me));
  }

  @Mutation()
  @Can('correct', 'Shot')
  askDoubleReview(@Me() me: Principal, @Args('titleId') titleId: string): Promise<DoublyReviewed> {
    return this.curation.doubleReview.ask(me, titleId);
  }

  @Mutation()
  @Can('correct', 'Shot')
  endDoubleReview(@Me() me: Principal, @Args('titleId') titleId: string): Promise<DoublyReviewed> {
    return this.curation.doubleReview.end(me, titleId);
  }

  @Mutation()
  @Can('correct', 'Shot')
  decideShot(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number, @Args('input') input: OpinionInput): Promise<ShotDecision> {
    return this.curation.doubleReview.decide(me, id, version, input);
  }

  @Mutation()
  @Can('correct', 'Shot')
  settleShot(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number, @Args('input') input: OpinionInput): Promise<ShotDecision> {
    return this.curation.doubleReview.adjudicate(me, id, version, input);
  }

  @ResolveField()
  decided(@Parent() { titleId }: DoublyReviewed, @Me() me: Principal): Promise<number> {
    return this.curation.doubleReview.countOwn(me, titleId);
  }

  @ResolveField()
  waiting(@Parent() { titleId }: DoublyReviewed, @Me() me: Principal, @Args() page: Page): Promise<Connection<Shot>> {
    return connection(this.curation.doubleReview.waiting(me, titleId, page), () => this.curation.doubleReview.countWaiting(me, titleId));
  }

  @ResolveField()
  disputes(@Parent() { titleId }: DoublyReviewed, @Me() me: Principal, @Args() { mine, ...page }: Page & { mine?: boolean | null }): Promise<Connection<Dispute>> {
    return connection(this.curation.doubleReview.disputes(me, titleId, mine ?? false, page), () => this.curation.doubleReview.countDisputes(me, titleId, mine ?? false));
  }
}

@Resolver('TitleReview')
@Can('read', 'Shot')
export class DoubleReviewOfTitleResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  doubleReview(@Parent() { titleId }: Reviewed, @Context() { load }: RequestContext): Promise<DoublyReviewed | null> {
    return load.doubleReview.load(titleId);
  }

  @ResolveField()
  agreement(@Parent() { titleId }: Reviewed, @Me() me: Principal): Promise<Agreement | null> {
    return this.curation.doubleReview.agreement(me, titleId);
  }
}

@Resolver('DetectorQuality')
@Can('read', 'Shot')
export class AgreementOfStudioResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  agreement(@Me() me: Principal): Promise<Agreement | null> {
    return this.curation.doubleReview.agreement(me);
  }
}

@Resolver('ShotReview')
@Can('read', 'Shot')
export class OpinionOfShotResolver {
  @ResolveField()
  opinion(@Parent() { shotId }: ShotReview, @Context() { load }: RequestContext): Promise<Opinion | null> {
    return load.opinion.load(shotId);
  }
}
