import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { PolicyFile } from './version-dialog.js';

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
  const action = useAction(createLicence, 'createLicence');
  const { values, field, set } = useForm({ name: '', licensor: '', text: '' });
  const submit = async () => {
    const added = await action.run({ input: values });
    if (added) onAdded(added.id);
  };

  return (
    <FormDialog wide title="Add a licence" act="Keep as a draft" action={action} onSubmit={submit} onClose={onClose}>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Name" required autoFocus {...field('name')} />
        <TextField label="Licensor" required {...field('licensor')} hint="Who grants the rights." />
      </div>
      <TextArea
        label="Policy"
        required
        rows={14}
        spellCheck={false}
        className="font-mono !text-xs"
        {...field('text')}
        hint="ODRL 2.2 as JSON-LD or Turtle, in Backlot’s profile. The repository’s policies folder has templates. It decides nothing until two members have signed it."
      />
      <PolicyFile onText={(text) => set({ text })} />
    </FormDialog>
  );
}
