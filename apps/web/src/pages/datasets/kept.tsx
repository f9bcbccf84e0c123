import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { More } from '../../ui/more.js';
import { Copied } from '../../ui/page.js';
import { Empty, Failed, SkeletonRows } from '../../ui/states.js';
import { SampleRow } from './sample-row.js';

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
  if (list.error && list.nodes.length === 0) return <Failed error={list.error} retry={() => list.refresh()} />;
  if (list.starting) return <SkeletonRows className="h-20" />;
  if (list.nodes.length === 0) {
    return building ? <Empty title="Still building">The clips are listed here when the version is frozen.</Empty> : <Empty title="No clip was kept">The dropped shots say why each was left out.</Empty>;
  }
  return (
    <ol>
      {list.nodes.map((clip) => (
        <SampleRow
          key={clip.number}
          {...clip}
          aside={
            <>
              <span className={clip.split === 'heldout' ? 'text-kept' : undefined}>{clip.split === 'heldout' ? 'held out for measuring' : 'for training'}</span>
              <Copied value={clip.sha256} />
            </>
          }
        >
          {clip.caption || <span className="text-faint">No caption</span>}
        </SampleRow>
      ))}
      <More more={list.more} loading={list.loadingMore} onMore={list.loadMore} />
    </ol>
  );
}
