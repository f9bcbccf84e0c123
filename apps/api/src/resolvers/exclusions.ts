import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { Catalogue, type Title } from '#libs/catalogue';
import type { Page } from '#libs/platform';
import { type Edit, type Exclusion, type ExclusionInput, type Imported, type Mark, type MarkInput, type MarkKind, Rights } from '#libs/rights';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

@Resolver()
export class ExclusionsResolver {
  constructor(
    private readonly rights: Rights,
    private readonly catalogue: Catalogue,
  ) {}

  @Mutation()
  @Can('change', 'Exclusion')
  async addExclusion(@Me() me: Principal, @Args('titleId') titleId: string, @Args('input') input: ExclusionInput): Promise<Exclusion> {
    return this.rights.exclusions.add(me, (await this.catalogue.title(me, titleId)).id, input);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  changeExclusion(@Me() me: Principal, @Args('id') id: string, @Args('input') input: ExclusionInput): Promise<Exclusion> {
    return this.rights.exclusions.change(me, id, input);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  removeExclusion(@Me() me: Principal, @Args('id') id: string): Promise<Exclusion> {
    return this.rights.exclusions.remove(me, id);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  async importExclusions(@Me() me: Principal, @Args('titleId') titleId: string, @Args('input') input: { list: string; start?: string | null; why?: string | null }): Promise<Imported> {
    return this.rights.exclusions.import(me, (await this.catalogue.title(me, titleId)).id, input);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  async addMark(@Me() me: Principal, @Args('titleId') titleId: string, @Args('input') input: MarkInput): Promise<Mark> {
    return this.rights.exclusions.addMark(me, (await this.catalogue.title(me, titleId)).id, input);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  changeMark(@Me() me: Principal, @Args('id') id: string, @Args('input') input: MarkInput): Promise<Mark> {
    return this.rights.exclusions.changeMark(me, id, input);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  removeMark(@Me() me: Principal, @Args('id') id: string): Promise<Mark> {
    return this.rights.exclusions.removeMark(me, id);
  }

  @Mutation()
  @Can('change', 'Exclusion')
  async completeMarks(@Me() me: Principal, @Args('titleId') titleId: string, @Args('kind') kind: MarkKind, @Args('complete') complete: boolean): Promise<Title> {
    const title = await this.catalogue.title(me, titleId);
    await this.rights.exclusions.completeMarks(me, title.id, kind, complete);
    return title;
  }
}

@Resolver('Title')
@Can('read', 'Exclusion')
export class TitleExclusionsResolver {
  constructor(private readonly rights: Rights) {}

  @ResolveField()
  edit(@Parent() title: Title, @Context() { load }: RequestContext): Promise<Edit | null> {
    return load.edit.load(title.id);
  }

  @ResolveField()
  exclusions(@Parent() title: Title, @Me() me: Principal, @Args() page: Page, @Context() { load }: RequestContext): Promise<Connection<Exclusion>> {
    return connection(this.rights.exclusions.page(me, title.id, page), () => load.exclusionCount.load(title.id));
  }

  @ResolveField()
  marks(@Parent() title: Title, @Me() me: Principal, @Args() page: Page, @Context() { load }: RequestContext): Promise<Connection<Mark>> {
    return connection(this.rights.exclusions.marks(me, title.id, page), () => load.markCount.load(title.id));
  }
}

@Resolver('Exclusion')
@Can('read', 'Exclusion')
export class ExclusionResolver {
  @ResolveField()
  @Can('read', 'Title')
  title(@Parent() exclusion: Exclusion, @Context() { load }: RequestContext): Promise<Title | null> {
    return load.title.load(exclusion.titleId);
  }

  @ResolveField()
  async addedBy(@Parent() exclusion: Exclusion, @Context() { load }: RequestContext): Promise<string | null> {
    return exclusion.addedBy && ((await load.member.load(exclusion.addedBy))?.name ?? null);
  }

  @ResolveField()
  async changedBy(@Parent() exclusion: Exclusion, @Context() { load }: RequestContext): Promise<string | null> {
    return exclusion.changedBy && ((await load.member.load(exclusion.changedBy))?.name ?? null);
  }
}

@Resolver('Mark')
@Can('read', 'Exclusion')
export class MarkResolver {
  @ResolveField()
  @Can('read', 'Title')
  title(@Parent() mark: Mark, @Context() { load }: RequestContext): Promise<Title | null> {
    return load.title.load(mark.titleId);
  }
}
