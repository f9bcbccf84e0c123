import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { nameOfDuty, type Duty } from './duty.js';

const fulfilDuty = graphql(`
  mutation FulfilDuty($id: ID!, $evidence: EvidenceInput!) {
    fulfilDuty(id: $id, evidence: $evidence) {
      __typename
      ... on Duty {
        ...DutyFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

/** Says that a duty was done, and by what that can be proved. */
export function FulfilDialog({ duty, onClose, onDone }: { duty: Duty; onClose: () => void; onDone: () => void }) {
  const action = useAction(fulfilDuty, 'fulfilDuty');
  const { values, field } = useForm({ text: '', url: '' });
  const [proof, setProof] = useState<{ name: string; sha256: string }>();
  const submit = async () => {
    if (!(await action.run({ id: duty.id, evidence: { text: values.text, url: values.url.trim() || null, sha256: proof?.sha256 ?? null } }))) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog title={`${nameOfDuty(duty)}: done`} act="Record it" action={action} onSubmit={submit} onClose={onClose}>
      {duty.phase === 'PRE' && <p className="text-sm text-soft">The licence waits for this before it permits. What it opens is open once this is recorded.</p>}
      <TextArea label="What was done, when and by whom" required autoFocus {...field('text')} />
      <TextField label="Where the proof lies" type="url" placeholder="https://" {...field('url')} />
      {/* Browsers hash only on pages that nobody on the way can change. */}
      {isSecureContext && (
        <div className="flex flex-col gap-1.5 text-sm">
          <label className="self-start text-tungsten underline underline-offset-2 focus-within:outline-2 focus-within:outline-tungsten">
            {proof ? 'Take another document' : 'Take the fingerprint of a document'}
            <input type="file" className="sr-only" onChange={({ target }) => target.files?.[0] && void fingerprint(target.files[0]).then(setProof)} />
          </label>
          <p className="text-xs break-all text-faint">{proof ? `${proof.name}: SHA-256 ${proof.sha256}` : 'The document stays with you; its SHA-256 is kept, so that nobody can show another one later.'}</p>
        </div>
      )}
    </FormDialog>
  );
}

async function fingerprint(file: File): Promise<{ name: string; sha256: string }> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return { name: file.name, sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
