import { Link } from '@tanstack/react-router';
import { graphql } from '../../generated/index.js';
import { count } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Panel } from '../../ui/page.js';

const doubleReviews = graphql(`
  query DoubleReviews($first: Int!, $after: String) {
    doubleReviews(first: $first, after: $after) {
      nodes {
        id
        name
        review {
          shots
          reviewed
          doubleReview {
            waiting(first: 1) {
              totalCount
            }
            disputes(first: 1, mine: true) {
              totalCount
            }
          }
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

/** Titles that two review now, and what of each waits for this member. */
export function DoubleReviews() {
  const list = usePagedList(doubleReviews, {}, (data) => data.doubleReviews, 10);
  if (!list.starting && !list.error && list.nodes.length === 0) return null;
  return (
    <Panel title="Reviewed by two now" className="mb-6">
      <Paged list={list} byHand empty={null}>
        {(titles) => (
          <ul className="figures text-sm">
            {titles.map(({ id, name, review }) => (
              <li key={id} className="flex flex-wrap items-baseline gap-x-4 border-b border-line py-1.5 last:border-0">
                <Link to="/titles/$titleId" params={{ titleId: id }} className="text-tungsten underline underline-offset-2">
                  {name}
                </Link>
                {review?.doubleReview && (
                  <span className="text-xs text-faint">
                    {review.reviewed.toLocaleString('en')} of {count(review.shots, 'shot')} settled · {review.doubleReview.waiting.totalCount.toLocaleString('en')} wait for you · {review.doubleReview.disputes.totalCount.toLocaleString('en')} to settle
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </Panel>
  );
}
