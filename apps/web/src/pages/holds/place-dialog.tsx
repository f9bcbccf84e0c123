import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import type { HoldInput, HoldKind } from '../../generated/graphql.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Select, TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { TitleChoices } from '../../ui/title-choices.js';
import { LicenceChoices } from '../licences/licence-choices.js';
import { kindWords } from './hold.js';

const placeHold = graphql(`
  mutation PlaceHold($input: HoldInput!) {
    placeHold(input: $input) {
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

/** Where a hold is placed from: the title or licence whose page it is. */
export type HeldThing = { kind: 'TITLE' | 'LICENCE'; id: string; name: string };

/** Stops at once everything that would open what it is on. `on`: fixed; else it is chosen here. */
export function PlaceHoldDialog({ on, onClose, onPlaced }: { on?: HeldThing; onClose: () => void; onPlaced: () => void }) {
  const action = useAction(placeHold, 'placeHold');
  const [kind, setKind] = useState<HoldKind>(on?.kind ?? 'TITLE');
  const [chosen, setChosen] = useState<string[]>(on ? [on.id] : []);
  const { values, field } = useForm({ performer: '', why: '' });

  const submit = async () => {
    const subject: Record<HoldKind, Partial<HoldInput>> = {
      TITLE: { titleId: chosen[0] },
      LICENCE: { licenceId: chosen[0] },
      PERFORMER: { performer: values.performer.trim(), appearsIn: chosen },
      STUDIO: { studio: true },
    };
    if (await action.run({ input: { why: values.why, ...subject[kind] } })) {
      onPlaced();
      onClose();
    }
  };

  return (
    <FormDialog
      title={on ? `Place a hold on ${on.name}` : 'Place a hold'}
      act="Place the hold"
      danger
      action={action}
      disabled={(kind === 'TITLE' || kind === 'LICENCE') && chosen.length === 0}
      onSubmit={submit}
      onClose={onClose}
    >
      {!on && (
        <Select
          label="On"
          value={kind}
          onChange={({ target }) => {
            setKind(target.value as HoldKind);
            setChosen([]);
          }}
        >
          {Object.entries(kindWords).map(([one, word]) => (
            <option key={one} value={one}>
              {word}
            </option>
          ))}
        </Select>
      )}
      {!on && kind === 'TITLE' && <TitleChoices single legend="Title" hint="Playing, datasets, runs and generations that need it stop." none="The catalogue is empty." chosen={chosen} onChange={setChosen} />}
      {!on && kind === 'LICENCE' && <LicenceChoices single legend="Licence" hint="Every title under it stops." none="There is no licence yet." chosen={chosen} onChange={setChosen} />}
      {kind === 'PERFORMER' && (
        <>
          <TextField label="Performer" required {...field('performer')} hint="Their id, as licences and marks have it." />
          <TitleChoices
            legend="Appears in"
            hint={chosen.length === 0 ? 'None chosen: every title stops whose performers are not all marked.' : `${chosen.length} chosen.`}
            none="The catalogue is empty."
            chosen={chosen}
            onChange={setChosen}
          />
        </>
      )}
      {kind === 'STUDIO' && <p className="text-sm text-stop">Nothing of the studio can be opened any more, by anyone, until the hold is lifted.</p>}
      <TextArea label="Why" required autoFocus={on !== undefined} {...field('why')} hint="Everyone who is stopped reads this. The hold is in force from the moment it is placed; work under way ends." />
    </FormDialog>
  );
}
