import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { date } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { More } from '../../ui/more.js';
import { Page } from '../../ui/page.js';
import { Empty, Failed, SkeletonRows } from '../../ui/states.js';
import { Line, Lines } from '../../ui/table.js';
import { isOpen, RunStateChip } from './run-state.js';
import { StartDialog } from './start-dialog.js';

const runs = graphql(`
  query Runs($first: Int!, $after: String) {
    trainingRuns(first: $first, after: $after) {
      nodes {
        id
        name
        state
        phase
        step
        steps
        loss
        heldOutLossBase
        heldOutLoss
        createdAt
        datasetVersion {
          id
          name
          number
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

export function RunsPage() {
  const can = useCan();
  const navigate = useNavigate();
  const [starting, setStarting] = useState(false);
  const list = usePagedList(runs, {}, (data) => data.trainingRuns);
  useLive(
    list.nodes.some(({ state }) => isOpen(state)),
    () => list.refresh(({ state }) => isOpen(state)),
  );
  const start = can('create Run') && (
    <Button look="primary" onClick={() => setStarting(true)}>
      <Plus size={16} aria-hidden />
      Start a run
    </Button>
  );
  return (
    <Page title="Training runs" lead="Each run fine-tunes a base model on one frozen dataset, in the GPU tenant of your studio alone." actions={start}>
      {list.error && list.nodes.length === 0 ? (
        <Failed error={list.error} retry={() => list.refresh()} />
      ) : list.starting ? (
        <SkeletonRows />
      ) : list.nodes.length === 0 ? (
        <Empty title="No run yet" action={start}>
          A run needs a frozen dataset. Build one under Datasets, then start here.
        </Empty>
      ) : (
        <>
          <Lines label="Training runs" heads={['Run', 'State', 'Step', 'Loss', 'Held-out loss', 'Begun']}>
            {list.nodes.map((run) => (
              <Line
                key={run.id}
                to="/runs/$runId"
                params={{ runId: run.id }}
                name={run.name}
                under={`on ${run.datasetVersion.name}, version ${run.datasetVersion.number}`}
                cells={[
                  ['State', <RunStateChip state={run.state} phase={run.phase} />],
                  ['Step', `${run.step} of ${run.steps}`],
                  ['Loss', run.loss?.toFixed(4) ?? '–'],
                  ['Held-out loss', !isOpen(run.state) && run.heldOutLoss != null && run.heldOutLossBase != null ? `${run.heldOutLossBase.toFixed(4)} → ${run.heldOutLoss.toFixed(4)}` : '–'],
                  ['Begun', date(run.createdAt)],
                ]}
              />
            ))}
          </Lines>
          <More more={list.more} loading={list.loadingMore} onMore={list.loadMore} />
        </>
      )}
      {starting && <StartDialog onClose={() => setStarting(false)} onStarted={(runId) => void navigate({ to: '/runs/$runId', params: { runId } })} />}
    </Page>
  );
}
