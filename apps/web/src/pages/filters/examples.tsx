import { Link } from '@tanstack/react-router';
import { graphql } from '../../generated/index.js';
import type { FilterPreviewInput, FilterSide } from '../../generated/graphql.js';
import { inWords } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Skeleton } from '../../ui/states.js';
import { Still } from '../../ui/still.js';
import { valueInWords, type Rule } from './filter-query.js';

const filterExamples = graphql(`
  query FilterExamples($input: FilterPreviewInput!, $code: String!, $side: FilterSide!, $first: Int!, $after: String) {
    filterPreview(input: $input) {
      examples(code: $code, side: $side, first: $first, after: $after) {
        nodes {
          value
          shot {
            id
            number
            first
            last
            title {
              id
              name
            }
            keyframes {
              url
            }
          }
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

const sides: [FilterSide, string][] = [
  ['DROPPED', 'Dropped'],
  ['KEPT', 'Kept'],
];

/** The shots nearest to a rule's threshold, on both sides of it: what a little more or less would change. */
export function Examples({ input, rule }: { input: FilterPreviewInput; rule: Rule }) {
  return (
    <div className="mt-4 grid gap-6 border-t border-line pt-4 lg:grid-cols-2">
      {sides.map(([side, name]) => (
        <Side key={side} input={input} rule={rule} side={side} name={name} />
      ))}
    </div>
  );
}

function Side({ input, rule, side, name }: { input: FilterPreviewInput; rule: Rule; side: FilterSide; name: string }) {
  const list = usePagedList(filterExamples, { input, code: rule.code, side }, (data) => data.filterPreview?.examples, 8);
  return (
    <section aria-label={`${name} by ${rule.code}`}>
      <h4 className="figures mb-2 text-xs font-medium text-soft">
        {name} {list.total !== undefined && <span className="text-faint">{list.total.toLocaleString('en')}</span>}
      </h4>
      <Paged list={list} byHand waiting={<Skeleton className="h-24" />} empty={<p className="text-sm text-faint">None.</p>}>
        {(examples) => (
          <ul className="grid grid-cols-2 gap-3 sm:grid-cols-4">
            {examples.map(({ shot, value }) => (
              <li key={shot.id} className="min-w-0">
                <Link to="/titles/$titleId" params={{ titleId: shot.title.id }} className="block text-xs text-faint hover:text-ink">
                  <Still reason="on hover" url={shot.keyframes[Math.floor(shot.keyframes.length / 2)]?.url} className="mb-1 aspect-video w-full rounded-sm bg-black object-cover" />
                  <span className="figures block font-medium text-soft">{typeof value === 'number' ? valueInWords(value, rule.unit) : inWords(value)}</span>
                  <span className="figures block truncate" title={`${shot.title.name}, frames ${shot.first} to ${shot.last}`}>
                    {shot.title.name} · shot {shot.number + 1}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </section>
  );
}
