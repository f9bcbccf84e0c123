import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { Samples } from './samples.js';

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
  return (
    <Paged
      list={list}
      waiting={<SkeletonRows className="h-20" />}
      empty={building ? <Empty title="Still building">Shots that are left out are listed here, each with its reason.</Empty> : <Empty title="Nothing was left out">Every shot that the query found is among the clips.</Empty>}
    >
      {(nodes) => <Samples samples={nodes.map((drop) => ({ ...drop, says: drop.message }))}>{(drop) => <code className="font-mono">{drop.code}</code>}</Samples>}
    </Paged>
  );
}
