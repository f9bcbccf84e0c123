import { getRouteApi, Link } from '@tanstack/react-router';
import type { DetailsHTMLAttributes } from 'react';
import { graphql } from '../../generated/index.js';
import type { LogEntriesQuery } from '../../generated/graphql.js';
import { date, inWords, spaced } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Facts } from '../../ui/page.js';
import { Rows } from '../../ui/rows.js';
import { Empty, SkeletonRows } from '../../ui/states.js';

const logEntries = graphql(`
  query LogEntries($first: Int!, $after: String, $type: String) {
    log {
      entries(first: $first, after: $after, type: $type) {
        nodes {
          id
          index
          type
          at
          payload
          sentence
        }
        pageInfo {
          endCursor
          hasNextPage
        }
      }
    }
  }
`);

/** The types that libs/audit names; the list there is open, and so is the filter's address. */
const types = ['decision', 'refusal', 'key.release', 'upload', 'seal', 'dataset', 'run', 'model.release', 'generation', 'delivery', 'sign-in', 'licence', 'hold', 'correction', 'withdrawal'];
const route = getRouteApi('/log');

export function Entries() {
  const { type } = route.useSearch();
  const navigate = route.useNavigate();
  const list = usePagedList(logEntries, { type: type ?? null }, (data) => data.log.entries, 60);
  return (
    <>
      <select
        aria-label="Type of entry"
        value={type ?? ''}
        onChange={({ target }) => void navigate({ search: { type: target.value || undefined } })}
        className="mb-4 h-9 rounded-md border border-line bg-panel px-3 text-sm hover:border-edge"
      >
        <option value="">Every type</option>
        {types.map((one) => (
          <option key={one} value={one}>
            {spaced(one)}
          </option>
        ))}
      </select>
      <Paged list={list} waiting={<SkeletonRows rows={10} className="h-9" />} empty={<Empty title="No such entry">Nothing of this type has happened in your studio.</Empty>}>
        {(entries) => (
          <div className="border-t border-line">
            <Rows rows={entries} height={42}>
              {(entry, details) => <Entry entry={entry} details={details} />}
            </Rows>
          </div>
        )}
      </Paged>
    </>
  );
}

function Entry({ entry, details }: { entry: LogEntriesQuery['log']['entries']['nodes'][number]; details: Pick<DetailsHTMLAttributes<HTMLDetailsElement>, 'open' | 'onToggle'> }) {
  const payload = (entry.payload ?? {}) as Record<string, unknown>;
  const decisionId = typeof payload['decision'] === 'string' ? payload['decision'] : undefined;
  return (
    <details {...details} className="border-b border-line">
      <summary className="figures grid list-none grid-cols-[3.5rem_minmax(0,1fr)] items-baseline gap-x-4 px-2 py-2.5 text-sm hover:bg-panel md:grid-cols-[4.5rem_8rem_minmax(0,1fr)_11rem] [&::-webkit-details-marker]:hidden">
        <span className="text-right font-mono text-xs text-faint" title={entry.index == null ? 'Its place comes with the next checkpoint' : 'Place in the log'}>
          {entry.index ?? '…'}
        </span>
        <span className={entry.type === 'refusal' ? 'text-stop' : 'text-soft'}>{spaced(entry.type)}</span>
        <span className="col-start-2 truncate md:col-start-auto">{entry.sentence ?? inBrief(payload)}</span>
        <span className="col-start-2 text-xs text-faint md:col-start-auto md:text-right">{date(entry.at)}</span>
      </summary>
      <div className="px-4 pt-1 pb-4 md:pl-[5.75rem]">
        <Facts facts={Object.entries(payload).map(([name, value]) => [spaced(name), inWords(value)])} />
        {decisionId && (
          <Link to="/decisions/$decisionId" params={{ decisionId }} className="mt-3 inline-block text-sm text-tungsten underline underline-offset-2">
            Why was this {payload['outcome'] === 'refuse' ? 'refused' : 'allowed'}?
          </Link>
        )}
      </div>
    </details>
  );
}

/** The payload on one line, ids left out: they say nothing to an eye. */
function inBrief(payload: Record<string, unknown>): string {
  return Object.entries(payload)
    .filter(([, value]) => (typeof value === 'string' && !/^[0-9a-f-]{32,}$/i.test(value)) || typeof value === 'number')
    .map(([name, value]) => `${spaced(name)} ${inWords(value)}`)
    .join(' · ');
}
