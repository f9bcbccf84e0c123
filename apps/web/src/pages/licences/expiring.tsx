import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { away, count, date } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Filter } from '../../ui/filter.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { LicenceStateChip } from './licence-state.js';

const expiringLicences = graphql(`
  query ExpiringLicences($first: Int!, $after: String, $days: Int!) {
    expiringLicences(first: $first, after: $after, days: $days) {
      nodes {
        id
        name
        licensor
        state
        version
        ends
        titles(first: 1) {
          totalCount
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

const spans = [30, 60, 90].map((value) => ({ name: `${value} days`, value }));

/** Licences that end soon, the next one first: what is refused from then on if nobody extends them. */
export function Expiring() {
  const [days, setDays] = useState(90);
  const list = usePagedList(expiringLicences, { days }, (data) => data.expiringLicences);
  return (
    <>
      <Filter label="Within" options={spans} value={days} onChange={setDays} />
      <Paged list={list} empty={<Empty title={`None ends within ${days} days`}>A licence that ends is shown here in time to extend it, or to wind up what was made under it.</Empty>}>
        {(nodes) => (
          <Table
            label="Licences that end soon"
            rows={nodes}
            head="Licence"
            name={(licence) => licence.name}
            under={(licence) => licence.licensor}
            to={(licence) => ({ to: '/licences/$licenceId', params: { licenceId: licence.id } })}
            columns={[
              ['Ends', (licence) => licence.ends && <>{date(licence.ends)}<span className="block text-xs text-tungsten">{away(licence.ends)}</span></>],
              ['State', (licence) => <LicenceStateChip state={licence.state} />],
              ['Titles', (licence) => count(licence.titles.totalCount, 'title')],
            ]}
          />
        )}
      </Paged>
    </>
  );
}
