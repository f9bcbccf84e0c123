import { Link } from '@tanstack/react-router';
import { Repeat2 } from 'lucide-react';
import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Button, IconButton } from '../../ui/button.js';
import { Chip } from '../../ui/chip.js';
import { ClipVideo } from '../../ui/clip-video.js';
import { Progress } from '../../ui/progress.js';
import { Why } from '../../ui/states.js';
import { isOpen, RunStateChip } from '../runs/run-state.js';
import { Deliveries } from './deliveries.js';
import type { Generation, Wish } from './wish.js';

const reviewOutput = graphql(`
  mutation ReviewOutput($id: ID!, $approve: Boolean!) {
    reviewOutput(id: $id, approve: $approve) {
      __typename
      ... on Output {
        id
        review
        reviewedBy
        reviewedAt
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

const reviews = { WAITING: ['still', 'Waits for review'], APPROVED: ['go', 'Approved'], REJECTED: ['stop', 'Rejected'] } as const;

/** One generation: what was asked, what came, and what was decided about it. */
export function ResultCard({ generation, onChange, onAgain }: { generation: Generation; onChange: () => void; onAgain: (wish: Wish) => void }) {
  const can = useCan();
  const { run, busy, refusal } = useAction(reviewOutput, 'reviewOutput');
  const { output } = generation;
  const settings = (generation.settings ?? {}) as { steps?: number; guidance?: number };
  const review = (approve: boolean) => output && void run({ id: output.id, approve });

  return (
    <li className="flex flex-col overflow-hidden rounded-xl border border-line bg-panel">
      {output ? (
        <ClipVideo url={output.url} label={generation.prompt} />
      ) : (
        <div className="grid aspect-[3/2] place-items-center bg-black px-6">
          <div className="w-full text-center">
            <RunStateChip state={generation.state} />
            {isOpen(generation.state) && (
              <div className="mt-3">
                <Progress value={generation.progress} label={`Generating: ${generation.prompt}`} />
              </div>
            )}
          </div>
        </div>
      )}
      <div className="flex flex-1 flex-col gap-3 p-4">
        <div className="flex items-start justify-between gap-2">
          <p className="line-clamp-3 text-sm" title={generation.prompt}>
            {generation.prompt}
          </p>
          {can('create Generation') && (
            <IconButton label="Take this prompt and seed" className="!size-7 shrink-0" onClick={() => onAgain({ prompt: generation.prompt, seed: generation.seed })}>
              <Repeat2 size={15} aria-hidden />
            </IconButton>
          )}
        </div>
        <p className="figures flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-faint">
          <span>seed {generation.seed}</span>
          {settings.steps !== undefined && <span>{settings.steps} steps</span>}
          <span>
            {generation.model.name} v{generation.model.version}
          </span>
          <Link to="/decisions/$decisionId" params={{ decisionId: generation.decision.id }} className="text-tungsten underline underline-offset-2">
            decision
          </Link>
        </p>
        {generation.reason && <Why reason={generation.reason} />}
        {refusal && <Why reason={refusal} />}
        {output && (
          <div className="mt-auto flex flex-col gap-3">
            <div className="flex flex-wrap items-center justify-between gap-2">
              <Chip tone={reviews[output.review][0]}>
                {reviews[output.review][1]}
                {output.reviewedBy && <span className="font-normal text-faint">by {output.reviewedBy}</span>}
              </Chip>
              {can('review Output') && output.review === 'WAITING' && (
                <span className="flex gap-2">
                  <Button className="!min-h-8" busy={busy} onClick={() => review(false)}>
                    Reject
                  </Button>
                  <Button className="!min-h-8" look="primary" busy={busy} onClick={() => review(true)}>
                    Approve
                  </Button>
                </span>
              )}
            </div>
            {output.review === 'APPROVED' && <Deliveries output={output} onChange={onChange} />}
          </div>
        )}
      </div>
    </li>
  );
}
