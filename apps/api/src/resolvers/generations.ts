import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import { type Delivery, Generation, type GenerationInput, type GenerationRecord, type Output } from '#libs/generation';
import type { Page } from '#libs/platform';
import type { Decision } from '#libs/rights';
import { type Model, Training } from '#libs/training';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { addressOf, type Connection, connection } from './connection.js';
import { UnknownFilter } from './unknown-filter.js';

@Resolver()
export class GenerationsResolver {
  constructor(
    private readonly generation: Generation,
    private readonly training: Training,
    private readonly unknown: UnknownFilter,
  ) {}

  @Query()
  @Can('read', 'Generation')
  generations(@Me() me: Principal, @Args() args: Page & { modelId?: string }): Promise<Connection<GenerationRecord>> {
    return this.unknown.orNothing(me, 'generations', args.modelId, (id) => this.training.model(me, id), () => connection(this.generation.generations(me, args, args), () => this.generation.countGenerations(me, args)));
  }

  @Query('generation')
  @Can('read', 'Generation')
  one(@Me() me: Principal, @Args('id') id: string): Promise<GenerationRecord> {
    return this.generation.generation(me, id);
  }

  @Mutation()
  @Can('create', 'Generation')
  generate(@Me() me: Principal, @Args('input') { seed, ...input }: Omit<GenerationInput, 'seed'> & { seed?: bigint | null }): Promise<GenerationRecord> {
    return this.generation.generate(me, { ...input, seed: seed == null ? null : Number(seed) }, me.name);
  }

  @Mutation()
  @Can('create', 'Generation')
  retryGeneration(@Me() me: Principal, @Args('id') id: string): Promise<GenerationRecord> {
    return this.generation.retryGeneration(me, id, me.name);
  }

  @Mutation()
  @Can('review', 'Output')
  reviewOutput(@Me() me: Principal, @Args('id') id: string, @Args('approve') approve: boolean): Promise<Output> {
    return this.generation.reviewOutput(me, id, approve);
  }

  @Mutation()
  @Can('create', 'Delivery')
  deliverOutput(@Me() me: Principal, @Args('id') id: string): Promise<Delivery> {
    return this.generation.deliver(me, id, me.name);
  }
}

@Resolver('Generation')
@Can('read', 'Generation')
export class GenerationResolver {
  @ResolveField()
  model(@Parent() generation: GenerationRecord, @Context() { load }: RequestContext): Promise<Model | null> {
    return load.model.load(generation.modelId);
  }

  @ResolveField()
  @Can('read', 'Decision')
  decision(@Parent() generation: GenerationRecord, @Context() { load }: RequestContext): Promise<Decision | null> {
    return load.decision.load(generation.decisionId);
  }

  @ResolveField()
  @Can('read', 'Output')
  output(@Parent() generation: GenerationRecord, @Context() { load }: RequestContext): Promise<Output | null> {
    return load.output.load(generation.id);
  }
}

@Resolver('Output')
@Can('read', 'Output')
export class OutputResolver {
  @ResolveField()
  url(@Parent() output: Output): string {
    return addressOf(output.objectId)!;
  }

  @ResolveField()
  @Can('read', 'Delivery')
  deliveries(@Parent() output: Output, @Context() { load }: RequestContext): Promise<Delivery[]> {
    return load.deliveries.load(output.id);
  }
}
