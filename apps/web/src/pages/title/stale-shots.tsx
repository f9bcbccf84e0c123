import { useEffect, useRef } from 'react';
import { graphql } from '../../generated/index.js';
import { count } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { useAction } from '../../lib/outcome.js';
import { Button } from '../../ui/button.js';
import { Why } from '../../ui/states.js';
import type { Reviewing } from './use-review.js';

const recomputeTitle = graphql(`
  mutation RecomputeTitle($id: ID!) {
    recomputeTitle(id: $id) {
      __typename
      ... on Job {
        id
        state
        progress
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

/** Shots whose measures, pictures and caption are of the frames they had before: how many, and what is being done about it. */
export function StaleShots({ titleId, review, again, onMeasured }: { titleId: string; review: Reviewing['progress']; again: () => void; onMeasured: () => void }) {
  const action = useAction(recomputeTitle, 'recomputeTitle');
  const job = review?.recomputing;
  const running = job?.state === 'RUNNING';
  useLive(running || job?.state === 'QUEUED', again);
  const was = useRef(review?.stale);
  useEffect(() => {
    if (was.current && review && review.stale < was.current) onMeasured();
    was.current = review?.stale;
  }, [review?.stale]);
  if (!review?.stale) return null;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
      <span className="figures text-soft">
        {count(review.stale, 'shot')} {review.stale === 1 ? 'is' : 'are'} to be measured anew{running ? `: ${Math.round(job.progress * 100)}%` : ', when the review is finished or rests for ten minutes.'}
      </span>
      {running ? (
        <progress aria-label="Measuring anew" value={job.progress} max={1} className="h-1.5 w-40 accent-tungsten" />
      ) : (
        <Button look="bare" className="!min-h-8 !px-2 text-xs" busy={action.busy} onClick={() => void action.run({ id: titleId }).then(again)}>
          Measure now
        </Button>
      )}
      {action.refusal && <Why reason={action.refusal} className="w-full" />}
      {job?.state === 'FAILED' && job.reason && <Why reason={job.reason} className="w-full" />}
    </div>
  );
}
