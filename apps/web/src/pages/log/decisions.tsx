import { useState } from 'react';
import { DecisionList } from '../../decision/decision-card.js';
import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Empty } from '../../ui/states.js';

const decisions = graphql(`
  query Decisions($first: Int!, $after: String, $permitted: Boolean) {
    decisions(first: $first, after: $after, permitted: $permitted) {
      nodes {
        ...DecisionFields
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

const filters = [
  { name: 'All', permitted: null },
  { name: 'Allowed', permitted: true },
  { name: 'Refused', permitted: false },
];

export function Decisions() {
  const [permitted, setPermitted] = useState<boolean | null>(null);
  const list = usePagedList(decisions, { permitted }, (data) => data.decisions, 40);
  return (
    <>
      <div role="group" aria-label="Outcome" className="mb-4 flex gap-2">
        {filters.map((filter) => (
          <Button key={filter.name} look={filter.permitted === permitted ? 'quiet' : 'bare'} aria-pressed={filter.permitted === permitted} className="!min-h-8" onClick={() => setPermitted(filter.permitted)}>
            {filter.name}
          </Button>
        ))}
      </div>
      <Paged
        list={list}
        empty={<Empty title={permitted === false ? 'Nothing was refused' : 'Nothing was decided yet'}>Each question to a licence becomes a line here: what was asked, the answer, and the rules that settled it.</Empty>}
      >
        {(nodes) => <DecisionList decisions={nodes} />}
      </Paged>
    </>
  );
}
