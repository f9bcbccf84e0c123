import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { count } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Answered, Paged } from '../../ui/answered.js';
import { Page } from '../../ui/page.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { isOpen } from '../runs/run-state.js';
import { PromptForm } from './prompt-form.js';
import { ResultCard } from './result-card.js';
import type { Wish } from './wish.js';

const modelsQuery = graphql(`
  query Models($first: Int!, $after: String) {
    models(first: $first, after: $after) {
      nodes {
        id
        name
        version
        baseModel {
          id
          name
          spec
        }
        datasetVersion {
          id
          name
          number
        }
      }
      totalCount
    }
  }
`);

const generations = graphql(`
  query Generations($first: Int!, $after: String, $modelId: ID) {
    generations(first: $first, after: $after, modelId: $modelId) {
      nodes {
        ...GenerationFields
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

/** 100 million numbers: far above the starter model's 15 million, far below the smallest model that draws (Wan's 1.3 billion). */
const DRAWS_FROM = 100_000_000;
const route = getRouteApi('/generate');

export function GeneratePage() {
  const { model: asked } = route.useSearch();
  const navigate = route.useNavigate();
  const can = useCan();
  const [wish, setWish] = useState<Wish>({ prompt: '', seed: '1' });
  const answer = useQuery({ query: modelsQuery, variables: { first: 100 }, requestPolicy: 'cache-and-network' });
  const models = answer[0].data?.models.nodes ?? [];
  const model = models.find(({ id }) => id === asked) ?? models[0];
  const list = usePagedList(generations, { modelId: asked && model ? model.id : null }, (found) => found.generations, 24);
  useLive(
    list.nodes.some(({ state }) => isOpen(state)),
    () => list.refresh(({ state }) => isOpen(state)),
    1000,
  );
  const small = model && ((model.baseModel.spec as { parameters?: number } | null)?.parameters ?? Infinity) < DRAWS_FROM;

  return (
    <Page title="Generate" lead="Prompts to your own models. What comes out is sealed, reviewed here, and delivered to your studio only.">
      {small && (
        <p className="mb-6 max-w-3xl rounded-r-md border-l-2 border-tungsten bg-panel py-2.5 pr-4 pl-4 text-sm text-soft">
          <strong className="font-medium text-ink">{model.baseModel.name} proves the loop; it does not draw.</strong> It is the small starter model: expect textures and colours of your footage, not
          recognisable pictures. A base model of your own gives pictures with the same steps.
        </p>
      )}
      <Answered answer={answer} waiting={<SkeletonRows rows={3} />}>
        {() =>
          !model ? (
            <Empty title="No model yet">A model comes out of a training run that is completed. Start one under Runs.</Empty>
          ) : (
            <div className="grid gap-8 lg:grid-cols-[20rem_minmax(0,1fr)]">
              <PromptForm
                models={models}
                model={model}
                wish={wish}
                onWish={setWish}
                mayGenerate={can('create Generation')}
                onModel={(id) => void navigate({ search: { model: id } })}
                onGenerated={() => list.refresh()}
              />
              <section aria-label="Results" className="min-w-0">
                <h2 className="figures mb-3 text-sm font-semibold">{list.total === undefined ? 'Results' : count(list.total, 'result')}</h2>
                <Paged
                  list={list}
                  waiting={<SkeletonRows rows={2} className="h-56" />}
                  empty={<Empty title="Nothing generated yet">{can('create Generation') ? 'Write a prompt in words like those of your captions, and press Generate.' : 'Your studio’s editors generate; what they make appears here.'}</Empty>}
                >
                  {(nodes) => (
                    <ul className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
                      {nodes.map((generation) => (
                        <ResultCard key={generation.id} generation={generation} onChange={() => list.refresh(({ id }) => id === generation.id, false)} onAgain={setWish} />
                      ))}
                    </ul>
                  )}
                </Paged>
              </section>
            </div>
          )
        }
      </Answered>
    </Page>
  );
}
