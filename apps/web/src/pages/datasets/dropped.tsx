import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { More } from '../../ui/more.js';
import { Empty, Failed, SkeletonRows } from '../../ui/states.js';
import { SampleRow } from './sample-row.js';

const drops = graphql(`
  query Drops($id: ID!, $first: Int!, $after: String) {
    datasetVersion(id: $id) {
      id
      dropped(first: $first, after: $after) {
        nodes {
          titleId
          titleName
          shotId
          first
          last
          code
          message
          decisionId
          keyframeUrl
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`);

/** Every shot that was left out, and why. */
export function Dropped({ versionId, building }: { versionId: string; building: boolean }) {
  const list = usePagedList(drops, { id: versionId }, (data) => data.datasetVersion?.dropped, 50);
  if (list.error && list.nodes.length === 0) return <Failed error={list.error} retry={() => list.refresh()} />;
  if (list.starting) return <SkeletonRows className="h-20" />;
  if (list.nodes.length === 0) {
    return building ? <Empty title="Still building">Shots that are left out are listed here, each with its reason.</Empty> : <Empty title="Nothing was left out">Every shot that the query found is among the clips.</Empty>;
  }
  return (
    <ol>
      {list.nodes.map((drop, place) => (
        <SampleRow key={place} {...drop} aside={<code className="font-mono">{drop.code}</code>}>
          {drop.message}
        </SampleRow>
      ))}
      <More more={list.more} loading={list.loadingMore} onMore={list.loadMore} />
    </ol>
  );
}
