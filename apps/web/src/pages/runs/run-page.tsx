import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { DecisionCard } from '../../decision/decision-card.js';
import { graphql } from '../../generated/index.js';
import { date, inWords, span, spaced } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Absent } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { Copied, Facts, Page, Panel } from '../../ui/page.js';
import { Progress } from '../../ui/progress.js';
import { Why } from '../../ui/states.js';
import { HeldOut } from './held-out.js';
import { LossCurve } from './loss-curve.js';
import { isOpen, RunStateChip } from './run-state.js';
import { runQuery, type Run } from './run-query.js';
import { Samples } from './samples.js';

const cancelRun = graphql(`
  mutation CancelRun($id: ID!) {
    cancelRun(id: $id) {
      __typename
      ... on TrainingRun {
        id
        state
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

const route = getRouteApi('/runs/$runId');

export function RunPage() {
  const { runId } = route.useParams();
  const can = useCan();
  const [asking, setAsking] = useState(false);
  const [answer, again] = useQuery({ query: runQuery, variables: { id: runId }, requestPolicy: 'cache-and-network' });
  const { run: cancel, busy, refusal } = useAction(cancelRun, 'cancelRun');
  const run = answer.data?.trainingRun;
  const look = () => again({ requestPolicy: 'network-only' });
  useLive(run ? isOpen(run.state) : false, look);

  const back = <Link to="/runs">Training runs</Link>;
  if (!run) {
    return <Absent what="run" back={back} answer={answer} retry={look} />;
  }
  return (
    <Page
      title={run.name}
      above={back}
      lead={<RunStateChip state={run.state} phase={run.phase} />}
      actions={
        <>
          {isOpen(run.state) && can('cancel Run') && <Button onClick={() => setAsking(true)}>Cancel the run</Button>}
          {run.model && (
            <Link to="/generate" search={{ model: run.model.id }} className="inline-flex min-h-9 items-center rounded-md bg-tungsten px-3.5 text-sm font-medium text-room hover:bg-[#f0c07d]">
              Generate with it
            </Link>
          )}
        </>
      }
    >
      {answer.error && <p className="mb-4 text-sm text-stop">The connection broke; the numbers below are the last that arrived.</p>}
      {run.reason && <Why reason={run.reason} className="mb-6" />}
      {refusal && <Why reason={refusal} className="mb-6" />}
      {isOpen(run.state) && <Course run={run} />}
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="flex min-w-0 flex-col gap-5">
          <Panel title="Loss" aside={run.loss != null ? `now ${run.loss.toFixed(4)}` : undefined}>
            <LossCurve points={run.metrics} steps={run.steps} />
          </Panel>
          <Samples samples={run.samples} open={isOpen(run.state)} />
        </div>
        <div className="flex min-w-0 flex-col gap-5">
          <HeldOut base={run.heldOutLossBase} adapter={isOpen(run.state) ? null : run.heldOutLoss} kind={run.heldOutKind} />
          <Panel title="What it is made of">
            <Facts facts={factsOf(run)} />
          </Panel>
        </div>
      </div>
      <section aria-label="Decision" className="mt-8">
        <h2 className="mb-3 text-sm font-semibold">Why this run was allowed</h2>
        <DecisionCard decision={run.decision} />
      </section>
      {asking && (
        <FormDialog
          title="Cancel the run?"
          act="Cancel the run"
          cancel="Let it run"
          danger
          action={{ busy }}
          onClose={() => setAsking(false)}
          onSubmit={() =>
            cancel({ id: run.id }).then(() => {
              setAsking(false);
              look();
            })
          }
        >
          <p className="text-sm text-soft">It ends after the step it is at. No model comes out of it; a new run begins at the first step.</p>
        </FormDialog>
      )}
    </Page>
  );
}

function Course({ run }: { run: Run }) {
  const pace = run.metrics.at(-1)?.secondsPerStep;
  const left = pace ? (run.steps - run.step) * pace : undefined;
  return (
    <div className="mb-6">
      <Progress value={run.steps ? run.step / run.steps : 0} label="Steps" />
      <p className="figures mt-2 text-sm text-soft" aria-live="polite">
        Step {run.step} of {run.steps}
        {left !== undefined && run.phase === 'training' && `, about ${span(left)} left`}
      </p>
    </div>
  );
}

function factsOf(run: Run): [string, React.ReactNode][] {
  const settings = Object.entries((run.settings ?? {}) as Record<string, unknown>).filter(([name]) => name !== 'samplePrompts');
  return [
    [
      'Dataset',
      <Link key="dataset" to="/datasets/$versionId" params={{ versionId: run.datasetVersion.id }} className="underline decoration-line underline-offset-2 hover:decoration-ink">
        {run.datasetVersion.name}, version {run.datasetVersion.number}
      </Link>,
    ],
    ['Base model', run.baseModel.name],
    ...(run.model
      ? ([
          ['Model', `${run.model.name}, version ${run.model.version}`],
          ['Adapter', <Copied key="adapter" value={run.model.adapterSha256} />],
        ] as [string, React.ReactNode][])
      : []),
    ...settings.map(([name, value]): [string, string] => [spaced(name)[0]?.toUpperCase() + spaced(name).slice(1), inWords(value)]),
    ['Begun', date(run.startedAt ?? run.createdAt)],
    ...(run.finishedAt ? ([['Ended', date(run.finishedAt)]] as [string, string][]) : []),
    ...(run.startedAt && run.finishedAt ? ([['Took', span((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)]] as [string, string][]) : []),
  ];
}
