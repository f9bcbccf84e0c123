import { useState } from 'react';
import { DecisionList } from '../../decision/decision-card.js';
import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Filter } from '../../ui/filter.js';
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
  { name: 'All', value: null },
  { name: 'Allowed', value: true },
  { name: 'Refused', value: false },
];

export function Decisions() {
  const [permitted, setPermitted] = useState<boolean | null>(null);
  const list = usePagedList(decisions, { permitted }, (data) => data.decisions, 40);
  return (
    <>
      <Filter label="Outcome" options={filters} value={permitted} onChange={setPermitted} />
      <Paged
        list={list}
        empty={<Empty title={permitted === false ? 'Nothing was refused' : 'Nothing was decided yet'}>Each question to a licence becomes a line here: what was asked, the answer, and the rules that settled it.</Empty>}
      >
        {(nodes) => <DecisionList decisions={nodes} />}
      </Paged>
    </>
  );
}
