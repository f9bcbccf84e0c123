import { useState, type FormEvent } from 'react';
import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextArea, TextField } from '../../ui/field.js';
import { Why } from '../../ui/states.js';

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
  const [name, setName] = useState('');
  const [licensor, setLicensor] = useState('');
  const [text, setText] = useState('');
  const [broken, setBroken] = useState<string>();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    let policy: unknown;
    try {
      policy = JSON.parse(text);
      setBroken(undefined);
    } catch (error) {
      setBroken((error as SyntaxError).message);
      return;
    }
    const added = await run({ input: { name, licensor, policy } });
    if (added) onAdded(added.id);
  };

  return (
    <Dialog title="Add a licence" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-5">
        <TextField label="Name" required autoFocus value={name} onChange={({ target }) => setName(target.value)} />
        <TextField label="Licensor" required value={licensor} onChange={({ target }) => setLicensor(target.value)} hint="Who grants the rights." />
        <TextArea
          label="Policy"
          required
          rows={10}
          spellCheck={false}
          className="font-mono !text-xs"
          value={text}
          onChange={({ target }) => setText(target.value)}
          hint="ODRL 2.2 as JSON-LD, in Backlot’s profile. The repository’s policies folder has templates."
        />
        <label className="text-sm text-tungsten underline underline-offset-2">
          Read it from a file
          <input
            type="file"
            accept=".json,.jsonld,application/json,application/ld+json"
            className="sr-only"
            onChange={({ target }) => void target.files?.[0]?.text().then(setText)}
          />
        </label>
        {broken && <Why reason={{ code: 'NOT_JSON', message: `The policy is not JSON: ${broken}`, wayOut: 'Correct the text at that place.' }} />}
        {refusal && <Why reason={refusal} />}
        <div className="flex justify-end gap-2">
          <Button look="bare" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={busy}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
