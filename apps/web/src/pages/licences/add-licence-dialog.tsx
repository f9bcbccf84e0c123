import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Answered } from '../../ui/answered.js';
import { Select, TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { SkeletonRows } from '../../ui/states.js';
import { licenceTemplates, parametersOf, TemplateFields } from './template-fields.js';
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

/** A new licence, from one of the shapes that contracts have or from a text of one's own. */
export function AddLicenceDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (id: string) => void }) {
  const action = useAction(createLicence, 'createLicence');
  const answer = useQuery({ query: licenceTemplates });
  const { values, field, set } = useForm({ name: '', licensor: '', template: '', text: '' });
  const [filled, fill] = useState<Record<string, string>>({});
  const template = answer[0].data?.licenceTemplates.find(({ name }) => name === values.template);

  const submit = async () => {
    const policy = template ? { template: { name: template.name, parameters: parametersOf(template, filled) } } : { text: values.text };
    const added = await action.run({ input: { name: values.name, licensor: values.licensor, ...policy } });
    if (added) onAdded(added.id);
  };

  return (
    <FormDialog wide title="Add a licence" act="Keep as a draft" action={action} onSubmit={submit} onClose={onClose}>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Name" required autoFocus {...field('name')} />
        <TextField label="Licensor" required {...field('licensor')} hint="Who grants the rights." />
      </div>
      <Answered answer={answer} waiting={<SkeletonRows rows={1} className="h-9" />}>
        {({ licenceTemplates: templates }) => (
          <Select
            label="Made from"
            {...field('template')}
            onChange={({ target }) => {
              set({ template: target.value });
              fill({});
            }}
          >
            <option value="">A text of one’s own</option>
            {templates.map(({ name, title }) => (
              <option key={name} value={name}>
                {title.replaceAll(/\{\w+\}/g, '…')}
              </option>
            ))}
          </Select>
        )}
      </Answered>
      {template ? (
        <TemplateFields template={template} filled={filled} onChange={fill} />
      ) : (
        <>
          <TextArea label="Policy" required rows={12} spellCheck={false} className="font-mono !text-xs" {...field('text')} hint="ODRL 2.2 as JSON-LD or Turtle, in Backlot’s profile." />
          <PolicyFile onText={(text) => set({ text })} />
        </>
      )}
      <p className="text-sm text-soft">It decides nothing until two members have signed it.</p>
    </FormDialog>
  );
}
