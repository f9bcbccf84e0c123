import { useRef } from 'react';
import { useClient } from 'urql';
import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Panel } from '../../ui/page.js';
import { Progress } from '../../ui/progress.js';
import { Why } from '../../ui/states.js';
import { uploads, useUploads } from '../catalogue/uploads.js';
import type { Title } from './title-query.js';

const retryTitle = graphql(`
  mutation RetryTitle($id: ID!) {
    retryTitle(id: $id) {
      __typename
      ... on Title {
        id
        state
        reason {
          code
          message
          wayOut
        }
      }
      ... on Refused {
        code
        message
        wayOut
        decisionId
      }
    }
  }
`);

export const cancelJob = graphql(`
  mutation CancelJob($id: ID!) {
    cancelJob(id: $id) {
      __typename
      ... on Job {
        id
        state
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const heading: Record<Title['state'], string> = {
  REGISTERED: 'Waits for its file',
  UPLOADING: 'The file is arriving',
  CHECKING: 'The file is being checked and sealed',
  ANALYSING: 'One pass over the film: shots, measures, keyframes, captions',
  READY: 'Ready',
  REFUSED: 'The file was refused',
  WITHHELD: 'Withheld by its licence',
};

/** What is happening to a title that cannot be watched yet, and what its people can do about it. */
export function NextStep({ title, onChange }: { title: Title; onChange: () => void }) {
  const can = useCan();
  const client = useClient();
  const files = useRef<HTMLInputElement>(null);
  const sending = useUploads().find((item) => item.titleId === title.id && item.state !== 'done');
  const retry = useAction(retryTitle, 'retryTitle');
  const cancel = useAction(cancelJob, 'cancelJob');
  const { job } = title;
  const works = job && (job.state === 'QUEUED' || job.state === 'RUNNING');
  const wantsFile = !sending && (title.state === 'REGISTERED' || title.state === 'UPLOADING' || title.state === 'REFUSED');
  const stopped = job && (job.state === 'FAILED' || job.state === 'CANCELLED');

  return (
    <Panel title={heading[title.state]} aside={job?.note ?? undefined}>
      <div className="flex flex-col gap-4">
        {sending && <Progress value={sending.bytes ? sending.sent / sending.bytes : 0} label="Upload" />}
        {works && (
          <>
            <Progress value={job.progress} label={job.name} />
            <p className="figures text-sm text-soft" aria-live="polite">
              {Math.round(job.progress * 100)}%{job.attempts > 1 && `, attempt ${job.attempts}`}
            </p>
          </>
        )}
        {stopped && job.reason && !title.reason && <Why reason={job.reason} />}
        {(retry.refusal ?? cancel.refusal) && <Why reason={(retry.refusal ?? cancel.refusal)!} />}
        <div className="flex flex-wrap gap-2">
          {wantsFile && can('create Upload') && (
            <>
              <Button look="primary" onClick={() => files.current?.click()}>
                {title.state === 'UPLOADING' ? 'Continue: choose the same file' : title.state === 'REFUSED' ? 'Upload another file' : 'Choose its file'}
              </Button>
              <input
                ref={files}
                type="file"
                aria-label="File of the film"
                className="sr-only"
                tabIndex={-1}
                onChange={({ target }) => {
                  if (target.files?.[0]) uploads.add(client, title, target.files[0]);
                  target.value = '';
                  onChange();
                }}
              />
            </>
          )}
          {stopped && can('retry Title') && (
            <Button busy={retry.busy} onClick={() => void retry.run({ id: title.id }).then(onChange)}>
              Try this step again
            </Button>
          )}
          {works && can('cancel Job') && (
            <Button busy={cancel.busy} onClick={() => void cancel.run({ id: job.id }).then(onChange)}>
              Cancel
            </Button>
          )}
        </div>
      </div>
    </Panel>
  );
}
