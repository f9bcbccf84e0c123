import { useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { count, date } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { More } from '../../ui/more.js';
import { Copied, Page } from '../../ui/page.js';
import { Empty, Failed, SkeletonRows } from '../../ui/states.js';
import { Line, Lines } from '../../ui/table.js';
import { BuildDialog } from './build-dialog.js';
import { DatasetStateChip } from './state-chip.js';

const datasets = graphql(`
  query Datasets($first: Int!, $after: String) {
    datasetVersions(first: $first, after: $after) {
      nodes {
        id
        name
        number
        state
        hash
        clipCount
        droppedCount
        createdAt
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

export function DatasetsPage() {
  const can = useCan();
  const navigate = useNavigate();
  const [building, setBuilding] = useState(false);
  const list = usePagedList(datasets, {}, (data) => data.datasetVersions);
  useLive(
    list.nodes.some(({ state }) => state === 'BUILDING'),
    () => list.refresh(({ state }) => state === 'BUILDING'),
  );
  const build = can('create Dataset') && (
    <Button look="primary" onClick={() => setBuilding(true)}>
      <Plus size={16} aria-hidden />
      Build a dataset
    </Button>
  );
  return (
    <Page title="Datasets" lead="Frozen sets of clips. What is in a version never changes; the same inputs give the same hash." actions={build}>
      {list.error && list.nodes.length === 0 ? (
        <Failed error={list.error} retry={() => list.refresh()} />
      ) : list.starting ? (
        <SkeletonRows />
      ) : list.nodes.length === 0 ? (
        <Empty title="No dataset yet" action={build}>
          Choose titles that are ready. Backlot cuts their shots into clips, and says of every shot it leaves out why.
        </Empty>
      ) : (
        <>
          <Lines label="Datasets" heads={['Dataset', 'State', 'Kept', 'Dropped', 'Hash', 'Begun']}>
            {list.nodes.map((version) => (
              <Line
                key={version.id}
                to="/datasets/$versionId"
                params={{ versionId: version.id }}
                name={`${version.name}, version ${version.number}`}
                cells={[
                  ['State', <DatasetStateChip state={version.state} />],
                  ['Kept', count(version.clipCount, 'clip')],
                  ['Dropped', count(version.droppedCount, 'shot')],
                  ['Hash', version.hash ? <span className="relative z-1"><Copied value={version.hash} /></span> : '–'],
                  ['Begun', date(version.createdAt)],
                ]}
              />
            ))}
          </Lines>
          <More more={list.more} loading={list.loadingMore} onMore={list.loadMore} />
        </>
      )}
      {building && (
        <BuildDialog onClose={() => setBuilding(false)} onBuilt={(versionId) => void navigate({ to: '/datasets/$versionId', params: { versionId } })} />
      )}
    </Page>
  );
}
