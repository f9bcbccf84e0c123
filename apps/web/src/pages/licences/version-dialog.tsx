import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Answered } from '../../ui/answered.js';
import { Dialog } from '../../ui/dialog.js';
import { TextArea, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { SkeletonRows } from '../../ui/states.js';

const policyToEdit = graphql(`
  query PolicyToEdit($id: ID!) {
    licence(id: $id) {
      id
      name
      policy
      draft {
        licence {
          id
        }
        version
        policy
        loosens
        effectiveFrom
      }
    }
  }
`);

const amendLicence = graphql(`
  mutation AmendLicence($id: ID!, $input: LicenceVersionInput!) {
    amendLicence(id: $id, input: $input) {
      __typename
      ... on LicenceVersion {
        ...VersionFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const reviseLicence = graphql(`
  mutation ReviseLicence($id: ID!, $version: Int!, $input: LicenceVersionInput!) {
    reviseLicence(id: $id, version: $version, input: $input) {
      __typename
      ... on LicenceVersion {
        ...VersionFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

interface VersionDialogProps {
  licenceId: string;
  onClose: () => void;
  onDone: () => void;
}

/** The next version of a licence as text, or the unsigned one corrected. */
export function VersionDialog(props: VersionDialogProps) {
  const answer = useQuery({ query: policyToEdit, variables: { id: props.licenceId }, requestPolicy: 'network-only' });
  const licence = answer[0].fetching ? undefined : answer[0].data?.licence;
  if (!licence) {
    return (
      <Dialog wide title="A version of the licence" onClose={props.onClose}>
        <Answered answer={answer}>{() => <SkeletonRows />}</Answered>
      </Dialog>
    );
  }
  const { draft } = licence;
  return <VersionForm {...props} name={licence.name} policy={draft?.policy ?? licence.policy} draft={draft?.version} loosens={draft?.loosens ?? []} from={draft?.effectiveFrom ?? undefined} />;
}

function VersionForm({ licenceId, name, policy, draft, loosens, from, onClose, onDone }: VersionDialogProps & { name: string; policy: unknown; draft: number | undefined; loosens: string[]; from: string | undefined }) {
  const amend = useAction(amendLicence, 'amendLicence');
  const revise = useAction(reviseLicence, 'reviseLicence');
  const [written] = useState(() => JSON.stringify(policy, null, 2));
  const { values, field, set } = useForm({ text: written, loosens: loosens.join(', '), from: from ? local(from) : '', why: '' });

  const submit = async () => {
    const input = {
      text: values.text,
      loosens: values.loosens.split(/[\s,;]+/).filter(Boolean),
      effectiveFrom: values.from ? new Date(values.from).toISOString() : null,
      why: values.why,
    };
    const done = await (draft === undefined ? amend.run({ id: licenceId, input }) : revise.run({ id: licenceId, version: draft, input }));
    if (!done) return;
    onDone();
    onClose();
  };

  return (
    <FormDialog
      wide
      title={draft === undefined ? `A new version of ${name}` : `Correct version ${draft} of ${name}`}
      act={draft === undefined ? 'Keep as a draft' : 'Correct the draft'}
      action={draft === undefined ? amend : revise}
      disabled={values.text === written && draft === undefined}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextArea label="Policy" required autoFocus rows={16} spellCheck={false} className="font-mono !text-xs" {...field('text')} hint="JSON-LD or Turtle in Backlot’s profile. It decides nothing until two members have signed it." />
      <PolicyFile onText={(text) => set({ text })} />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Rules that it loosens" placeholder="4.2, #p3" {...field('loosens')} hint="Clause numbers or ids. What loosens without being named is refused." />
        <TextField label="Decides from" type="datetime-local" {...field('from')} hint="In your time zone; empty: as soon as it is signed." />
      </div>
      <TextField label="Why" required {...field('why')} hint="Stays in the licence’s history." />
      {draft !== undefined && <p className="text-sm text-soft">Signatures under the former text no longer count.</p>}
    </FormDialog>
  );
}

/** Text from a file of the member's. */
export function PolicyFile({ onText }: { onText: (text: string) => void }) {
  return (
    <label className="self-start text-sm text-tungsten underline underline-offset-2 focus-within:outline-2 focus-within:outline-tungsten">
      Read it from a file
      <input type="file" accept=".json,.jsonld,.ttl,application/json,application/ld+json,text/turtle" className="sr-only" onChange={({ target }) => void target.files?.[0]?.text().then(onText)} />
    </label>
  );
}

/** As an input of date and time has it: in the member's own zone, to the minute. */
function local(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
