import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { WhyDialog } from '../../ui/why-dialog.js';
import { nameOfHold, type Hold } from './hold.js';

const liftHold = graphql(`
  mutation LiftHold($id: ID!, $why: String!) {
    liftHold(id: $id, why: $why) {
      __typename
      ... on Hold {
        ...HoldFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

export function LiftDialog({ hold, onClose, onLifted }: { hold: Hold; onClose: () => void; onLifted: () => void }) {
  const action = useAction(liftHold, 'liftHold');
  return (
    <WhyDialog
      title={`Lift the hold on ${nameOfHold(hold)}`}
      act="Lift the hold"
      label="Why it may be lifted"
      hint="What the hold stopped can be started again; nothing starts by itself."
      action={action}
      run={(why) => action.run({ id: hold.id, why })}
      onDone={onLifted}
      onClose={onClose}
    >
      <p className="border-l border-line pl-3 text-sm text-soft">{hold.why}</p>
    </WhyDialog>
  );
}
