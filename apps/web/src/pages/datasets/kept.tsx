import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Copied } from '../../ui/page.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { Samples } from './samples.js';

const clips = graphql(`
  query Clips($id: ID!, $first: Int!, $after: String) {
    datasetVersion(id: $id) {
      id
      clips(first: $first, after: $after) {
        nodes {
          number
          titleId
          titleName
          shotId
          first
          last
          caption
          split
          sha256
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

/** The clips of a version, in the order in which it is hashed. */
export function Kept({ versionId, building }: { versionId: string; building: boolean }) {
  const list = usePagedList(clips, { id: versionId }, (data) => data.datasetVersion?.clips, 50);
  return (
    <Paged
      list={list}
      waiting={<SkeletonRows className="h-20" />}
      empty={building ? <Empty title="Still building">The clips are listed here when the version is frozen.</Empty> : <Empty title="No clip was kept">The dropped shots say why each was left out.</Empty>}
    >
      {(nodes) => (
        <Samples samples={nodes.map((clip) => ({ ...clip, says: clip.caption || <span className="text-faint">No caption</span> }))}>
          {(clip) => (
            <>
              <span className={clip.split === 'heldout' ? 'text-kept' : undefined}>{clip.split === 'heldout' ? 'held out for measuring' : 'for training'}</span>
              <Copied value={clip.sha256} />
            </>
          )}
        </Samples>
      )}
    </Paged>
  );
}
