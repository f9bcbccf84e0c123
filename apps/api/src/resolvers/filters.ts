import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { type AppliedFilter, Curation, type Example, type FilterChange, type FilterSet, type FilterSetInput, type FilterVersion, type Histogram, type Measure, MEASURES, type Preset, PRESETS, type Preview, type PreviewInput, type Rule, type RuleCount, type RuleInput, rulesSha256, type Side } from '#libs/curation';
import type { Page } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { type Connection, connection } from './connection.js';

/** A rule's id is `code` outside: `id` would be taken for the identity of an object, and rules of many sets share theirs. */
type Coded = Omit<RuleInput, 'id'> & { code: string };
const idOf = ({ code, ...rule }: Coded): RuleInput => ({ id: code, ...rule });

@Resolver()
export class FiltersResolver {
  constructor(private readonly curation: Curation) {}

  @Query()
  @Can('read', 'Filter')
  filterMeasures(): readonly Measure[] {
    return MEASURES;
  }

  @Query()
  @Can('read', 'Filter')
  filterPresets(): readonly Preset[] {
    return PRESETS;
  }

  @Query()
  @Can('read', 'Filter')
  filterSets(@Me() me: Principal, @Args() page: Page): Promise<Connection<FilterSet>> {
    return connection(this.curation.filters.page(me, page), () => this.curation.filters.count(me));
  }

  @Query()
  @Can('read', 'Filter')
  filterSet(@Me() me: Principal, @Args('id') id: string): Promise<FilterSet> {
    return this.curation.filters.find(me, id);
  }

  @Query()
  @Can('read', 'Filter')
  filterPreview(@Me() me: Principal, @Args('input') { rules, ...input }: Omit<PreviewInput, 'rules'> & { rules?: Coded[] | null }): Promise<Preview> {
    return this.curation.previewFilter(me, { ...input, rules: rules?.map(idOf) ?? null });
  }

  @Mutation()
  @Can('change', 'Filter')
  createFilterSet(@Me() me: Principal, @Args('input') { rules, ...input }: Omit<FilterSetInput, 'rules'> & { rules?: Coded[] | null }): Promise<FilterSet> {
    return this.curation.filters.create(me, { ...input, rules: rules?.map(idOf) ?? null });
  }

  @Mutation()
  @Can('change', 'Filter')
  changeFilterSet(@Me() me: Principal, @Args('id') id: string, @Args('input') { rules, ...input }: Omit<FilterChange, 'rules'> & { rules: Coded[] }): Promise<FilterSet> {
    return this.curation.filters.change(me, id, { ...input, rules: rules.map(idOf) });
  }

  @Mutation()
  @Can('change', 'Filter')
  goBackFilterSet(@Me() me: Principal, @Args('id') id: string, @Args('version') version: number, @Args('why') why: string): Promise<FilterSet> {
    return this.curation.filters.goBack(me, id, version, why);
  }
}

@Resolver('FilterSet')
@Can('read', 'Filter')
export class FilterSetResolver {
  constructor(private readonly curation: Curation) {}

  @ResolveField()
  notApplied(@Parent() { preset }: FilterSet): Preset['notApplied'] {
    return PRESETS.find(({ name }) => name === preset)?.notApplied ?? [];
  }

  @ResolveField()
  createdBy(@Parent() { createdBy }: FilterSet, @Context() { load }: RequestContext): Promise<string | null> {
    return nameOf(createdBy, load);
  }

  @ResolveField()
  versions(@Parent() { id, version }: FilterSet, @Me() me: Principal, @Args() page: Page): Promise<Connection<FilterVersion>> {
    return connection(this.curation.filters.versions(me, id, page), async () => version);
  }
}

@Resolver('FilterVersion')
@Can('read', 'Filter')
export class FilterVersionResolver {
  @ResolveField()
  createdBy(@Parent() { createdBy }: FilterVersion, @Context() { load }: RequestContext): Promise<string | null> {
    return nameOf(createdBy, load);
  }
}

@Resolver('FilterRule')
@Can('read', 'Filter')
export class FilterRuleResolver {
  @ResolveField()
  code(@Parent() { id }: Rule): string {
    return id;
  }
}

@Resolver('FilterMeasure')
@Can('read', 'Filter')
export class FilterMeasureResolver {
  @ResolveField()
  values(@Parent() measure: Measure): readonly string[] | null {
    return measure.kind === 'words' ? measure.values : null;
  }
}

@Resolver('AppliedFilter')
@Can('read', 'Filter')
export class AppliedFilterResolver {
  @ResolveField()
  sha256(@Parent() { rules }: AppliedFilter): string {
    return rulesSha256(rules);
  }
}

@Resolver('FilterPreview')
@Can('read', 'Filter')
export class FilterPreviewResolver {
  @ResolveField()
  looked(@Parent() preview: Preview): Promise<number> {
    return preview.sampled();
  }

  @ResolveField()
  async kept(@Parent() preview: Preview): Promise<number> {
    return (await preview.counts()).kept;
  }

  @ResolveField()
  async dropped(@Parent() preview: Preview): Promise<number> {
    return (await preview.counts()).dropped;
  }

  @ResolveField()
  async rules(@Parent() preview: Preview): Promise<RuleCount[]> {
    return (await preview.counts()).rules;
  }

  @ResolveField()
  histograms(@Parent() preview: Preview): Promise<Histogram[]> {
    return preview.histograms();
  }

  @ResolveField()
  @Can('read', 'Shot')
  examples(@Parent() preview: Preview, @Args() { code, side, ...page }: Page & { code: string; side: Side }): Promise<Connection<Example>> {
    return connection(preview.examples(code, side, page), () => preview.countExamples(code, side));
  }
}

async function nameOf(memberId: string | null, load: RequestContext['load']): Promise<string | null> {
  return memberId && ((await load.member.load(memberId))?.name ?? null);
}
