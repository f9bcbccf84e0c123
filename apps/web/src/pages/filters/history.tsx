import { graphql } from '../../generated/index.js';
import { count, date } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Why } from '../../ui/states.js';
import { goBackFilterSet } from './filter-editor.js';
import type { FilterSet } from './filter-query.js';

const filterHistory = graphql(`
  query FilterHistory($id: ID!, $first: Int!, $after: String) {
    filterSet(id: $id) {
      id
      versions(first: $first, after: $after) {
        nodes {
          version
          why
          wentBackTo
          createdBy
          createdAt
          rules {
            code
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

/** Every version of a set, with why it was made; any of them can be in force again. */
export function History({ set, onApplied }: { set: FilterSet; onApplied: () => void }) {
  const can = useCan();
  const list = usePagedList(filterHistory, { id: set.id }, (data) => data.filterSet?.versions, 50);
  const back = useAction(goBackFilterSet, 'goBackFilterSet');
  return (
    <>
      {back.refusal && <Why reason={back.refusal} className="mb-3" />}
      <Paged list={list} empty={<p className="text-sm text-faint">No version.</p>}>
        {(versions) => (
          <ol className="flex flex-col">
            {versions.map(({ version, why, wentBackTo, createdBy, createdAt, rules }) => (
              <li key={version} className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line py-3 text-sm">
                <span className="figures w-24 font-medium">Version {version}</span>
                <span className="min-w-0 flex-1">
                  {why}
                  <span className="figures block text-xs text-faint">
                    {createdBy ?? 'Backlot'} · {date(createdAt)} · {count(rules.length, 'rule')}
                    {wentBackTo && ` · as version ${wentBackTo}`}
                  </span>
                </span>
                {version !== set.version && can('change Filter') && (
                  <Button
                    look="bare"
                    busy={back.busy}
                    onClick={() =>
                      void back.run({ id: set.id, version, why: `Back to version ${version}.` }).then((done) => {
                        if (!done) return;
                        list.refresh();
                        onApplied();
                      })
                    }
                  >
                    Go back to it
                  </Button>
                )}
              </li>
            ))}
          </ol>
        )}
      </Paged>
    </>
  );
}
