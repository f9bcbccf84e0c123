import { Hand } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { date } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Chip } from '../../ui/chip.js';
import { Filter } from '../../ui/filter.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { kindWords, nameOfHold, type Hold } from './hold.js';
import { LiftDialog } from './lift-dialog.js';
import { PlaceHoldDialog } from './place-dialog.js';

const holds = graphql(`
  query Holds($first: Int!, $after: String, $inForce: Boolean) {
    holds(first: $first, after: $after, inForce: $inForce) {
      nodes {
        ...HoldFields
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

const filters = [
  { name: 'In force', value: true },
  { name: 'Lifted', value: false },
  { name: 'All', value: null },
];

/** Every stop that somebody ordered, and how it ended. */
export function Holds() {
  const can = useCan();
  const [inForce, setInForce] = useState<boolean | null>(true);
  const [placing, setPlacing] = useState(false);
  const [lifting, setLifting] = useState<Hold>();
  const list = usePagedList(holds, { inForce }, (data) => data.holds);
  const change = () => list.refresh(() => true);
  return (
    <>
      <div className="flex flex-wrap items-start justify-between gap-x-4">
        <Filter label="Which holds" options={filters} value={inForce} onChange={setInForce} />
        {can('place Hold') && (
          <Button look="danger" className="mb-4" onClick={() => setPlacing(true)}>
            <Hand size={16} aria-hidden />
            Place a hold
          </Button>
        )}
      </div>
      <Paged list={list} empty={<Empty title={inForce === false ? 'None was lifted' : inForce ? 'Nothing is on hold' : 'There was never a hold'}>A hold on a title, a performer, a licence or the studio stops everything that would open it, at once and everywhere.</Empty>}>
        {(nodes) => (
          <Table
            label="Holds"
            rows={nodes}
            head="On"
            name={nameOfHold}
            under={(hold) => kindWords[hold.kind]}
            to={linkOf}
            columns={[
              ['Why', (hold) => <Said text={hold.why} />],
              ['Placed', (hold) => <By who={hold.placedBy} at={hold.placedAt} />],
              ['State', (hold) => (hold.liftedAt ? <By who={hold.liftedBy} at={hold.liftedAt} says={hold.liftedWhy} /> : <Chip tone="stop">In force</Chip>)],
              [
                ' ',
                (hold) =>
                  hold.inForce &&
                  can('lift Hold') && (
                    <Button className="relative z-1 !min-h-8" onClick={() => setLifting(hold)}>
                      Lift
                    </Button>
                  ),
              ],
            ]}
          />
        )}
      </Paged>
      {placing && <PlaceHoldDialog onClose={() => setPlacing(false)} onPlaced={change} />}
      {lifting && <LiftDialog hold={lifting} onClose={() => setLifting(undefined)} onLifted={change} />}
    </>
  );
}

function linkOf({ kind, subject }: Hold) {
  if (kind === 'TITLE') return { to: '/titles/$titleId' as const, params: { titleId: subject } };
  if (kind === 'LICENCE') return { to: '/licences/$licenceId' as const, params: { licenceId: subject } };
  return undefined;
}

const Said = ({ text }: { text: string }) => <span className="line-clamp-3 break-words" title={text}>{text}</span>;

function By({ who, at, says }: { who?: string | null; at: string; says?: string | null }) {
  return (
    <>
      {says && <Said text={says} />}
      <span className="block">{who ?? 'the operator'}</span>
      <span className="block text-xs text-faint">{date(at)}</span>
    </>
  );
}
