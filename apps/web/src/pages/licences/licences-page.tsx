import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { count, date } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Page, Tabs } from '../../ui/page.js';
import { Empty } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { Duties } from '../duties/duties.js';
import { Holds } from '../holds/holds.js';
import { AddLicenceDialog } from './add-licence-dialog.js';
import { Expiring } from './expiring.js';
import { LicenceStateChip } from './licence-state.js';
import { Unsigned } from './unsigned.js';

const licences = graphql(`
  query Licences($first: Int!, $after: String) {
    licences(first: $first, after: $after) {
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

const licenceCounts = graphql(`
  query LicenceCounts {
    all: licences(first: 1) {
      totalCount
    }
    unsigned: unsignedVersions(first: 1) {
      totalCount
    }
    ending: expiringLicences(first: 1, days: 90) {
      totalCount
    }
    holds(first: 1, inForce: true) {
      totalCount
    }
    late: duties(first: 1, state: LATE) {
      totalCount
    }
  }
`);

const route = getRouteApi('/licences');

/** What may be done with the catalogue, what stops it, and what is owed for it. */
export function LicencesPage() {
  const { show = 'all' } = route.useSearch();
  const navigate = useNavigate();
  const [{ data: counts }] = useQuery({ query: licenceCounts, requestPolicy: 'cache-and-network' });
  const late = counts?.late.totalCount;
  return (
    <Page title="Licences" lead="What no licence permits is refused; what one prohibits is refused whatever others permit." actions={<Add />}>
      <Tabs
        label="Licences"
        open={show}
        onOpen={(name) => void navigate({ to: '/licences', search: name === 'all' ? {} : { show: name } })}
        tabs={[
          { name: 'all', label: 'All', count: counts?.all.totalCount },
          { name: 'unsigned', label: 'To sign', count: counts?.unsigned.totalCount },
          { name: 'ending', label: 'Ending', count: counts?.ending.totalCount },
          { name: 'holds', label: 'On hold', count: counts?.holds.totalCount },
          { name: 'duties', label: late ? 'Duties, late' : 'Duties', count: late || undefined },
        ]}
      />
      {show === 'all' && <All />}
      {show === 'unsigned' && <Unsigned />}
      {show === 'ending' && <Expiring />}
      {show === 'holds' && <Holds />}
      {show === 'duties' && <Duties />}
    </Page>
  );
}

function Add() {
  const can = useCan();
  const navigate = useNavigate();
  const [adding, setAdding] = useState(false);
  if (!can('create Licence')) return null;
  return (
    <>
      <Button look="primary" onClick={() => setAdding(true)}>
        <Plus size={16} aria-hidden />
        Add a licence
      </Button>
      {adding && <AddLicenceDialog onClose={() => setAdding(false)} onAdded={(licenceId) => void navigate({ to: '/licences/$licenceId', params: { licenceId } })} />}
    </>
  );
}

function All() {
  const list = usePagedList(licences, {}, (data) => data.licences);
  return (
    <Paged
      list={list}
      empty={
        <Empty title="No licence yet" action={<Add />}>
          A licence is an ODRL policy. Add one, and once two members have signed it titles can be put under it.
        </Empty>
      }
    >
      {(nodes) => (
        <Table
          label="Licences"
          rows={nodes}
          head="Licence"
          name={(licence) => licence.name}
          under={(licence) => licence.licensor}
          to={(licence) => ({ to: '/licences/$licenceId', params: { licenceId: licence.id } })}
          columns={[
            ['State', (licence) => <LicenceStateChip state={licence.state} />],
            ['Version', (licence) => licence.version],
            ['Ends', (licence) => (licence.ends ? date(licence.ends) : '–')],
            ['Titles', (licence) => count(licence.titles.totalCount, 'title')],
          ]}
        />
      )}
    </Paged>
  );
}
