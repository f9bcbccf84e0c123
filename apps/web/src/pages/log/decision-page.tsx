import { getRouteApi, Link } from '@tanstack/react-router';
import { useQuery } from 'urql';
import { DecisionDetails } from '../../decision/decision-card.js';
import { graphql } from '../../generated/index.js';
import { date, spaced } from '../../lib/format.js';
import { Absent } from '../../ui/answered.js';
import { Chip } from '../../ui/chip.js';
import { Facts, Page, Panel } from '../../ui/page.js';

const decisionQuery = graphql(`
  query Decision($id: ID!) {
    decision(id: $id) {
      ...DecisionFields
      titles {
        id
        name
        licences {
          id
          name
          version
        }
      }
    }
  }
`);

const route = getRouteApi('/decisions/$decisionId');

export function DecisionPage() {
  const { decisionId } = route.useParams();
  const [answer, again] = useQuery({ query: decisionQuery, variables: { id: decisionId } });
  const decision = answer.data?.decision;
  const back = (
    <Link to="/log" className="hover:text-ink">
      Decisions
    </Link>
  );
  if (!decision) {
    return <Absent what="decision" back={back} answer={answer} retry={() => again({ requestPolicy: 'network-only' })} />;
  }
  const licences = new Map(decision.titles.flatMap((title) => title.licences.map((licence) => [licence.id, licence])));
  return (
    <Page title={decision.permitted ? 'Why this was allowed' : 'Why this was refused'} above={back} lead={<Chip tone={decision.permitted ? 'go' : 'stop'}>{decision.permitted ? 'Allowed' : 'Refused'}</Chip>}>
      <p className="mb-8 max-w-3xl text-lg leading-relaxed text-pretty">{decision.sentence}</p>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <Panel>
          <DecisionDetails decision={decision} alone />
        </Panel>
        <Panel title="Asked" className="self-start">
          <Facts
            facts={[
              ['To', spaced(decision.action)],
              ['By', decision.memberName ?? decision.actor],
              ['When', date(decision.at)],
              ['About', `one ${decision.scopeKind}`],
              [
                'Titles',
                <span key="titles" className="flex flex-col">
                  {decision.titles.slice(0, 20).map((title) => (
                    <Link key={title.id} to="/titles/$titleId" params={{ titleId: title.id }} className="underline decoration-line underline-offset-2 hover:decoration-ink">
                      {title.name}
                    </Link>
                  ))}
                  {decision.titles.length > 20 && `and ${decision.titles.length - 20} more`}
                </span>,
              ],
              [
                'Licences',
                <span key="licences" className="flex flex-col">
                  {[...licences.values()].map((licence) => (
                    <Link key={licence.id} to="/licences/$licenceId" params={{ licenceId: licence.id }} className="underline decoration-line underline-offset-2 hover:decoration-ink">
                      {licence.name}
                    </Link>
                  ))}
                </span>,
              ],
            ]}
          />
        </Panel>
      </div>
    </Page>
  );
}
