import { graphql } from '../../generated/index.js';
import type { LicenceEventKind } from '../../generated/graphql.js';
import { date } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Rows } from '../../ui/rows.js';
import { Empty, SkeletonRows } from '../../ui/states.js';

const licenceEvents = graphql(`
  query LicenceEvents($id: ID!, $first: Int!, $after: String) {
    licence(id: $id) {
      id
      events(first: $first, after: $after) {
        nodes {
          id
          kind
          version
          why
          member {
            id
            name
          }
          at
        }
        pageInfo {
          endCursor
          hasNextPage
        }
      }
    }
  }
`);

const words: Record<LicenceEventKind, string> = {
  DRAFTED: 'Drafted',
  REVISED: 'Draft corrected',
  DISCARDED: 'Draft given up',
  COUNTERSIGN: 'First signature',
  SIGNED: 'Signed',
  SUSPENDED: 'Suspended',
  RESUMED: 'Resumed',
  WITHDRAWN: 'Withdrawn',
  ATTACHED: 'Title put under it',
  DETACHED: 'Title taken out',
};

/** What was done to a licence, by whom and why, newest first. */
export function History({ licenceId }: { licenceId: string }) {
  const list = usePagedList(licenceEvents, { id: licenceId }, (data) => data.licence?.events, 50);
  return (
    <Paged list={list} waiting={<SkeletonRows rows={3} className="h-10" />} empty={<Empty title="Nothing was done yet">Drafts, signatures, titles and stops are kept here.</Empty>}>
      {(events) => (
        <Rows rows={events} height={41}>
          {(event) => (
            <div className="grid grid-cols-[minmax(0,1fr)] gap-x-6 border-b border-line py-2.5 text-sm md:grid-cols-[11rem_minmax(0,1fr)_14rem]">
              <span className="font-medium">
                {words[event.kind]}
                {event.version != null && <span className="figures font-normal text-faint"> version {event.version}</span>}
              </span>
              <span className="break-words text-soft">{event.why}</span>
              <span className="figures text-xs text-faint md:text-right">
                {event.member?.name ?? 'the product'}, {date(event.at)}
              </span>
            </div>
          )}
        </Rows>
      )}
    </Paged>
  );
}
