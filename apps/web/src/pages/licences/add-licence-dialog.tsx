import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import type { ReasonLike } from '../../ui/states.js';

const createLicence = graphql(`
  mutation CreateLicence($input: LicenceInput!) {
    createLicence(input: $input) {
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

export function AddLicenceDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (id: string) => void }) {
  const { run, busy, refusal } = useAction(createLicence, 'createLicence');
  const { values, field, set } = useForm({ name: '', licensor: '', text: '' });
  const [broken, setBroken] = useState<ReasonLike>();

  const submit = async () => {
    let policy: unknown;
    try {
      policy = JSON.parse(values.text);
      setBroken(undefined);
    } catch (error) {
      return setBroken({ code: 'NOT_JSON', message: `The policy is not JSON: ${(error as SyntaxError).message}`, wayOut: 'Correct the text at that place.' });
    }
    const added = await run({ input: { name: values.name, licensor: values.licensor, policy } });
    if (added) onAdded(added.id);
  };

  return (
    <FormDialog title="Add a licence" act="Add" action={{ busy, refusal: broken ?? refusal }} onSubmit={submit} onClose={onClose}>
      <TextField label="Name" required autoFocus {...field('name')} />
      <TextField label="Licensor" required {...field('licensor')} hint="Who grants the rights." />
      <TextArea
        label="Policy"
        required
        rows={10}
        spellCheck={false}
        className="font-mono !text-xs"
        {...field('text')}
        hint="ODRL 2.2 as JSON-LD, in Backlot’s profile. The repository’s policies folder has templates."
      />
      <label className="text-sm text-tungsten underline underline-offset-2">
        Read it from a file
        <input
          type="file"
          accept=".json,.jsonld,application/json,application/ld+json"
          className="sr-only"
          onChange={({ target }) => void target.files?.[0]?.text().then((text) => set({ text }))}
        />
      </label>
    </FormDialog>
  );
}
