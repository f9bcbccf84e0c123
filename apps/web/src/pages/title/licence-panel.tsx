import { Link } from '@tanstack/react-router';
import { DecisionList } from '../../decision/decision-card.js';
import { graphql } from '../../generated/index.js';
import type { TitleQuery } from '../../generated/graphql.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { LicenceStateChip } from '../licences/licence-state.js';
import { Empty, SkeletonRows } from '../../ui/states.js';

const titleDecisions = graphql(`
  query TitleDecisions($id: ID!, $first: Int!, $after: String) {
    title(id: $id) {
      id
      decisions(first: $first, after: $after) {
        nodes {
          ...DecisionFields
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`);

/** What the licences say, in plain words, and what was decided by them, newest first. */
export function LicencePanel({ titleId, licences }: { titleId: string; licences: NonNullable<TitleQuery['title']>['licences'] }) {
  const list = usePagedList(titleDecisions, { id: titleId }, (data) => data.title?.decisions, 30);
  return (
    <div className="grid gap-8 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <section aria-label="Licences" className="flex flex-col gap-6">
        {licences.length === 0 && <p className="text-sm text-soft">No licence stands over this title, so nothing may be done with it.</p>}
        {licences.map((licence) => (
          <div key={licence.id}>
            <h3 className="text-sm font-semibold">
              <Link to="/licences/$licenceId" params={{ licenceId: licence.id }} className="hover:text-tungsten">
                {licence.name}
              </Link>
            </h3>
            <p className="figures text-xs text-faint">
              {licence.licensor} · version {licence.version} · <LicenceStateChip state={licence.state} />
            </p>
            <ul className="mt-2 flex flex-col gap-1 text-sm text-soft">
              {licence.summary.map((line) => (
                <li key={line} className="border-l border-line pl-3">
                  {line}
                </li>
              ))}
            </ul>
          </div>
        ))}
      </section>
      <section aria-label="Decisions">
        <h3 className="mb-3 text-sm font-semibold">Decisions, newest first</h3>
        <Paged list={list} waiting={<SkeletonRows rows={3} />} empty={<Empty title="Nothing was decided yet">Each use of this title will be a line here, with the rules that settled it.</Empty>}>
          {(nodes) => <DecisionList decisions={nodes} />}
        </Paged>
      </section>
    </div>
  );
}
