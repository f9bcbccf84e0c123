import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import type { ImportExclusionsMutation } from '../../generated/graphql.js';
import { count } from '../../lib/format.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';

const importExclusions = graphql(`
  mutation ImportExclusions($titleId: ID!, $input: ExclusionList!) {
    importExclusions(titleId: $titleId, input: $input) {
      __typename
      ... on ImportedExclusions {
        added
        known
        refused {
          line
          text
          message
        }
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

type Imported = Extract<ImportExclusionsMutation['importExclusions'], { __typename: 'ImportedExclusions' }>;

/** Takes the list that came with a contract; each row that was not taken is given back with its reason. */
export function ImportDialog({ titleId, onClose, onDone }: { titleId: string; onClose: () => void; onDone: () => void }) {
  const action = useAction(importExclusions, 'importExclusions');
  const { values, field, set } = useForm({ list: '', start: '', why: '' });
  const [done, setDone] = useState<Imported>();

  const submit = async () => {
    const taken = await action.run({ titleId, input: { list: values.list, start: values.start.trim() || null, why: values.why.trim() || null } });
    if (!taken) return;
    setDone(taken);
    onDone();
  };

  if (done) {
    return (
      <Dialog title="The list was taken" onClose={onClose}>
        <div className="flex flex-col gap-4 text-sm">
          <p>
            {count(done.added, 'row')} added{done.known > 0 && `, ${count(done.known, 'row')} known already`}
            {done.refused.length > 0 && `, ${count(done.refused.length, 'row')} not taken`}.
          </p>
          {done.refused.length > 0 && (
            <ol className="flex max-h-80 flex-col gap-2 overflow-y-auto">
              {done.refused.map((row) => (
                <li key={row.line} className="border-l-2 border-stop pl-3">
                  <span className="figures text-faint">Line {row.line}</span> <code className="font-mono text-xs break-all">{row.text}</code>
                  <span className="block text-soft">{row.message}</span>
                </li>
              ))}
            </ol>
          )}
          <Button className="self-end" onClick={onClose}>
            Close
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <FormDialog wide title="Take a list of frames to leave out" act="Take it" action={action} onSubmit={submit} onClose={onClose}>
      <TextArea
        label="List"
        required
        autoFocus
        rows={10}
        spellCheck={false}
        className="font-mono !text-xs"
        placeholder={'first,end,why,clause\n120,240,a poster of another film,6.3'}
        {...field('list')}
        hint="CSV with the heading first,end,why,clause,actions (end is the first frame after), or a CMX 3600 EDL. Frame numbers or timecodes."
      />
      <label className="self-start text-sm text-tungsten underline underline-offset-2 focus-within:outline-2 focus-within:outline-tungsten">
        Read it from a file
        <input type="file" accept=".csv,.edl,.txt,text/csv,text/plain" className="sr-only" onChange={({ target }) => void target.files?.[0]?.text().then((list) => set({ list }))} />
      </label>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Timecode of the first frame" placeholder="00:00:00:00" {...field('start')} />
        <TextField label="Why, where a row does not say" {...field('why')} />
      </div>
    </FormDialog>
  );
}
