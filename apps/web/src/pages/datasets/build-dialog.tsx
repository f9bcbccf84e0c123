import { useState, type FormEvent } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Choices, TextField } from '../../ui/field.js';
import { Failed, SkeletonRows, Why } from '../../ui/states.js';

const readyTitles = graphql(`
  query ReadyTitles($search: String) {
    titles(first: 100, state: READY, search: $search) {
      nodes {
        id
        name
        year
      }
      totalCount
    }
  }
`);

const buildDataset = graphql(`
  mutation BuildDataset($input: DatasetInput!) {
    buildDataset(input: $input) {
      __typename
      ... on DatasetVersion {
        id
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

export function BuildDialog({ onClose, onBuilt }: { onClose: () => void; onBuilt: (versionId: string) => void }) {
  const [search, setSearch] = useState('');
  const [{ data, error }, again] = useQuery({ query: readyTitles, variables: { search: search || null }, requestPolicy: 'cache-and-network' });
  const { run, busy, refusal } = useAction(buildDataset, 'buildDataset');
  const [name, setName] = useState('');
  const [titleIds, setTitleIds] = useState<string[]>([]);
  const [minSeconds, setMinSeconds] = useState('');
  const [words, setWords] = useState('');
  const [perShot, setPerShot] = useState('');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const built = await run({
      input: {
        name,
        titleIds,
        minSeconds: minSeconds === '' ? null : Number(minSeconds),
        captionContains: words.trim() || null,
        clipsPerShot: perShot === '' ? null : Number(perShot),
      },
    });
    if (built) onBuilt(built.id);
  };

  return (
    <Dialog title="Build a dataset" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-5">
        <TextField label="Name" required autoFocus value={name} onChange={({ target }) => setName(target.value)} hint="The same name again makes its next version." />
        {error && !data ? (
          <Failed error={error} retry={() => again({ requestPolicy: 'network-only' })} />
        ) : !data ? (
          <SkeletonRows rows={3} className="h-9" />
        ) : data.titles.nodes.length === 0 && !search ? (
          <p className="text-sm text-soft">No title is ready yet. Add one to the catalogue and wait until it is analysed.</p>
        ) : (
          <div className="flex flex-col gap-3">
            {data.titles.totalCount > 20 || search ? <TextField label="Find a title" type="search" value={search} onChange={({ target }) => setSearch(target.value)} /> : null}
            <Choices
              legend="Titles"
              hint={titleIds.length === 0 ? 'None chosen: every title that is ready.' : `${titleIds.length} chosen.`}
              chosen={titleIds}
              onChange={setTitleIds}
              options={data.titles.nodes.map((title) => ({ id: title.id, name: title.year ? `${title.name} (${title.year})` : title.name }))}
            />
          </div>
        )}
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField label="Shots of at least, seconds" type="number" min={0} step={0.1} value={minSeconds} onChange={({ target }) => setMinSeconds(target.value)} />
          <TextField label="Clips per shot, at most" type="number" min={1} step={1} value={perShot} onChange={({ target }) => setPerShot(target.value)} />
        </div>
        <TextField label="Words that the caption must hold" value={words} onChange={({ target }) => setWords(target.value)} />
        {refusal && <Why reason={refusal} />}
        <div className="flex justify-end gap-2">
          <Button look="bare" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={busy} disabled={data?.titles.nodes.length === 0 && !search}>
            Build
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
