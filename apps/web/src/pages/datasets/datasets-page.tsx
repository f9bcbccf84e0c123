import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { count, date } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Copied, Page } from '../../ui/page.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
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
  const beside = (
    <>
      <Link to="/datasets/filters" className="px-2 text-sm text-soft hover:text-ink">
        Filters
      </Link>
      <Link to="/datasets/duplicates" className="px-2 text-sm text-soft hover:text-ink">
        Near-duplicates
      </Link>
    </>
  );
  const build = can('create Dataset') && (
    <Button look="primary" onClick={() => setBuilding(true)}>
      <Plus size={16} aria-hidden />
      Build a dataset
    </Button>
  );
  return (
    <Page title="Datasets" lead="Frozen sets of clips. What is in a version never changes; the same inputs give the same hash." actions={<>{beside}{build}</>}>
      <Paged
        list={list}
        empty={
          <Empty title="No dataset yet" action={build}>
            Choose titles that are ready. Backlot cuts their shots into clips, and says of every shot it leaves out why.
          </Empty>
        }
      >
        {(versions) => (
          <Table
            label="Datasets"
            rows={versions}
            head="Dataset"
            name={(version) => `${version.name}, version ${version.number}`}
            to={(version) => ({ to: '/datasets/$versionId', params: { versionId: version.id } })}
            columns={[
              ['State', (version) => <DatasetStateChip state={version.state} />],
              ['Kept', (version) => count(version.clipCount, 'clip')],
              ['Dropped', (version) => count(version.droppedCount, 'shot')],
              ['Hash', (version) => (version.hash ? <span className="relative z-1"><Copied value={version.hash} /></span> : '–')],
              ['Begun', (version) => date(version.createdAt)],
            ]}
          />
        )}
      </Paged>
      {building && (
        <BuildDialog onClose={() => setBuilding(false)} onBuilt={(versionId) => void navigate({ to: '/datasets/$versionId', params: { versionId } })} />
      )}
    </Page>
  );
}
