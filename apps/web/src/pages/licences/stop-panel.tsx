import { useState, type ReactNode } from 'react';
import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Panel } from '../../ui/page.js';
import { WhyDialog } from '../../ui/why-dialog.js';
import { PlaceHoldDialog } from '../holds/place-dialog.js';
import type { Licence } from './licence-query.js';

const suspendLicence = graphql(`
  mutation SuspendLicence($id: ID!, $why: String!) {
    suspendLicence(id: $id, why: $why) {
      __typename
      ... on Licence {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);
const resumeLicence = graphql(`
  mutation ResumeLicence($id: ID!, $why: String!) {
    resumeLicence(id: $id, why: $why) {
      __typename
      ... on Licence {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);
const withdrawLicence = graphql(`
  mutation WithdrawLicence($id: ID!, $why: String!) {
    withdrawLicence(id: $id, why: $why) {
      __typename
      ... on Licence {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

/** The ways to stop what a licence permits, from the quickest to the last. */
export function StopPanel({ licence, onChange }: { licence: Licence; onChange: () => void }) {
  const can = useCan();
  const [open, setOpen] = useState<'hold' | 'suspend' | 'resume' | 'withdraw'>();
  const suspend = useAction(suspendLicence, 'suspendLicence');
  const resume = useAction(resumeLicence, 'resumeLicence');
  const withdraw = useAction(withdrawLicence, 'withdrawLicence');
  const { id, name, state } = licence;
  if (state === 'WITHDRAWN' || state === 'DRAFT' || !(can('place Hold') || can('suspend Licence') || can('withdraw Licence'))) return null;
  const asked = { onClose: () => setOpen(undefined), onDone: onChange };
  return (
    <Panel title="Stop or end it">
      <ul className="flex flex-col gap-4 text-sm">
        {can('place Hold') && (
          <Way says="Stops everything under it at once, until the hold is lifted.">
            <Button look="danger" onClick={() => setOpen('hold')}>
              Place a hold
            </Button>
          </Way>
        )}
        {can('suspend Licence') &&
          (state === 'SUSPENDED' ? (
            <Way says="It decides again as it did before.">
              <Button onClick={() => setOpen('resume')}>Resume</Button>
            </Way>
          ) : (
            <Way says="It refuses everything while a question with the licensor is open.">
              <Button look="danger" onClick={() => setOpen('suspend')}>
                Suspend
              </Button>
            </Way>
          ))}
        {can('withdraw Licence') && (
          <Way says="Ends it for good; this is not taken back.">
            <Button look="danger" onClick={() => setOpen('withdraw')}>
              Withdraw
            </Button>
          </Way>
        )}
      </ul>
      {open === 'hold' && <PlaceHoldDialog on={{ kind: 'LICENCE', id, name }} onClose={asked.onClose} onPlaced={onChange} />}
      {open === 'suspend' && <WhyDialog {...asked} danger title={`Suspend ${name}`} act="Suspend" hint="Everything asked of its titles is refused until it is resumed." action={suspend} run={(why) => suspend.run({ id, why })} />}
      {open === 'resume' && <WhyDialog {...asked} title={`Resume ${name}`} act="Resume" action={resume} run={(why) => resume.run({ id, why })} />}
      {open === 'withdraw' && <WhyDialog {...asked} danger title={`Withdraw ${name}`} act="Withdraw for good" hint="Everything asked of its titles is refused from now on. Only a new licence changes that." action={withdraw} run={(why) => withdraw.run({ id, why })} />}
    </Panel>
  );
}

function Way({ says, children }: { says: string; children: ReactNode }) {
  return (
    <li className="flex items-center justify-between gap-4">
      <span className="text-soft">{says}</span>
      {children}
    </li>
  );
}
