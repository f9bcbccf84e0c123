import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { date } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Page } from '../../ui/page.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
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
      <Paged
        list={list}
        empty={
          <Empty title="No run yet" action={start}>
            A run needs a frozen dataset. Build one under Datasets, then start here.
          </Empty>
        }
      >
        {(nodes) => (
          <Table
            label="Training runs"
            rows={nodes}
            head="Run"
            name={(run) => run.name}
            under={(run) => `on ${run.datasetVersion.name}, version ${run.datasetVersion.number}`}
            to={(run) => ({ to: '/runs/$runId', params: { runId: run.id } })}
            columns={[
              ['State', (run) => <RunStateChip state={run.state} phase={run.phase} />],
              ['Step', (run) => `${run.step} of ${run.steps}`],
              ['Loss', (run) => run.loss?.toFixed(4) ?? '–'],
              ['Held-out loss', (run) => (!isOpen(run.state) && run.heldOutLoss != null && run.heldOutLossBase != null ? `${run.heldOutLossBase.toFixed(4)} → ${run.heldOutLoss.toFixed(4)}` : '–')],
              ['Begun', (run) => date(run.createdAt)],
            ]}
          />
        )}
      </Paged>
      {starting && <StartDialog onClose={() => setStarting(false)} onStarted={(runId) => void navigate({ to: '/runs/$runId', params: { runId } })} />}
    </Page>
  );
}
