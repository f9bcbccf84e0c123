import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { Catalogue, type Master, type Title, type TitleInput, type TitleState, type Upload } from '#libs/catalogue';
import { type Analysis, type Correction, Curation, type Shot, type ShotPage, type Stretch, type Track } from '#libs/curation';
import type { Job, Page } from '#libs/platform';
import { type Decision, type Licence, Rights } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { addressOf, type Connection, connection } from './connection.js';

@Resolver()
export class TitlesResolver {
  constructor(
    private readonly catalogue: Catalogue,
    private readonly curation: Curation,
  ) {}

  @Query()
  @Can('read', 'Title')
  titles(@Me() me: Principal, @Args() args: Page & { state?: TitleState; search?: string }): Promise<Connection<Title>> {
    return connection(this.catalogue.titles(me, args, args), () => this.catalogue.countTitles(me, args));
  }

  @Query()
  @Can('read', 'Title')
  title(@Me() me: Principal, @Args('id') id: string): Promise<Title> {
    return this.catalogue.title(me, id);
  }

  @Mutation()
  @Can('create', 'Title')
  createTitle(@Me() me: Principal, @Args('input') input: TitleInput): Promise<Title> {
    return this.catalogue.createTitle(me, input);
  }

  @Mutation()
  @Can('create', 'Upload')
  createUpload(@Me() me: Principal, @Args('input') input: { titleId: string; fileName: string; bytes: bigint }): Promise<Upload> {
    return this.catalogue.createUpload(me, { ...input, bytes: Number(input.bytes) });
  }

  @Mutation()
  @Can('retry', 'Title')
  retryTitle(@Me() me: Principal, @Args('id') id: string): Promise<Title> {
    return this.catalogue.retry(me, id);
  }

  @Mutation()
  @Can('cancel', 'Job')
  cancelJob(@Me() me: Principal, @Args('id') id: string): Promise<Job> {
    return this.curation.cancelJob(me, id);
  }

  @Mutation()
  @Can('correct', 'Shot')
  correctShot(@Me() me: Principal, @Args('id') id: string, @Args('field') field: string, @Args('value') value: string): Promise<Shot> {
    return this.curation.correctShot(me, id, field, value);
  }
}

@Resolver('Title')
@Can('read', 'Title')
export class TitleResolver {
  constructor(
    private readonly curation: Curation,
    private readonly rights: Rights,
  ) {}

  @ResolveField()
  posterUrl(@Parent() title: Title): string | null {
    return addressOf(title.posterObjectId);
  }

  @ResolveField()
  master(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Master | null> {
    return load.master.load(title.id);
  }

  @ResolveField()
  async job(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Job | null> {
    const master = await load.master.load(title.id);
    return master && load.job.load(master.id);
  }

  @ResolveField()
  @Can('read', 'Licence')
  licences(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Licence[]> {
    return load.licencesOfTitle.load(title.id);
  }

  @ResolveField()
  analysis(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Analysis | null> {
    return load.analysis.load(title.id);
  }

  @ResolveField()
  @Can('read', 'Shot')
  shots(@Parent() title: Title, @Me() me: Principal, @Args() page: ShotPage, @Context() { load }: RequestContext): Promise<Connection<Shot>> {
    return connection(this.curation.shots(me, title.id, page), () => load.shotCount.load(title.id));
  }

  @ResolveField()
  @Can('read', 'Shot')
  track(@Parent() title: Title, @Me() me: Principal, @Args() stretch: Stretch): Promise<Track | null> {
    return this.curation.track(me, title.id, stretch);
  }

  @ResolveField()
  @Can('read', 'Decision')
  decisions(@Parent() title: Title, @Me() me: Principal, @Args() page: Page): Promise<Connection<Decision>> {
    return connection(this.rights.decisions(me, page, { titleId: title.id }), () => this.rights.countDecisions(me, { titleId: title.id }));
  }
}

@Resolver('Analysis')
@Can('read', 'Title')
export class AnalysisResolver {
  @ResolveField()
  playlistUrl(@Parent() analysis: Analysis): string | null {
    return analysis.proxyObjectId && `/titles/${analysis.titleId}/proxy.m3u8`;
  }

  @ResolveField()
  filmstripUrl(@Parent() analysis: Analysis): string | null {
    return addressOf(analysis.filmstripObjectId);
  }
}

@Resolver('Shot')
@Can('read', 'Shot')
export class ShotResolver {
  @ResolveField()
  keyframes(@Parent() shot: Shot): { frame: number; url: string; width: number; height: number }[] {
    return shot.keyframes.map(({ objectId, ...keyframe }) => ({ ...keyframe, url: addressOf(objectId)! }));
  }

  @ResolveField()
  corrections(@Parent() shot: Shot, @Context() { load }: RequestContext): Promise<Correction[]> {
    return load.corrections.load(shot.id);
  }
}

@Resolver('Upload')
@Can('create', 'Upload')
export class UploadResolver {
  @ResolveField()
  url(@Parent() upload: Upload): string {
    return `/uploads/${upload.id}`;
  }

  @ResolveField()
  partUrl(@Parent() upload: Upload): string {
    return `/uploads/${upload.id}/parts/`;
  }
}
