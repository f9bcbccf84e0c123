import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { join } from 'node:path';
import { GraphQLError } from 'graphql';
import type { Request, Response } from 'express';
import { Access } from '#libs/access';
import { Catalogue } from '#libs/catalogue';
import { Curation } from '#libs/curation';
import { Generation } from '#libs/generation';
import { Database, repositoryRoot, Vault } from '#libs/platform';
import { Rights } from '#libs/rights';
import { Training } from '#libs/training';
import { Logs, type Services } from '../../shared/services.js';
import { refusalOf } from './failures.js';
import { AnswerFilter } from './graphql/answer.filter.js';
import type { RequestContext } from './graphql/context.js';
import { limits } from './graphql/limits.js';
import { loaders } from './graphql/loaders.js';
import { RootFieldInterceptor } from './graphql/root-field.interceptor.js';
import { schemaTypes } from './graphql/scalars.js';
import { sessionToken } from './guard/asker.js';
import { PermissionGuard } from './guard/permission.guard.js';
import { AgentController } from './http/agent.controller.js';
import { ConsoleController } from './http/console.controller.js';
import { HealthController } from './http/health.controller.js';
import { PlaybackController } from './http/playback.controller.js';
import { UploadsController } from './http/uploads.controller.js';
import { CaptioningOfTitleResolver, CaptionOfShotResolver, CaptionsOfDatasetResolver, CaptionsResolver } from './resolvers/captions.js';
import { ClipResolver, DatasetsResolver, DatasetVersionResolver, DropResolver } from './resolvers/datasets.js';
import { ExclusionResolver, ExclusionsResolver, MarkResolver, TitleExclusionsResolver } from './resolvers/exclusions.js';
import { AppliedFilterResolver, FilterMeasureResolver, FilterPreviewResolver, FilterRuleResolver, FilterSetResolver, FiltersResolver, FilterVersionResolver } from './resolvers/filters.js';
import { AgreementOfStudioResolver, DoubleReviewOfTitleResolver, DoubleReviewResolver, OpinionOfShotResolver } from './resolvers/double-review.js';
import { DuplicateClusterResolver, DuplicatesOfShotResolver, DuplicatesResolver, ShotDuplicateResolver } from './resolvers/duplicates.js';
import { DutiesResolver, DutyResolver } from './resolvers/duties.js';
import { GenerationResolver, GenerationsResolver, OutputResolver } from './resolvers/generations.js';
import { LicenceEventResolver, LicenceResolver, LicencesResolver, LicenceVersionResolver, SignatureResolver } from './resolvers/licences.js';
import { HoldResolver, HoldsResolver, LicenceHoldsResolver, TitleHoldsResolver } from './resolvers/holds.js';
import { LogEntryResolver, LogResolver } from './resolvers/log.js';
import { MemberResolver, SignInResolver } from './resolvers/members.js';
import { ReviewOfShotResolver, ReviewOfTitleResolver, ReviewResolver, ShotEditResolver, TitleReviewResolver } from './resolvers/review.js';
import { DecisionResolver, RightsResolver } from './resolvers/rights.js';
import { SearchResolver, ShotHitResolver } from './resolvers/search.js';
import { FlipResolver, FlipsOfTitleResolver, SimulationResolver, SimulationsResolver } from './resolvers/simulations.js';
import { AnalysisResolver, ShotResolver, TitleResolver, TitlesResolver, UploadResolver } from './resolvers/titles.js';
import { ModelResolver, TrainingResolver, TrainingRunResolver } from './resolvers/training.js';
import { UnknownFilter } from './resolvers/unknown-filter.js';

