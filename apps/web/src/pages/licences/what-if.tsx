import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { count, date } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { useAction } from '../../lib/outcome.js';
import { Answered } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Progress } from '../../ui/progress.js';
import { Skeleton, Why } from '../../ui/states.js';
import { Flips } from './flips.js';
import type { Version } from './licence-query.js';
import { isAsking, type Simulation } from './simulation.js';

const simulations = graphql(`
  query LicenceSimulations($id: ID!) {
    licence(id: $id) {
      id
      simulations(first: 20) {
        nodes {
          ...SimulationFields
        }
        totalCount
      }
    }
  }
`);

const simulateLicence = graphql(`
  mutation SimulateLicence($input: SimulationInput!) {
    simulateLicence(input: $input) {
      __typename
      ... on Simulation {
        ...SimulationFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const cancelSimulation = graphql(`
  mutation CancelSimulation($id: ID!) {
    cancelSimulation(id: $id) {
      __typename
      ... on Simulation {
        ...SimulationFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const DAY = 86_400_000;
/** What is read at a glance; more waits until somebody wants it. */
const FEW = 12;
const periods: [days: string, words: string][] = [
  ['', 'every title, as things are now'],
  ['30', 'the decisions of the last 30 days'],
  ['90', 'the decisions of the last 90 days'],
  ['365', 'the decisions of the last year'],
];

/** What would be allowed or refused otherwise if this text were signed. Nothing is decided by asking. */
export function WhatIf({ draft }: { draft: Version }) {
  const [days, setDays] = useState('');
  const answer = useQuery({ query: simulations, variables: { id: draft.licence.id }, requestPolicy: 'cache-and-network' });
  const start = useAction(simulateLicence, 'simulateLicence');
  const stop = useAction(cancelSimulation, 'cancelSimulation');
  const look = () => answer[1]({ requestPolicy: 'network-only' });
  const last = answer[0].data?.licence?.simulations.nodes.find(({ sha256 }) => sha256 === draft.sha256);
  useLive(last !== undefined && isAsking(last), look, 700);

  const ask = async () => {
    const against = days === '' ? 'CATALOGUE' : 'DECISIONS';
    const from = days === '' ? null : new Date(Date.now() - Number(days) * DAY).toISOString();
    if (await start.run({ input: { licenceId: draft.licence.id, version: draft.version, against, from } })) look();
  };

  return (
    <section aria-label="What if it were signed" className="border-t border-line pt-5">
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2 text-sm">
        <h3 className="font-medium">What if it were signed?</h3>
        <label className="flex items-center gap-2 text-soft">
          Ask of
          <select value={days} onChange={({ target }) => setDays(target.value)} className="h-9 rounded-md border border-line bg-room px-2 text-sm text-ink hover:border-edge">
            {periods.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <Button busy={start.busy} disabled={last !== undefined && isAsking(last)} onClick={() => void ask()}>
          Ask
        </Button>
      </div>
      {(start.refusal ?? stop.refusal) && <Why reason={(start.refusal ?? stop.refusal)!} className="mb-3" />}
      <Answered answer={answer} waiting={<Skeleton className="h-12" />}>
        {() => last && <Result simulation={last} onStop={() => void stop.run({ id: last.id }).then(look)} />}
      </Answered>
    </section>
  );
}

function Result({ simulation, onStop }: { simulation: Simulation; onStop: () => void }) {
  const { total, asked, opened, closed, notComparable, job, against, from, until } = simulation;
  const noun = against === 'CATALOGUE' ? 'title' : 'decision';
  if (isAsking(simulation)) {
    return (
      <div className="flex items-center gap-4">
        <div className="flex-1">
          <Progress value={total ? asked / total : 0} label="Asking" />
          <p className="figures mt-2 text-sm text-soft" aria-live="polite">
            {total ? `${asked.toLocaleString('en')} of ${count(total, noun)}` : 'Waiting for a worker'}
          </p>
        </div>
        <Button onClick={onStop}>Stop</Button>
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      {job?.reason && <Why reason={job.reason} />}
      <dl className="figures flex flex-wrap gap-x-8 gap-y-3">
        <Count says="would be allowed" number={opened} tone="text-go" />
        <Count says="would be refused" number={closed} tone="text-stop" />
        {notComparable > 0 && <Count says="cannot be compared" number={notComparable} tone="text-soft" />}
      </dl>
      <p className="figures text-xs text-faint">
        {simulation.finishedAt ? 'Asked' : 'Stopped after'} {count(asked, noun)}
        {from && until && ` from ${date(from)} to ${date(until)}`}
        {against === 'CATALOGUE' && ', counted by title and use'}
        {`, ${date(simulation.finishedAt ?? simulation.createdAt)}.`}
        {opened + closed === 0 && ' Every answer would stay as it is.'}
      </p>
      {opened + closed > 0 && (
        <details key={simulation.id} open={opened + closed <= FEW}>
          <summary className="mb-3 text-sm font-medium text-soft hover:text-ink">Which, and why</summary>
          <Flips simulation={simulation} />
        </details>
      )}
    </div>
  );
}

function Count({ number, says, tone }: { number: number; says: string; tone: string }) {
  return (
    <div className="flex flex-col-reverse">
      <dt className="text-xs text-faint">{says}</dt>
      <dd className={`text-2xl font-semibold ${tone}`}>{number.toLocaleString('en')}</dd>
    </div>
  );
}
