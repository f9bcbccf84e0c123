import clsx from 'clsx';
import { FileVideo2, X } from 'lucide-react';
import { useId, useState, type DragEvent } from 'react';
import { useClient } from 'urql';
import { graphql } from '../../generated/index.js';
import { bytes, count } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { Button, IconButton } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { Why, type ReasonLike } from '../../ui/states.js';
import { LicenceChoices } from '../licences/licence-choices.js';
import { uploads } from './uploads.js';

const createTitle = graphql(`
  mutation CreateTitle($input: TitleInput!) {
    createTitle(input: $input) {
      __typename
      ... on Title {
        id
        name
        state
        reason {
          code
          message
          wayOut
        }
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

interface Draft {
  file: File;
  name: string;
}

/** 'sintel_rooftop.mp4' → 'Sintel rooftop' */
function nameOf(fileName: string): string {
  const words = fileName.replace(/\.[^.]+$/, '').replaceAll(/[_.-]+/g, ' ').trim();
  return words === '' ? fileName : words[0]?.toUpperCase() + words.slice(1);
}

/** Registers a title for each file under the chosen licences and starts its upload. */
export function AddTitleDialog({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const client = useClient();
  const action = useAction(createTitle, 'createTitle');
  const [drafts, setDrafts] = useState<Draft[]>([]);
  const [licenceIds, setLicenceIds] = useState<string[]>([]);
  const [kept, setKept] = useState<{ name: string; reason: ReasonLike }[]>([]);

  const add = (files: Iterable<File>) => {
    // Taken out at once: a file input's list empties itself with the input.
    const more = [...files].map((file) => ({ file, name: nameOf(file.name) }));
    setDrafts((now) => [...now, ...more]);
  };

  const submit = async () => {
    const withheld: typeof kept = [];
    for (const draft of drafts) {
      const title = await action.run({ input: { name: draft.name, licenceIds } });
      if (!title) return;
      setDrafts((now) => now.filter((one) => one !== draft));
      onAdded();
      if (title.state === 'WITHHELD' && title.reason) withheld.push({ name: title.name, reason: title.reason });
      else uploads.add(client, title, draft.file);
    }
    if (withheld.length === 0) onClose();
    else setKept(withheld);
  };

  if (kept.length > 0) {
    return (
      <Dialog title="The licence does not permit it" onClose={onClose}>
        <div className="flex flex-col gap-4">
          <p className="text-sm text-soft">{count(kept.length, 'title is', 'titles are')} registered but withheld: no byte of the file was taken.</p>
          {kept.map(({ name, reason }) => (
            <div key={name}>
              <h3 className="mb-1 text-sm font-medium">{name}</h3>
              <Why reason={reason} tone="kept" />
            </div>
          ))}
          <Button onClick={onClose}>Close</Button>
        </div>
      </Dialog>
    );
  }

  return (
    <FormDialog
      title="Add titles"
      act={drafts.length > 1 ? `Add ${drafts.length} titles` : 'Add title'}
      action={action}
      disabled={drafts.length === 0 || licenceIds.length === 0}
      onSubmit={submit}
      onClose={onClose}
    >
      <Drop onFiles={add} />
      {drafts.length > 0 && (
        <ul className="flex flex-col gap-3">
          {drafts.map((draft, place) => (
            <li key={`${draft.file.name} ${place}`} className="flex items-end gap-2">
              <div className="min-w-0 flex-1">
                <TextField
                  label="Name"
                  required
                  value={draft.name}
                  hint={`${draft.file.name}, ${bytes(draft.file.size)}`}
                  onChange={({ target }) => setDrafts((now) => now.map((one) => (one === draft ? { ...one, name: target.value } : one)))}
                />
              </div>
              <IconButton label={`Leave ${draft.file.name} out`} className="mb-5.5" onClick={() => setDrafts((now) => now.filter((one) => one !== draft))}>
                <X size={16} aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <LicenceChoices
        legend="Licences it stands under"
        hint="Every chosen licence must permit what is done with the title. What no licence permits is refused."
        none="There is no licence yet. A title needs one: ask your compliance officer to add it under Licences."
        chosen={licenceIds}
        onChange={setLicenceIds}
      />
    </FormDialog>
  );
}

function Drop({ onFiles }: { onFiles: (files: Iterable<File>) => void }) {
  const id = useId();
  const [over, setOver] = useState(false);
  const hold = (event: DragEvent, now: boolean) => {
    event.preventDefault();
    setOver(now);
  };
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => hold(event, true)}
      onDragLeave={(event) => hold(event, false)}
      onDrop={(event) => {
        hold(event, false);
        onFiles(event.dataTransfer.files);
      }}
      className={clsx(
        'flex cursor-pointer flex-col items-center gap-1.5 rounded-lg border border-dashed px-4 py-7 text-sm focus-within:border-tungsten',
        over ? 'border-tungsten bg-raised' : 'border-edge hover:bg-raised',
      )}
    >
      <FileVideo2 size={22} aria-hidden className="text-faint" />
      <span>
        Drop films here, or <span className="text-tungsten underline underline-offset-2">choose files</span>
      </span>
      <span className="text-xs text-faint">Sent in parts with checksums; goes on where it stopped.</span>
      <input
        id={id}
        type="file"
        multiple
        accept="video/*,.mkv,.mxf,.mov,.ts,.avi,.webm"
        className="sr-only"
        onChange={({ target }) => {
          onFiles(target.files ?? []);
          target.value = '';
        }}
      />
    </label>
  );
}
