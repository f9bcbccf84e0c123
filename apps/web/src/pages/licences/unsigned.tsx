import { graphql } from '../../generated/index.js';
import { date, listed } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { kindWords } from './licence-state.js';

const unsignedVersions = graphql(`
  query UnsignedVersions($first: Int!, $after: String) {
    unsignedVersions(first: $first, after: $after) {
      nodes {
        licence {
          id
          name
          licensor
        }
        version
        kind
        draftedBy {
          id
          name
        }
        createdAt
        signatures {
          member {
            id
            name
          }
          roles
          at
        }
        awaits {
          id
          name
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

/** Drafts that decide nothing yet, and whom they wait for. */
export function Unsigned() {
  const list = usePagedList(unsignedVersions, {}, (data) => data.unsignedVersions);
  return (
    <Paged list={list} empty={<Empty title="Nothing waits for a signature">New licences and new versions of them are listed here until two members have signed.</Empty>}>
      {(nodes) => (
        <Table
          label="Waiting for signatures"
          rows={nodes.map((version) => ({ ...version, id: `${version.licence.id} ${version.version}` }))}
          head="Licence"
          name={(version) => `${version.licence.name}, version ${version.version}`}
          under={(version) => `${kindWords[version.kind]}, ${version.licence.licensor}`}
          to={(version) => ({ to: '/licences/$licenceId', params: { licenceId: version.licence.id } })}
          columns={[
            ['Drafted', (version) => <>{version.draftedBy?.name ?? 'the product'}<span className="block text-xs text-faint">{date(version.createdAt)}</span></>],
            ['Signed by', (version) => listed(version.signatures.map(({ member }) => member?.name ?? 'a former member')) || 'nobody yet'],
            ['Waits for', (version) => listed(version.awaits.map(({ name }) => name), 'or') || '–'],
          ]}
        />
      )}
    </Paged>
  );
}
