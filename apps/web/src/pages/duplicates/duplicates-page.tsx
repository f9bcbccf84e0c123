import { Link } from '@tanstack/react-router';
import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Page } from '../../ui/page.js';
import { useRowsInSight } from '../../ui/rows-in-sight.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { Cluster } from './cluster.js';

const duplicateClusters = graphql(`
  query DuplicateClusters($first: Int!, $after: String) {
    duplicateClusters(first: $first, after: $after) {
      nodes {
        id
        size
        chosen
        representative {
          ...DuplicateShot
        }
        others(first: 6) {
          nodes {
            mostBits
            oneBits
            look
            shot {
              ...DuplicateShot
            }
          }
          totalCount
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

const ROW = 250;

/** Shots that show one take, side by side, whichever title and encode they are of. */
export function DuplicatesPage() {
  const list = usePagedList(duplicateClusters, {}, (data) => data.duplicateClusters, 20);
  return (
    <Page
      title="Near-duplicates"
      above={
        <Link to="/datasets" className="hover:text-ink">
          Datasets
        </Link>
      }
      lead={
        <>
          {list.total ? <span className="figures">{list.total.toLocaleString('en')} takes are shown by more than one shot. </span> : null}A dataset that is built with one of each keeps the shot that represents them and says of every other that it was left out for it.
        </>
      }
    >
      <Paged
        list={list}
        waiting={<SkeletonRows rows={3} className="h-48" />}
        empty={<Empty title="No take is shown twice">Shots are compared when a title is analysed, within it and with every other title of the studio.</Empty>}
      >
        {(clusters) => <Clusters count={clusters.length}>{(place) => <Cluster cluster={clusters[place]!} onChange={() => list.refresh(() => true)} />}</Clusters>}
      </Paged>
    </Page>
  );
}

function Clusters({ count, children }: { count: number; children: (place: number) => React.ReactNode }) {
  const { element, rows } = useRowsInSight<HTMLOListElement>(count, ROW);
  return (
    <ol ref={element} aria-label="Near-duplicates" className="relative" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map(({ index, key, start }) => (
        <li key={key} ref={rows.measureElement} data-index={index} aria-setsize={count} aria-posinset={index + 1} className="absolute inset-x-0 top-0 pb-3" style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}>
          {children(index)}
        </li>
      ))}
    </ol>
  );
}
