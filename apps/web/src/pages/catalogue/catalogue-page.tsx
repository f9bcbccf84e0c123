import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus, Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { graphql } from '../../generated/index.js';
import type { TitleState } from '../../generated/graphql.js';
import { count } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Grid } from '../../ui/grid.js';
import { Page } from '../../ui/page.js';
import { Empty, Failed, Skeleton } from '../../ui/states.js';
import { AddTitleDialog } from './add-title-dialog.js';
import { TitleCard } from './title-card.js';
import { stateWords, useMoves } from './title-state.js';

const catalogue = graphql(`
  query Catalogue($first: Int!, $after: String, $state: TitleState, $search: String) {
    titles(first: $first, after: $after, state: $state, search: $search) {
      nodes {
        id
        name
        year
        state
        posterUrl
        reason {
          code
          message
          wayOut
        }
        job {
          id
          name
          state
          progress
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

const route = getRouteApi('/catalogue');
/** Name and state. */
const UNDER_POSTER = 52;

export function CataloguePage() {
  const { search, state } = route.useSearch();
  const navigate = route.useNavigate();
  const can = useCan();
  const [adding, setAdding] = useState(false);
  const chosen = stateWords.find((one) => one.state === state?.toUpperCase())?.state;
  const list = usePagedList(catalogue, { state: chosen ?? null, search: search ?? null }, (data) => data.titles);
  const moves = useMoves();
  useLive(list.nodes.some(moves), () => list.refresh(moves));
  const add = can('create Title') && (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus size={16} aria-hidden />
      Add titles
    </Button>
  );
  const narrowed = Boolean(search ?? chosen);

  return (
    <Page title="Catalogue" lead={list.total === undefined ? ' ' : count(list.total, 'title')} actions={<><Link to="/catalogue/detector" className="px-2 text-sm text-soft hover:text-ink">Detector</Link>{add}</>}>
      <Filters
        search={search ?? ''}
        state={chosen}
        onSearch={(next) => void navigate({ search: (now) => ({ ...now, search: next || undefined }), replace: true })}
        onState={(next) => void navigate({ search: (now) => ({ ...now, state: next?.toLowerCase() }) })}
      />
      {list.error && list.nodes.length === 0 ? (
        <Failed error={list.error} retry={() => list.refresh()} />
      ) : list.starting ? (
        <div role="status" aria-label="Loading" className="grid grid-cols-2 gap-x-5 gap-y-7 md:grid-cols-3 xl:grid-cols-4">
          {Array.from({ length: 8 }, (_, place) => (
            <Skeleton key={place} className="aspect-video" />
          ))}
        </div>
      ) : list.nodes.length === 0 ? (
        narrowed ? (
          <Empty
            title="No title answers to that"
            action={<Button onClick={() => void navigate({ search: {} })}>Show all titles</Button>}
          >
            Try fewer letters of the name, or another state.
          </Empty>
        ) : (
          <Empty title="Your catalogue is empty" action={add}>
            Add a film with the licence it stands under. Backlot checks it, seals it, and finds its shots.
          </Empty>
        )
      ) : (
        <Grid items={list.nodes} keyOf={({ id }) => id} under={UNDER_POSTER} more={list.more} onMore={list.loadMore}>
          {(title) => <TitleCard title={title} />}
        </Grid>
      )}
      {adding && <AddTitleDialog onClose={() => setAdding(false)} onAdded={() => list.refresh()} />}
    </Page>
  );
}

function Filters(props: { search: string; state: TitleState | undefined; onSearch: (words: string) => void; onState: (state: TitleState | undefined) => void }) {
  const [words, setWords] = useState(props.search);
  const { onSearch } = props;
  const sent = useRef(props.search);
  useEffect(() => {
    if (words === sent.current) return;
    // Asks when the typing rests.
    const timer = setTimeout(() => {
      sent.current = words;
      onSearch(words);
    }, 250);
    return () => clearTimeout(timer);
  }, [words, onSearch]);
  return (
    <div className="mb-6 flex flex-wrap items-center gap-3">
      <div className="relative w-full sm:w-72">
        <Search size={15} aria-hidden className="absolute top-1/2 left-3 -translate-y-1/2 text-faint" />
        <input
          type="search"
          aria-label="Search titles"
          placeholder="Search by name"
          value={words}
          onChange={({ target }) => setWords(target.value)}
          className="h-9 w-full rounded-md border border-line bg-panel pr-3 pl-9 text-sm placeholder:text-faint hover:border-edge"
        />
      </div>
      <select
        aria-label="State"
        value={props.state ?? ''}
        onChange={({ target }) => props.onState(stateWords.find((one) => one.state === target.value)?.state)}
        className="h-9 rounded-md border border-line bg-panel px-3 text-sm hover:border-edge"
      >
        <option value="">Every state</option>
        {stateWords.map(({ state, word }) => (
          <option key={state} value={state}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}
