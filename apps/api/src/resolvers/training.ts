import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Principal } from '#libs/access';
import type { DatasetVersion } from '#libs/curation';
import type { Page } from '#libs/platform';
import type { Decision } from '#libs/rights';
import { type BaseModel, type Model, type RunInput, type RunMetric, Training, type TrainingRun } from '#libs/training';
import type { RequestContext } from '../graphql/context.js';
import { Can, Me } from '../guard/permission.js';
import { addressOf, type Connection, connection } from './connection.js';

@Resolver()
export class TrainingResolver {
  constructor(private readonly training: Training) {}

  @Query()
  @Can('read', 'BaseModel')
  baseModels(@Me() me: Principal): Promise<BaseModel[]> {
    return this.training.bases(me);
  }

  @Query()
  @Can('read', 'Run')
  trainingRuns(@Me() me: Principal, @Args() page: Page): Promise<Connection<TrainingRun>> {
    return connection(this.training.runs(me, page), () => this.training.countRuns(me));
  }

  @Query()
  @Can('read', 'Run')
  trainingRun(@Me() me: Principal, @Args('id') id: string): Promise<TrainingRun> {
    return this.training.run(me, id);
  }

  @Query()
  @Can('read', 'Model')
  models(@Me() me: Principal, @Args() page: Page): Promise<Connection<Model>> {
    return connection(this.training.models(me, page), () => this.training.countModels(me));
  }

  @Query()
  @Can('read', 'Model')
  model(@Me() me: Principal, @Args('id') id: string): Promise<Model> {
    return this.training.model(me, id);
  }

  @Mutation()
  @Can('create', 'BaseModel')
  registerBaseModel(@Me() me: Principal, @Args('input') input: { path: string; name?: string; licence: string }): Promise<BaseModel> {
    return this.training.registerBase(me, input);
  }

  @Mutation()
  @Can('create', 'Run')
  startRun(@Me() me: Principal, @Args('input') input: RunInput): Promise<TrainingRun> {
    return this.training.startRun(me, input, me.name);
  }

  @Mutation()
  @Can('create', 'Run')
  retryRun(@Me() me: Principal, @Args('id') id: string): Promise<TrainingRun> {
    return this.training.retryRun(me, id, me.name);
  }

  @Mutation()
  @Can('cancel', 'Run')
  cancelRun(@Me() me: Principal, @Args('id') id: string): Promise<TrainingRun> {
    return this.training.cancelRun(me, id);
  }
}

@Resolver('TrainingRun')
@Can('read', 'Run')
export class TrainingRunResolver {
  @ResolveField()
  datasetVersion(@Parent() run: TrainingRun, @Context() { load }: RequestContext): Promise<DatasetVersion | null> {
    return load.datasetVersion.load(run.datasetVersionId);
  }

  @ResolveField()
  baseModel(@Parent() run: TrainingRun, @Context() { load }: RequestContext): Promise<BaseModel | null> {
    return load.base.load(run.baseModelId);
  }

  @ResolveField()
  @Can('read', 'Decision')
  decision(@Parent() run: TrainingRun, @Context() { load }: RequestContext): Promise<Decision | null> {
    return load.decision.load(run.decisionId);
  }

  @ResolveField()
  model(@Parent() run: TrainingRun, @Context() { load }: RequestContext): Promise<Model | null> {
    return load.modelOfRun.load(run.id);
  }

  @ResolveField()
  metrics(@Parent() run: TrainingRun, @Context() { load }: RequestContext): Promise<RunMetric[]> {
    return load.metrics.load(run.id);
  }

  @ResolveField()
  async samples(@Parent() run: TrainingRun, @Context() { load }: RequestContext): Promise<{ step: number; number: number; prompt: string; url: string }[]> {
    return (await load.samples.load(run.id)).map(({ objectId, ...sample }) => ({ ...sample, url: addressOf(objectId)! }));
  }
}

@Resolver('Model')
@Can('read', 'Model')
export class ModelResolver {
  @ResolveField()
  baseModel(@Parent() model: Model, @Context() { load }: RequestContext): Promise<BaseModel | null> {
    return load.base.load(model.baseModelId);
  }

  @ResolveField()
  run(@Parent() model: Model, @Context() { load }: RequestContext): Promise<TrainingRun | null> {
    return load.run.load(model.runId);
  }

  @ResolveField()
  datasetVersion(@Parent() model: Model, @Context() { load }: RequestContext): Promise<DatasetVersion | null> {
    return load.datasetVersion.load(model.datasetVersionId);
  }
}
