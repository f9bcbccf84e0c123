import { getRouteApi } from '@tanstack/react-router';
import { Search, X } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { count } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Button } from '../../ui/button.js';
import { Grid } from '../../ui/grid.js';
import { Page } from '../../ui/page.js';
import { Empty, Failed, Skeleton } from '../../ui/states.js';
import { HitCard } from './hit-card.js';
import { type Asked, filterNames, filters, queryOf, searchShots } from './search-query.js';

const route = getRouteApi('/search');
/** Sentence, title and why. */
const UNDER_PICTURE = 88;

/** Shots of the studio by words, by example, and by what was measured. The address holds the question, so it can be sent to somebody. */
export function SearchPage() {
  const asked = route.useSearch();
  const navigate = route.useNavigate();
  const query = queryOf(asked);
  const change = useCallback((more: Asked) => void navigate({ search: (now) => ({ ...now, ...more }) }), [navigate]);
  return (
    <Page title="Search" lead="Shots of every title, by what is seen, said or measured in them">
      <Box words={asked.words ?? ''} onWords={(words) => change({ words: words || undefined })} />
      <div className="mb-6 flex flex-wrap items-center gap-2">
        {filterNames.map((name) => (
          <select
            key={name}
            aria-label={filters[name].label}
            value={asked[name] ?? ''}
            onChange={({ target }) => change({ [name]: target.value || undefined })}
            className={`h-9 max-w-44 rounded-md border bg-panel px-2.5 text-sm hover:border-edge ${asked[name] ? 'border-tungsten text-ink' : 'border-line text-soft'}`}
          >
            <option value="">{filters[name].label}</option>
            {Object.entries(filters[name].options).map(([value, [words]]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        ))}
        {asked.like && (
          <Button onClick={() => change({ like: undefined })}>
            Like the shot you chose <X size={14} aria-hidden />
          </Button>
        )}
        {query && (
          <Button look="bare" onClick={() => void navigate({ search: {} })}>
            Clear all
          </Button>
        )}
      </div>
      {query ? (
        <Hits key={JSON.stringify(query)} query={query} onLike={(like) => void navigate({ search: { like } })} />
      ) : (
        <Empty title="What are you looking for?">
          Words such as “two people at a table”, “a phrase” in quotes, or -words that must not be there. Shots that mean the same are found too. Press / to type.
        </Empty>
      )}
    </Page>
  );
}

function Box({ words: known, onWords }: { words: string; onWords: (words: string) => void }) {
  const [words, setWords] = useState(known);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => setWords(known), [known]);
  useEffect(() => {
    box.current?.focus();
    const focus = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.target instanceof HTMLTextAreaElement;
      if (event.key !== '/' || inField || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.select();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  return (
    <form
      role="search"
      className="mb-3 flex gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        onWords(words.trim());
      }}
    >
      <div className="relative min-w-0 flex-1">
        <Search size={17} aria-hidden className="absolute top-1/2 left-3.5 -translate-y-1/2 text-faint" />
        <input
          ref={box}
          type="search"
          aria-label="Search shots"
          placeholder="Search shots"
          maxLength={500}
          value={words}
          onChange={({ target }) => setWords(target.value)}
          className="h-11 w-full rounded-md border border-line bg-panel pr-3 pl-11 text-base placeholder:text-faint hover:border-edge"
        />
      </div>
      <Button type="submit" look="primary" className="!min-h-11">
        Search
      </Button>
    </form>
  );
}

function Hits({ query, onLike }: { query: NonNullable<ReturnType<typeof queryOf>>; onLike: (shotId: string) => void }) {
  const list = usePagedList(searchShots, { query }, (data) => data.searchShots, 50);
  if (list.error && list.nodes.length === 0) return <Failed error={list.error} retry={() => list.refresh()} />;
  if (list.starting) {
    return (
      <div role="status" aria-label="Loading" className="grid grid-cols-2 gap-x-5 gap-y-7 md:grid-cols-3 xl:grid-cols-4">
        {Array.from({ length: 8 }, (_, place) => (
          <Skeleton key={place} className="aspect-video" />
        ))}
      </div>
    );
  }
  if (list.nodes.length === 0) return <Empty title="No shot answers to that">Try other words, or fewer filters. A shot that was analysed a moment ago may still be on its way.</Empty>;
  return (
    <>
      <p role="status" className="figures mb-4 text-sm text-soft">
        {list.total == null ? 'In the order of titles' : `${count(list.total, 'shot')}, the best first`}
      </p>
      <Grid items={list.nodes} keyOf={({ shot }) => shot.id} under={UNDER_PICTURE} more={list.more} onMore={list.loadMore}>
        {(hit) => <HitCard hit={hit} onLike={onLike} />}
      </Grid>
    </>
  );
}
