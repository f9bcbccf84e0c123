import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../generated/index.js';
import type { TitleState } from '../generated/graphql.js';
import { Answered } from './answered.js';
import { Choices, TextField } from './field.js';
import { SkeletonRows } from './states.js';

const titleChoices = graphql(`
  query TitleChoices($search: String, $state: TitleState) {
    titles(first: 100, state: $state, search: $search) {
      nodes {
        id
        name
        year
      }
      totalCount
    }
  }
`);

interface TitleChoicesProps {
  legend: string;
  hint: string;
  chosen: string[];
  onChange: (ids: string[]) => void;
  state?: TitleState;
  single?: boolean;
  /** What is said where there is none at all. */
  none: string;
}

/** Titles to choose from; a catalogue of more than a screenful is searched. */
export function TitleChoices({ state, none, ...choices }: TitleChoicesProps) {
  const [search, setSearch] = useState('');
  const answer = useQuery({ query: titleChoices, variables: { search: search || null, state: state ?? null }, requestPolicy: 'cache-and-network' });
  return (
    <Answered answer={answer} waiting={<SkeletonRows rows={3} className="h-9" />}>
      {({ titles }) =>
        titles.nodes.length === 0 && !search ? (
          <p className="text-sm text-soft">{none}</p>
        ) : (
          <div className="flex flex-col gap-3">
            {titles.totalCount > 20 || search ? <TextField label="Find a title" type="search" value={search} onChange={({ target }) => setSearch(target.value)} /> : null}
            <Choices {...choices} options={titles.nodes.map((title) => ({ id: title.id, name: title.year ? `${title.name} (${title.year})` : title.name }))} />
          </div>
        )
      }
    </Answered>
  );
}
