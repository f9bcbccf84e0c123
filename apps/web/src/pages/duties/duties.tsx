import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import type { DutyState } from '../../generated/graphql.js';
import { away, date, day, spaced } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Chip, type Tone } from '../../ui/chip.js';
import { Filter } from '../../ui/filter.js';
import { Copied } from '../../ui/page.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { WhyDialog } from '../../ui/why-dialog.js';
import { nameOfDuty, stateWords, waitsFor, type Duty } from './duty.js';
import { FulfilDialog } from './fulfil-dialog.js';

const duties = graphql(`
  query Duties($first: Int!, $after: String, $state: DutyState, $licenceId: ID) {
    duties(first: $first, after: $after, state: $state, licenceId: $licenceId) {
      nodes {
        ...DutyFields
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

const dutyCounts = graphql(`
  query DutyCounts($licenceId: ID) {
    LATE: duties(first: 1, state: LATE, licenceId: $licenceId) {
      totalCount
    }
    DUE: duties(first: 1, state: DUE, licenceId: $licenceId) {
      totalCount
    }
    FULFILLED: duties(first: 1, state: FULFILLED, licenceId: $licenceId) {
      totalCount
    }
    WAIVED: duties(first: 1, state: WAIVED, licenceId: $licenceId) {
      totalCount
    }
  }
`);

const waiveDuty = graphql(`
  mutation WaiveDuty($id: ID!, $why: String!) {
    waiveDuty(id: $id, why: $why) {
      __typename
      ... on Duty {
        ...DutyFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const tones: Record<DutyState, Tone> = { LATE: 'stop', DUE: 'soon', FULFILLED: 'go', WAIVED: 'still' };
const none: Record<DutyState, string> = { LATE: 'Nothing is late', DUE: 'Nothing is due', FULFILLED: 'Nothing was fulfilled yet', WAIVED: 'Nothing was waived' };

/** What is owed under the licences, or under one of them, and how it ended. */
export function Duties({ licenceId }: { licenceId?: string }) {
  const can = useCan();
  const [asked, setAsked] = useState<DutyState>();
  const [fulfilling, setFulfilling] = useState<Duty>();
  const [waiving, setWaiving] = useState<Duty>();
  const waive = useAction(waiveDuty, 'waiveDuty');
  const [{ data: counts }, count] = useQuery({ query: dutyCounts, variables: { licenceId: licenceId ?? null }, requestPolicy: 'cache-and-network' });
  const state = asked ?? (counts?.LATE.totalCount ? 'LATE' : 'DUE');
  const list = usePagedList(duties, { state, licenceId: licenceId ?? null }, (data) => data.duties);
  const change = () => {
    count({ requestPolicy: 'network-only' });
    list.refresh(() => true);
  };
  return (
    <>
      <Filter
        label="Which duties"
        value={state}
        onChange={setAsked}
        options={(Object.keys(stateWords) as DutyState[]).map((value) => ({ value, name: counts ? `${stateWords[value]} ${counts[value].totalCount.toLocaleString('en')}` : stateWords[value] }))}
      />
      <Paged list={list} empty={<Empty title={none[state]}>Payments, reports, notices and consents that licences ask for are listed here with their deadlines, from the use that they begin with.</Empty>}>
        {(nodes) => (
          <Table
            label="Duties"
            rows={nodes}
            head="Duty"
            name={nameOfDuty}
            under={(duty) => (
              <>
                {duty.clause && `clause ${duty.clause}`}
                {duty.licence && !licenceId && (
                  <>
                    {duty.clause && ' of '}
                    <Link to="/licences/$licenceId" params={{ licenceId: duty.licence.id }} className="hover:text-ink">
                      {duty.licence.name}
                    </Link>
                  </>
                )}
              </>
            )}
            columns={[
              ['State', (duty) => <Chip tone={tones[duty.state]}>{stateWords[duty.state]}</Chip>],
              ['Deadline', (duty) => <Deadline duty={duty} />],
              [
                'Began with',
                (duty) => (
                  <>
                    {duty.decision && (
                      <Link to="/decisions/$decisionId" params={{ decisionId: duty.decision.id }} className="underline decoration-line underline-offset-2 hover:decoration-ink">
                        {spaced(duty.decision.action)}
                      </Link>
                    )}
                    <span className="block text-xs text-faint">{day(duty.beganAt)}</span>
                  </>
                ),
              ],
              [
                'Done',
                (duty) =>
                  duty.state === 'LATE' || duty.state === 'DUE' ? (
                    <span className="flex flex-wrap gap-2">
                      {can('fulfil Duty') && (
                        <Button className="!min-h-8" onClick={() => setFulfilling(duty)}>
                          Fulfil
                        </Button>
                      )}
                      {can('waive Duty') && (
                        <Button look="bare" className="!min-h-8" onClick={() => setWaiving(duty)}>
                          Waive
                        </Button>
                      )}
                    </span>
                  ) : (
                    <End duty={duty} />
                  ),
              ],
            ]}
          />
        )}
      </Paged>
      {fulfilling && <FulfilDialog duty={fulfilling} onClose={() => setFulfilling(undefined)} onDone={change} />}
      {waiving && (
        <WhyDialog
          title={`Waive: ${nameOfDuty(waiving)}`}
          act="Waive it"
          label="Who waived it, and why"
          hint="It is no longer owed. The ledger keeps this reason with your name."
          action={waive}
          run={(why) => waive.run({ id: waiving.id, why })}
          onDone={change}
          onClose={() => setWaiving(undefined)}
        />
      )}
    </>
  );
}

function Deadline({ duty }: { duty: Duty }): ReactNode {
  const { dueAt, state } = duty;
  if (!dueAt) return <span className="text-faint">{state === 'DUE' ? `runs from ${waitsFor(duty)}` : '–'}</span>;
  return (
    <>
      <span title={date(dueAt)}>{day(dueAt)}</span>
      {(state === 'LATE' || state === 'DUE') && <span className={`block text-xs ${state === 'LATE' ? 'text-stop' : 'text-faint'}`}>{away(dueAt)}</span>}
    </>
  );
}

/** How a duty ended: the evidence, or the reason why it is no longer owed. */
function End({ duty }: { duty: Duty }) {
  const fulfilled = duty.state === 'FULFILLED';
  const at = fulfilled ? duty.fulfilledAt : duty.waivedAt;
  const says = fulfilled ? duty.evidence : duty.waivedWhy;
  return (
    <>
      <span className="line-clamp-3 break-words" title={says ?? undefined}>
        {says}
      </span>
      {duty.evidenceUrl && (
        <a href={duty.evidenceUrl} target="_blank" rel="noreferrer" className="block truncate text-xs text-tungsten underline underline-offset-2">
          {duty.evidenceUrl}
        </a>
      )}
      {duty.evidenceSha256 && <Copied value={duty.evidenceSha256} />}
      <span className="block text-xs text-faint">
        {(fulfilled ? duty.fulfilledBy : duty.waivedBy) ?? 'the product'}
        {at && `, ${day(at)}`}
      </span>
    </>
  );
}
