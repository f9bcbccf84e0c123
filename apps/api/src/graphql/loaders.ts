import DataLoader from 'dataloader';
import { jobsOf, type Scope } from '#libs/platform';
import type { Services } from '../../../shared/services.js';

type Fetch<V> = (ids: string[]) => Promise<Map<string, V>>;

/** Batches look-ups by id within one request; `absent` is what an id without a value gives. */
function byId<V, A>(fetch: Fetch<V>, absent: A): DataLoader<string, V | A> {
  return new DataLoader<string, V | A>(
    async (ids) => {
      const found = await fetch([...ids]);
      return ids.map((id) => found.get(id) ?? absent);
    },
    { maxBatchSize: 500 },
  );
}

const keyed = <V extends { id: string }>(list: V[]): Map<string, V> => new Map(list.map((item) => [item.id, item]));

export type Loaders = ReturnType<typeof loaders>;

/** One set a request: what the fields of a page need is fetched in one query a kind, not one a row. */
export function loaders(services: Services, me: Scope) {
  const { access, rights, catalogue, curation, training, generation, database } = services;
  return {
    member: byId(async (ids) => keyed(await access.membersById(me, ids)), null),
    title: byId(async (ids) => keyed(await catalogue.titlesById(me, ids)), null),
    master: byId((ids) => catalogue.mastersOf(me, ids), null),
    job: byId((ids) => database.inStudio(me, () => jobsOf(ids)), null),
    licence: byId(async (ids) => keyed(await rights.licences.byId(me, ids)), null),
    draftOfLicence: byId((ids) => rights.licences.draftsOf(me, ids), null),
    licencesOfTitle: byId((ids) => rights.licences.ofTitles(me, ids), []),
    decision: byId(async (ids) => keyed(await rights.decisionsById(me, ids)), null),
    titleIdsOfDecision: byId((ids) => rights.titleIdsOfDecisions(me, ids), []),
    analysis: byId((ids) => curation.analysesOf(me, ids), null),
    edit: byId((ids) => rights.exclusions.edits(me, ids), null),
    exclusionCount: byId((ids) => rights.exclusions.count(me, ids), 0),
    markCount: byId((ids) => rights.exclusions.countMarks(me, ids), 0),
    shot: byId(async (ids) => keyed(await curation.shotsById(me, ids)), null),
    shotCount: byId((ids) => curation.countShots(me, ids), 0),
    shotReview: byId((ids) => curation.reviewState.ofShots(me, ids), null),
    doubleReview: byId((ids) => curation.doubleReview.ofTitles(me, ids), null),
    opinion: byId((ids) => curation.doubleReview.ownOf(me, ids), null),
    captioning: byId((ids) => curation.captions.jobs(me, ids), null),
    titleReview: byId((ids) => curation.reviewState.progressOf(me, ids), null),
    corrections: byId((ids) => curation.correctionsOf(me, ids), []),
    datasetVersion: byId(async (ids) => keyed(await curation.datasetVersionsById(me, ids)), null),
    base: byId(async (ids) => keyed(await training.basesById(me, ids)), null),
    run: byId(async (ids) => keyed(await training.runsById(me, ids)), null),
    metrics: byId((ids) => training.metricsOf(me, ids), []),
    samples: byId((ids) => training.samplesOf(me, ids), []),
    model: byId(async (ids) => keyed(await training.modelsById(me, ids)), null),
    modelOfRun: byId((ids) => training.modelsOfRuns(me, ids), null),
    output: byId((ids) => generation.outputsOf(me, ids), null),
    deliveries: byId((ids) => generation.deliveriesOf(me, ids), []),
  };
}
