import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { DecisionList } from '../../decision/decision-card.js';
import { graphql } from '../../generated/index.js';
import { away, date } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Absent, Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Copied, Facts, Page, Panel, Tabs } from '../../ui/page.js';
import { Empty } from '../../ui/states.js';
import { Duties } from '../duties/duties.js';
import { HeldBanner } from '../holds/held-banner.js';
import { DraftPanel } from './draft-panel.js';
import { History } from './history.js';
import { licenceQuery, type Licence } from './licence-query.js';
import { LicenceStateChip } from './licence-state.js';
import { ProseOf } from './prose.js';
import { StopPanel } from './stop-panel.js';
import { Titles } from './titles.js';
import { VersionDialog } from './version-dialog.js';
import { Versions } from './versions.js';

const licenceDecisions = graphql(`
  query LicenceDecisions($id: ID!, $first: Int!, $after: String) {
    licence(id: $id) {
      id
      decisions(first: $first, after: $after) {
        nodes {
          ...DecisionFields
        }
        pageInfo {
          endCursor
          hasNextPage
        }
      }
    }
  }
`);

const route = getRouteApi('/licences/$licenceId');
type TabName = 'terms' | 'versions' | 'titles' | 'decisions' | 'duties' | 'history';

export function LicencePage() {
  const { licenceId } = route.useParams();
  const can = useCan();
  const [open, setOpen] = useState<TabName>('terms');
  const [drafting, setDrafting] = useState(false);
  const [answer, again] = useQuery({ query: licenceQuery, variables: { id: licenceId }, requestPolicy: 'cache-and-network' });
  const licence = answer.data?.licence;
  const look = () => again({ requestPolicy: 'network-only' });
  const back = (
    <Link to="/licences" className="hover:text-ink">
      Licences
    </Link>
  );
  if (!licence) return <Absent what="licence" back={back} answer={answer} retry={look} />;
  return (
    <Page
      title={licence.name}
      above={back}
      lead={
        <span className="figures flex flex-wrap items-baseline gap-x-4">
          <LicenceStateChip state={licence.state} />
          <span>{licence.licensor}</span>
          <span>version {licence.version}</span>
          {licence.ends && <span>{`until ${date(licence.ends)}${licence.state === 'EXPIRING' ? `, ${away(licence.ends)}` : ''}`}</span>}
        </span>
      }
      actions={!licence.draft && licence.state !== 'WITHDRAWN' && can('create Licence') && <Button onClick={() => setDrafting(true)}>Draft a new version</Button>}
    >
      <HeldBanner holds={licence.holds} onChange={look} />
      {!licence.decides && licence.state !== 'SIGNED' && <p className="mb-6 rounded-r-md border-l-2 border-kept bg-panel py-2.5 pr-4 pl-4 text-sm">No version of it decides now: everything asked of its titles is refused.</p>}
      {licence.draft && <DraftPanel draft={licence.draft} onChange={look} />}
      <Tabs<TabName>
        label="About this licence"
        open={open}
        onOpen={setOpen}
        tabs={[
          { name: 'terms', label: 'Terms' },
          { name: 'versions', label: 'Versions', count: licence.versions.totalCount },
          { name: 'titles', label: 'Titles under it', count: licence.titles.totalCount },
          { name: 'decisions', label: 'Decisions' },
          { name: 'duties', label: 'Duties' },
          { name: 'history', label: 'History' },
        ]}
      />
      {open === 'terms' && <Terms licence={licence} onChange={look} />}
      {open === 'versions' && <Versions key={licence.versions.totalCount} licence={licence} />}
      {open === 'titles' && <Titles licence={licence} onChange={look} />}
      {open === 'decisions' && <DecisionsOf licenceId={licence.id} />}
      {open === 'duties' && <Duties licenceId={licence.id} />}
      {open === 'history' && <History licenceId={licence.id} />}
      {drafting && <VersionDialog licenceId={licence.id} onClose={() => setDrafting(false)} onDone={look} />}
    </Page>
  );
}

/** What the licence says as it decides, and its text. */
function Terms({ licence, onChange }: { licence: Licence; onChange: () => void }) {
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
      <Panel title="In plain words" aside={`version ${licence.version}${licence.decides ? '' : ', which does not decide'}`}>
        <ProseOf prose={licence.prose} />
        <details className="mt-6 border-t border-line pt-4">
          <summary className="text-sm font-medium text-soft hover:text-ink">The policy, as it is evaluated</summary>
          <pre className="mt-3 max-h-[70dvh] overflow-auto rounded-md bg-room p-4 font-mono text-xs leading-relaxed text-soft">{JSON.stringify(licence.policy, null, 2)}</pre>
        </details>
      </Panel>
      <div className="flex min-w-0 flex-col gap-5">
        <Panel title="Term">
          <Facts
            facts={[
              ['Begins', licence.begins ? date(licence.begins) : 'at once'],
              ['Ends', licence.ends ? date(licence.ends) : 'never by itself'],
              ['Policy', <Copied key="uid" value={licence.uid} shown={licence.uid} />],
              ['SHA-256', <Copied key="sha" value={licence.sha256} />],
              ['Added', date(licence.createdAt)],
            ]}
          />
        </Panel>
        <StopPanel licence={licence} onChange={onChange} />
      </div>
    </div>
  );
}

/** Every decision that asked the licence, newest first. */
function DecisionsOf({ licenceId }: { licenceId: string }) {
  const list = usePagedList(licenceDecisions, { id: licenceId }, (data) => data.licence?.decisions, 40);
  return (
    <Paged list={list} empty={<Empty title="It was not asked yet">Each use of a title under it becomes a line here, with the clauses that settled it.</Empty>}>
      {(decisions) => <DecisionList decisions={decisions} />}
    </Paged>
  );
}
