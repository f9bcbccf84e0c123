import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { count } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Answered, Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Page, Panel } from '../../ui/page.js';
import { Empty } from '../../ui/states.js';
import { AgreementTable } from './agreement-table.js';
import { DoubleReviews } from './double-reviews.js';
import { Mistakes } from './mistakes.js';
import { QualityTable } from './quality-table.js';

const detectorQuality = graphql(`
  query DetectorQuality {
    detectorQuality {
      titles
      quality {
        ...QualityFields
      }
      agreement {
        ...AgreementFields
      }
    }
  }
`);

const reviewedTitles = graphql(`
  query ReviewedTitles($first: Int!, $after: String) {
    reviewedTitles(first: $first, after: $after) {
      nodes {
        id
        name
        review {
          shots
          reviewed
          quality {
            ...QualityFields
          }
          mistakes(first: 1) {
            totalCount
          }
          agreement {
            ...AgreementFields
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

/** How good the detector of transitions was, against what people settled. */
export function DetectorPage() {
  const answer = useQuery({ query: detectorQuality, requestPolicy: 'cache-and-network' });
  const list = usePagedList(reviewedTitles, {}, (data) => data.reviewedTitles, 20);
  const [open, setOpen] = useState<string>();
  return (
    <Page
      title="Detector"
      above={
        <Link to="/catalogue" className="hover:text-ink">
          Catalogue
        </Link>
      }
      lead="How well transitions were found, against what people settled in review: right within two frames."
    >
      <DoubleReviews />
      <Paged
        list={list}
        empty={<Empty title="No title was reviewed yet">Open a title and press R: each transition that a person accepts, moves, splits or merges counts here.</Empty>}
      >
        {(titles) => (
          <>
            <Answered answer={answer}>
              {({ detectorQuality: { titles: counted, quality, agreement } }) => (
                <>
                  <Panel title="All reviewed titles" aside={count(counted, 'title')}>
                    <QualityTable quality={quality} />
                  </Panel>
                  {agreement && (
                    <Panel title="Agreement of reviewers" aside={count(agreement.shots, 'shot')} className="mt-3">
                      <AgreementTable agreement={agreement} />
                    </Panel>
                  )}
                </>
              )}
            </Answered>
            <ul className="mt-6 flex flex-col gap-3">
              {titles.map(({ id, name, review }) => (
                <li key={id}>
                  <Panel title={name} aside={review && `${review.reviewed.toLocaleString('en')} of ${count(review.shots, 'shot')} reviewed`}>
                    {review && <QualityTable quality={review.quality} />}
                    <div className="mt-3 flex flex-wrap gap-2">
                      <Link to="/titles/$titleId" params={{ titleId: id }} className="inline-flex min-h-9 items-center rounded-md px-2 text-sm text-soft hover:text-ink">
                        Open the title
                      </Link>
                      {review && review.mistakes.totalCount > 0 && (
                        <Button look="bare" aria-expanded={open === id} onClick={() => setOpen(open === id ? undefined : id)}>
                          {open === id ? 'Hide' : 'Show'} {count(review.mistakes.totalCount, 'mistake')}
                        </Button>
                      )}
                    </div>
                    {open === id && <Mistakes titleId={id} />}
                    {review?.agreement && (
                      <details className="mt-2 text-sm">
                        <summary className="cursor-pointer text-soft hover:text-ink">Agreement of reviewers: {(review.agreement.share * 100).toFixed(1)}%</summary>
                        <div className="mt-3">
                          <AgreementTable agreement={review.agreement} />
                        </div>
                      </details>
                    )}
                  </Panel>
                </li>
              ))}
            </ul>
          </>
        )}
      </Paged>
    </Page>
  );
}
