import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Choices, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import type { Range } from '../../lib/ranges.js';
import { barredUses, type Exclusion } from './exclusions.js';

const addExclusion = graphql(`
  mutation AddExclusion($titleId: ID!, $input: ExclusionInput!) {
    addExclusion(titleId: $titleId, input: $input) {
      __typename
      ... on Exclusion {
        ...ExclusionFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const changeExclusion = graphql(`
  mutation ChangeExclusion($id: ID!, $input: ExclusionInput!) {
    changeExclusion(id: $id, input: $input) {
      __typename
      ... on Exclusion {
        ...ExclusionFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

interface LeaveOutDialogProps {
  titleId: string;
  /** The frames chosen on the timeline. */
  range: Range;
  /** The one that is corrected; absent: a new one. */
  exclusion?: Exclusion;
  onClose: () => void;
  onDone: () => void;
}

/** Frames that are left out, to the frame: both ends are among them. */
export function LeaveOutDialog({ titleId, range, exclusion, onClose, onDone }: LeaveOutDialogProps) {
  const add = useAction(addExclusion, 'addExclusion');
  const change = useAction(changeExclusion, 'changeExclusion');
  const { values, field } = useForm({ first: String(range.first), last: String(range.end - 1), why: exclusion?.why ?? '', clause: exclusion?.clause ?? '' });
  const [actions, setActions] = useState<string[]>(exclusion?.actions ?? []);
  // What a contract's list named stays to be chosen.
  const uses = { ...Object.fromEntries((exclusion?.actions ?? []).map((action) => [action, action])), ...barredUses };

  const submit = async () => {
    const input = { first: Number(values.first), end: Number(values.last) + 1, why: values.why, clause: values.clause.trim() || null, actions };
    const done = await (exclusion ? change.run({ id: exclusion.id, input }) : add.run({ titleId, input }));
    if (!done) return;
    onDone();
    onClose();
  };

  return (
    <FormDialog title={exclusion ? 'Change what is left out' : 'Leave frames out'} act={exclusion ? 'Change' : 'Leave out'} action={exclusion ? change : add} onSubmit={submit} onClose={onClose}>
      <div className="grid grid-cols-2 gap-4">
        <TextField label="First frame" type="number" required min={0} step={1} {...field('first')} />
        <TextField label="Last frame" type="number" required min={0} step={1} {...field('last')} />
      </div>
      <TextField label="Why" required autoFocus {...field('why')} />
      <TextField label="Clause" {...field('clause')} hint="The clause of the contract that asks for it, if one does." />
      <Choices
        legend="Only for these uses"
        hint={actions.length === 0 ? 'None chosen: no use at all. Players show black there, datasets are cut without it.' : `Only ${actions.length === 1 ? 'this use' : 'these uses'} may not touch the frames.`}
        chosen={actions}
        onChange={setActions}
        options={Object.entries(uses).map(([id, name]) => ({ id, name }))}
      />
    </FormDialog>
  );
}
