import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Choices } from '../../ui/field.js';
import { SkeletonRows } from '../../ui/states.js';
import { stateWord } from './licence-state.js';

const licenceChoices = graphql(`
  query LicenceChoices($first: Int!, $after: String) {
    licences(first: $first, after: $after) {
      nodes {
        id
        name
        licensor
        state
        decides
        summary
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

interface LicenceChoicesProps {
  legend: string;
  hint: string;
  single?: boolean;
  chosen: string[];
  onChange: (ids: string[]) => void;
  none: string;
}

/** The studio's licences to choose from; of one that decides nothing now it says so. */
export function LicenceChoices({ none, ...choices }: LicenceChoicesProps) {
  const list = usePagedList(licenceChoices, {}, (data) => data.licences, 50);
  return (
    <Paged list={list} byHand waiting={<SkeletonRows rows={2} className="h-10" />} empty={<p className="text-sm text-soft">{none}</p>}>
      {(licences) => (
        <Choices
          {...choices}
          options={licences.map(({ id, name, licensor, state, decides, summary }) => ({
            id,
            name: `${name}, ${licensor}`,
            note: decides ? summary[0] : `${stateWord(state)}: it permits nothing now.`,
          }))}
        />
      )}
    </Paged>
  );
}
