import { Pencil } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { Button, IconButton } from '../../ui/button.js';
import { Why } from '../../ui/states.js';

const correctShot = graphql(`
  mutation CorrectShot($id: ID!, $field: String!, $value: String!) {
    correctShot(id: $id, field: $field, value: $value) {
      __typename
      ... on Shot {
        ...ShotFields
      }
      ... on Refused {
        code
        message
        wayOut
        decisionId
      }
    }
  }
`);

export interface Known {
  value: string;
  source?: 'measured' | 'modelled' | 'written';
  by?: string;
  confidence?: number;
}

/** How a field came to be known. */
function Source({ known }: { known: Known }) {
  if (!known.source) return null;
  const tone = known.source === 'written' ? 'text-tungsten' : 'text-faint';
  const by = known.by ? (known.source === 'written' ? ` by ${known.by}` : `, ${known.by}`) : '';
  return (
    <span className={`block text-[0.6875rem] ${tone}`} title={known.confidence === undefined ? undefined : `Confidence ${Math.round(known.confidence * 100)}%`}>
      {known.source}
      {by}
    </span>
  );
}

/** One caption field: its value and where it is from; a member who may, corrects it in place. */
export function CaptionField({ shotId, field, label, known, canCorrect, long }: { shotId: string; field: string; label: string; known: Known | undefined; canCorrect: boolean; long?: boolean }) {
  const { run, busy, refusal, forget } = useAction(correctShot, 'correctShot');
  const [draft, setDraft] = useState<string>();
  const editing = draft !== undefined;

  const leave = () => {
    setDraft(undefined);
    forget();
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (draft === undefined || draft.trim() === (known?.value ?? '')) return leave();
    if (await run({ id: shotId, field, value: draft.trim() })) leave();
  };

  if (editing) {
    const box = 'w-full rounded-md border border-edge bg-room px-2.5 py-1.5 text-sm';
    return (
      <form onSubmit={(event) => void save(event)} onKeyDown={(event) => event.key === 'Escape' && leave()} className="flex flex-col gap-2 py-1.5">
        <label className="text-xs text-faint">
          {label}
          {long ? (
            <textarea autoFocus rows={3} value={draft} onChange={({ target }) => setDraft(target.value)} className={`${box} mt-1 text-ink`} />
          ) : (
            <input autoFocus value={draft} onChange={({ target }) => setDraft(target.value)} className={`${box} mt-1 text-ink`} />
          )}
        </label>
        {refusal && <Why reason={refusal} />}
        <div className="flex gap-2">
          <Button look="primary" type="submit" busy={busy} className="!min-h-8">
            Save
          </Button>
          <Button look="bare" className="!min-h-8" onClick={leave}>
            Cancel
          </Button>
        </div>
      </form>
    );
  }
  return (
    <div className="group flex items-start justify-between gap-2 py-1.5">
      <div className="min-w-0">
        <div className="text-xs text-faint">{label}</div>
        <div className="text-sm break-words">{known?.value ?? <span className="text-faint">not known</span>}</div>
        {known && <Source known={known} />}
      </div>
      {canCorrect && (
        <IconButton
          label={`Correct ${label.toLowerCase()}`}
          className="!size-7 shrink-0 opacity-60 group-hover:opacity-100 focus-visible:opacity-100"
          onClick={() => setDraft(known?.value ?? '')}
        >
          <Pencil size={14} aria-hidden />
        </IconButton>
      )}
    </div>
  );
}
