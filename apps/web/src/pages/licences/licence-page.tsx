import { getRouteApi, Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { date } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Absent, Paged } from '../../ui/answered.js';
import { Copied, Facts, Page, Panel } from '../../ui/page.js';
import { SkeletonRows } from '../../ui/states.js';
import { TitleStateChip } from '../catalogue/title-state.js';

const licenceQuery = graphql(`
  query Licence($id: ID!) {
    licence(id: $id) {
      id
      name
      licensor
      version
      policy
      sha256
      summary
      createdAt
    }
  }
`);

const licenceTitles = graphql(`
  query LicenceTitles($id: ID!, $first: Int!, $after: String) {
    licence(id: $id) {
      id
      titles(first: $first, after: $after) {
        nodes {
          id
          name
          state
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

const route = getRouteApi('/licences/$licenceId');

export function LicencePage() {
  const { licenceId } = route.useParams();
  const [answer, again] = useQuery({ query: licenceQuery, variables: { id: licenceId } });
  const licence = answer.data?.licence;
  const back = (
    <Link to="/licences" className="hover:text-ink">
      Licences
    </Link>
  );
  if (!licence) {
    return <Absent what="licence" back={back} answer={answer} retry={() => again({ requestPolicy: 'network-only' })} />;
  }
  return (
    <Page title={licence.name} above={back} lead={`${licence.licensor} · version ${licence.version}`}>
      <div className="grid gap-5 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-5">
          <Panel title="In plain words">
            <ul className="flex flex-col gap-2 text-sm">
              {licence.summary.map((line) => (
                <li key={line} className="border-l border-line pl-3">
                  {line}
                </li>
              ))}
            </ul>
          </Panel>
          <Panel title="Titles under it">
            <Titles licenceId={licence.id} />
          </Panel>
        </div>
        <Panel title="The policy, as it is evaluated" aside="ODRL 2.2">
          <Facts
            className="mb-4"
            facts={[
              ['SHA-256', <Copied key="sha" value={licence.sha256} />],
              ['Added', date(licence.createdAt)],
            ]}
          />
          <pre className="max-h-[70dvh] overflow-auto rounded-md bg-room p-4 font-mono text-xs leading-relaxed text-soft">{JSON.stringify(licence.policy, null, 2)}</pre>
        </Panel>
      </div>
    </Page>
  );
}

function Titles({ licenceId }: { licenceId: string }) {
  const list = usePagedList(licenceTitles, { id: licenceId }, (data) => data.licence?.titles, 50);
  return (
    <Paged list={list} waiting={<SkeletonRows rows={3} className="h-8" />} empty={<p className="text-sm text-soft">None yet. A title is put under a licence when it is added to the catalogue.</p>}>
      {(titles) => (
        <ul className="text-sm">
          {titles.map((title) => (
            <li key={title.id} className="flex items-baseline justify-between gap-4 py-1.5">
              <Link to="/titles/$titleId" params={{ titleId: title.id }} className="min-w-0 truncate hover:text-tungsten">
                {title.name}
              </Link>
              <TitleStateChip state={title.state} />
            </li>
          ))}
        </ul>
      )}
    </Paged>
  );
}