const resolvers = [
  SignInResolver, MemberResolver,
  TitlesResolver, TitleResolver, AnalysisResolver, ShotResolver, UploadResolver,
  RightsResolver, DecisionResolver,
  LicencesResolver, LicenceResolver, LicenceVersionResolver, SignatureResolver, LicenceEventResolver,
  SimulationsResolver, SimulationResolver, FlipResolver, FlipsOfTitleResolver,
  ExclusionsResolver, ExclusionResolver, MarkResolver, TitleExclusionsResolver,
  HoldsResolver, HoldResolver, LicenceHoldsResolver, TitleHoldsResolver,
  DutiesResolver, DutyResolver,
  FiltersResolver, FilterSetResolver, FilterVersionResolver, FilterRuleResolver, FilterMeasureResolver, AppliedFilterResolver, FilterPreviewResolver,
  ReviewResolver, ReviewOfShotResolver, ReviewOfTitleResolver, TitleReviewResolver, ShotEditResolver,
  DoubleReviewResolver, DoubleReviewOfTitleResolver, AgreementOfStudioResolver, OpinionOfShotResolver,
  DuplicatesResolver, DuplicatesOfShotResolver, DuplicateClusterResolver, ShotDuplicateResolver,
  SearchResolver, ShotHitResolver,
  DatasetsResolver, DatasetVersionResolver, ClipResolver, DropResolver,
  TrainingResolver, TrainingRunResolver, ModelResolver,
  GenerationsResolver, GenerationResolver, OutputResolver,
  CaptionsResolver, CaptionOfShotResolver, CaptioningOfTitleResolver, CaptionsOfDatasetResolver,
  LogResolver, LogEntryResolver,
  UnknownFilter,
];

@Module({})
export class AppModule {
  /** The libs as they were composed, and what carries them outside. */
  static with(services: Services): DynamicModule {
    return {
      module: AppModule,
      imports: [graphql(services)],
      // The console answers every other path, so it comes last.
      controllers: [HealthController, UploadsController, PlaybackController, AgentController, ConsoleController],
      providers: [
        { provide: Database, useValue: services.database },
        { provide: Vault, useValue: services.vault },
        { provide: Access, useValue: services.access },
        { provide: Rights, useValue: services.rights },
        { provide: Catalogue, useValue: services.catalogue },
        { provide: Curation, useValue: services.curation },
        { provide: Training, useValue: services.training },
        { provide: Generation, useValue: services.generation },
        { provide: Logs, useValue: services.logs },
        { provide: APP_GUARD, useClass: PermissionGuard },
        { provide: APP_FILTER, useClass: AnswerFilter },
        { provide: APP_INTERCEPTOR, useClass: RootFieldInterceptor },
        ...resolvers,
      ],
    };
  }
}

function graphql(services: Services): DynamicModule {
  const outsideProduction = process.env.NODE_ENV !== 'production';
  return GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typePaths: [join(repositoryRoot, 'apps/api/src/schema/*.graphql')],
    resolvers: schemaTypes,
    path: '/graphql',
    context: ({ req, res }: { req: Request; res: Response }) => contextOf(services, req, res),
    fieldResolverEnhancers: ['guards', 'filters'],
    csrfPrevention: true,
    introspection: outsideProduction,
    graphiql: false,
    includeStacktraceInErrorResponses: false,
    parseOptions: { maxTokens: 10_000 },
    plugins: [limits()],
    preserveHttpStatusForExecutionErrors: false,
    formatError: (formatted, error) => masked(formatted, error),
  });
}

async function contextOf(services: Services, req: Request, res: Response): Promise<RequestContext> {
  const token = sessionToken(req);
  const principal = token === undefined ? undefined : await services.access.session(token).catch(unavailable);
  // Without a session there is no studio, and the database throws before it opens none.
  return { req, res, principal, load: loaders(services, principal ?? { studioId: '' }), databaseAway: false };
}

function unavailable(error: unknown): never {
  const { code, message, wayOut, status } = refusalOf(error, 'POST /graphql');
  throw new GraphQLError(message, { extensions: { code, wayOut, http: { status } } });
}

/** What the schema itself refuses stays as it is (it speaks of the query only); what slipped through everything else says nothing. */
function masked(formatted: { message: string; extensions?: Record<string, unknown> }, error: unknown): { message: string; extensions?: Record<string, unknown> } {
  if (formatted.extensions?.code !== 'INTERNAL_SERVER_ERROR') return formatted;
  const { code, message, wayOut } = refusalOf((error as { originalError?: unknown }).originalError ?? error, 'graphql');
  return { ...formatted, message, extensions: { code, wayOut } };
}
