import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { date, listed } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Answered, Paged } from '../../ui/answered.js';
import { Select } from '../../ui/field.js';
import { Panel } from '../../ui/page.js';
import { SkeletonRows } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { Changes } from './changes.js';
import type { Licence } from './licence-query.js';
import { kindWords, VersionStateChip } from './licence-state.js';

const versions = graphql(`
  query LicenceVersions($id: ID!, $first: Int!, $after: String) {
    licence(id: $id) {
      id
      versions(first: $first, after: $after) {
        nodes {
          licence {
            id
          }
          version
          state
          kind
          draftedBy {
            id
            name
          }
          createdAt
          signedAt
          effectiveFrom
          signatures {
            member {
              id
              name
            }
            roles
            at
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

const licenceChanges = graphql(`
  query LicenceChanges($id: ID!, $before: Int!, $after: Int!) {
    licenceChanges(id: $id, before: $before, after: $after) {
      rule
      clause
      effect
      words
    }
  }
`);

/** Every version, newest first, and what lies between any two of them. */
export function Versions({ licence }: { licence: Licence }) {
  const list = usePagedList(versions, { id: licence.id }, (data) => data.licence?.versions, 50);
  return (
    <Paged list={list} waiting={<SkeletonRows rows={2} />} empty={null}>
      {(nodes) => (
        <div className="flex flex-col gap-6">
          {(list.total ?? 0) > 1 && <Between licenceId={licence.id} newest={nodes[0]?.version ?? 1} />}
          <Table
            label="Versions"
            rows={nodes.map((version) => ({ ...version, id: String(version.version) }))}
            head="Version"
            name={(version) => `Version ${version.version}`}
            under={(version) => kindWords[version.kind]}
            columns={[
              ['State', (version) => <VersionStateChip state={version.state} />],
              ['Drafted', (version) => <>{version.draftedBy?.name ?? 'by the product'}<span className="block text-xs text-faint">{date(version.createdAt)}</span></>],
              ['Signed', (version) => (version.signedAt ? <>{listed(version.signatures.map(({ member }) => member?.name ?? 'a former member')) || 'before signatures'}<span className="block text-xs text-faint">{date(version.signedAt)}</span></> : '–')],
              ['Decides from', (version) => (version.effectiveFrom ? date(version.effectiveFrom) : '–')],
            ]}
          />
        </div>
      )}
    </Paged>
  );
}

function Between({ licenceId, newest }: { licenceId: string; newest: number }) {
  const [[before, after], compare] = useState([newest - 1, newest]);
  const answer = useQuery({ query: licenceChanges, variables: { id: licenceId, before, after }, requestPolicy: 'cache-and-network' });
  const numbers = Array.from({ length: newest }, (_, place) => newest - place);
  const choice = (label: string, value: number, onChange: (version: number) => void) => (
    <Select label={label} value={value} onChange={({ target }) => onChange(Number(target.value))}>
      {numbers.map((number) => (
        <option key={number} value={number}>
          Version {number}
        </option>
      ))}
    </Select>
  );
  return (
    <Panel title="What changed">
      <div className="mb-5 grid max-w-md grid-cols-2 gap-4">
        {choice('From', before, (version) => compare([version, after]))}
        {choice('To', after, (version) => compare([before, version]))}
      </div>
      <Answered answer={answer} waiting={<SkeletonRows rows={2} className="h-6" />}>
        {({ licenceChanges: changes }) => (changes ? <Changes changes={changes} /> : <p className="text-sm text-soft">One of the two is not there.</p>)}
      </Answered>
    </Panel>
  );
}
