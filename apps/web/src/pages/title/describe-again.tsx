import { useEffect, useRef } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { useLive } from '../../lib/live.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Progress } from '../../ui/progress.js';
import { Why } from '../../ui/states.js';
import { cancelJob } from './next-step.js';

const captioning = graphql(`
  query Captioning($id: ID!) {
    title(id: $id) {
      id
      captioning {
        id
        state
        progress
        note
        reason {
          code
          message
          wayOut
        }
      }
    }
  }
`);

const describeShots = graphql(`
  mutation DescribeShots($titleId: ID!) {
    describeShots(titleId: $titleId) {
      __typename
      ... on Job {
        id
        state
        progress
        note
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

/** Has every shot of the title described anew, and says how far that is. */
export function DescribeAgain({ titleId, onDescribed }: { titleId: string; onDescribed: () => void }) {
  const can = useCan();
  const [{ data }, ask] = useQuery({ query: captioning, variables: { id: titleId }, requestPolicy: 'cache-and-network' });
  const again = () => ask({ requestPolicy: 'network-only' });
  const describe = useAction(describeShots, 'describeShots');
  const cancel = useAction(cancelJob, 'cancelJob');
  const job = data?.title?.captioning;
  const works = job?.state === 'QUEUED' || job?.state === 'RUNNING';
  useLive(works, again);
  // One that was cancelled has described some shots, too.
  const worked = useRef(works);
  useEffect(() => {
    if (worked.current && !works) onDescribed();
    worked.current = works;
  }, [works]);
  const refusal = describe.refusal ?? cancel.refusal ?? (job?.state === 'FAILED' ? job.reason : undefined);
  if (!works && !can('correct Shot')) return null;
  return (
    <section aria-label="Descriptions" className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2 text-sm">
      {works ? (
        <>
          <div className="w-48">
            <Progress value={job.progress} label="Describing shots" />
          </div>
          <p className="figures text-soft" aria-live="polite">
            {job.note ?? 'waits for its turn'}
          </p>
          {can('cancel Job') && (
            <Button look="bare" className="!min-h-8" busy={cancel.busy} onClick={() => void cancel.run({ id: job.id }).then(again)}>
              Cancel
            </Button>
          )}
        </>
      ) : (
        <>
          <Button className="!min-h-8" busy={describe.busy} onClick={() => void describe.run({ titleId }).then(again)}>
            Describe again
          </Button>
          <p className="text-faint">{job?.state === 'CANCELLED' ? 'Cancelled: the shots that were described stay so.' : 'Every shot anew; what members wrote stays.'}</p>
        </>
      )}
      {refusal && <Why reason={refusal} className="w-full" />}
    </section>
  );
}
