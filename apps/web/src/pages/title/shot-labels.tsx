import { Pencil } from 'lucide-react';
import { useState, type FormEvent, type KeyboardEvent } from 'react';
import { graphql } from '../../generated/index.js';
import { inWords, spaced } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { Button, IconButton } from '../../ui/button.js';
import { Select, TextField } from '../../ui/field.js';
import { Why } from '../../ui/states.js';
import { labels } from './labels.js';
import type { Shot } from './shots.js';

const labelShot = graphql(`
  mutation LabelShot($id: ID!, $label: String!, $values: [String!]!) {
    labelShot(id: $id, label: $label, values: $values) {
      __typename
      ... on Shot {
        ...ShotFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const undoCorrection = graphql(`
  mutation UndoCorrection($id: ID!) {
    undoCorrection(id: $id) {
      __typename
      ... on Shot {
        ...ShotFields
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

interface Fact {
  value: unknown;
  source: string;
  by?: string;
  confidence?: number;
}

/** What is in the shot, as models saw it or members said; a member who may, puts it right in place. */
export function ShotLabels({ shot, canCorrect }: { shot: Shot; canCorrect: boolean }) {
  const known = (shot.labels ?? {}) as Record<string, Fact | Fact[] | undefined>;
  const absent = ((known['absent'] as Fact | undefined)?.value ?? []) as string[];
  return (
    <section aria-label="Labels">
      <h3 className="text-sm font-medium text-soft">Labels</h3>
      <ul className="mt-1 grid grid-cols-1 gap-x-4 sm:grid-cols-2 lg:grid-cols-1 xl:grid-cols-2">
        {labels.map(([name, values]) => (
          <Label key={`${shot.id} ${name}`} shotId={shot.id} name={name} values={values} facts={[known[name] ?? []].flat()} none={absent.includes(name)} canCorrect={canCorrect} />
        ))}
      </ul>
    </section>
  );
}

/** In a field for text Enter saves; in a choice not every browser does. */
function saveByEnter(event: KeyboardEvent<HTMLSelectElement>): void {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

function Label({ shotId, name, values, facts, none, canCorrect }: { shotId: string; name: string; values: string[] | null; facts: Fact[]; none: boolean; canCorrect: boolean }) {
  const action = useAction(labelShot, 'labelShot');
  const [draft, setDraft] = useState<string>();
  const now = facts.map(({ value }) => String(value)).join(', ');
  const label = (name[0] ?? '').toUpperCase() + spaced(name).slice(1);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const written = (draft ?? '').split(name === 'objects' ? ',' : '\n').map((word) => word.trim()).filter(Boolean);
    if (await action.run({ id: shotId, label: name, values: written })) setDraft(undefined);
  };
  if (draft !== undefined) {
    return (
      <li className="py-1.5 sm:col-span-2 lg:col-span-1 xl:col-span-2" onKeyDown={(event) => event.key === 'Escape' && (event.stopPropagation(), setDraft(undefined))}>
        <form onSubmit={(event) => void save(event)} className="flex flex-col gap-2">
          {values ? (
            <Select label={label} autoFocus value={draft} onChange={({ target }) => setDraft(target.value)} onKeyDown={saveByEnter}>
              <option value="">none</option>
              {values.map((value) => (
                <option key={value}>{value}</option>
              ))}
            </Select>
          ) : (
            <TextField label={label} autoFocus value={draft} onChange={({ target }) => setDraft(target.value)} hint={name === 'objects' ? 'With commas between; empty: none.' : 'Empty: none.'} />
          )}
          {action.refusal && <Why reason={action.refusal} />}
          <div className="flex gap-2">
            <Button look="primary" type="submit" busy={action.busy}>
              Save
            </Button>
            <Button look="bare" onClick={() => setDraft(undefined)}>
              Cancel
            </Button>
          </div>
        </form>
      </li>
    );
  }
  const [first] = facts;
  return (
    <li className="flex items-start justify-between gap-2 py-1.5 text-sm">
      <span className="min-w-0">
        <span className="block text-xs text-faint">{label}</span>
        {facts.length ? inWords(now) : <span className="text-faint">{none ? 'none' : 'not known'}</span>}
        {(first || none) && (
          <span className={`block text-[0.6875rem] ${none || first?.source === 'written' ? 'text-tungsten' : 'text-faint'}`}>
            {none ? 'written' : first?.source}
            {first?.by && (first.source === 'written' ? ` by ${first.by}` : `, ${first.by}`)}
            {first?.source !== 'written' && first?.confidence !== undefined && `, ${Math.round(first.confidence * 100)}%`}
          </span>
        )}
      </span>
      {canCorrect && (
        <IconButton label={`Correct ${label.toLowerCase()}`} className="!size-7 shrink-0" onClick={() => setDraft(now)}>
          <Pencil size={13} aria-hidden />
        </IconButton>
      )}
    </li>
  );
}

/** Takes the latest correction of a shot back. */
export function UndoCorrection({ id }: { id: string }) {
  const action = useAction(undoCorrection, 'undoCorrection');
  return (
    <>
      <Button look="bare" className="ml-2 !min-h-7 !px-2 text-xs" busy={action.busy} onClick={() => void action.run({ id })}>
        Undo
      </Button>
      {action.refusal && <Why reason={action.refusal} className="mt-1" />}
    </>
  );
}
