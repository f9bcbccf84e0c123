import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import type { CaptionLength } from '../../generated/graphql.js';
import { numberOr, useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Select, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { TitleChoices } from '../../ui/title-choices.js';

const filterChoices = graphql(`
  query FilterChoices {
    filterSets(first: 100) {
      nodes {
        id
        name
        version
      }
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
  const { values, field } = useForm({ name: '', minSeconds: '', words: '', perShot: '', filter: '', length: 'MEDIUM' });
  const [allCaptions, setAllCaptions] = useState(false);
  const [oneOfEach, setOneOfEach] = useState(false);
  const [{ data: sets }] = useQuery({ query: filterChoices });
  const [titleIds, setTitleIds] = useState<string[]>([]);
  const action = useAction(buildDataset, 'buildDataset');

  const chosen = sets?.filterSets.nodes.find(({ id }) => id === values.filter);

  const submit = async () => {
    const input = { name: values.name, titleIds, minSeconds: numberOr(values.minSeconds), captionContains: values.words.trim() || null, clipsPerShot: numberOr(values.perShot), oneOfDuplicates: oneOfEach, captionLength: values.length as CaptionLength, allCaptions, filter: chosen ? { setId: chosen.id, version: chosen.version } : null };
    const built = await action.run({ input });
    if (built) onBuilt(built.id);
  };

  return (
    <FormDialog title="Build a dataset" act="Build" action={action} onSubmit={submit} onClose={onClose}>
      <TextField label="Name" required autoFocus {...field('name')} hint="The same name again makes its next version." />
      <TitleChoices
        legend="Titles"
        state="READY"
        hint={titleIds.length === 0 ? 'None chosen: every title that is ready.' : `${titleIds.length} chosen.`}
        none="No title is ready yet. Add one to the catalogue and wait until it is analysed."
        chosen={titleIds}
        onChange={setTitleIds}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Shots of at least, seconds" type="number" min={0} step={0.1} {...field('minSeconds')} />
        <TextField label="Clips per shot, at most" type="number" min={1} step={1} {...field('perShot')} />
      </div>
      <TextField label="Words that the caption must hold" {...field('words')} />
      <Select label="Captions" {...field('length')}>
        <option value="SHORT">Short: size, subject and place</option>
        <option value="MEDIUM">Medium: one sentence</option>
        <option value="LONG">Long: everything that is known</option>
      </Select>
      <label className="flex items-baseline gap-2 text-sm">
        <input type="checkbox" className="translate-y-0.5 accent-tungsten" checked={allCaptions} onChange={({ target }) => setAllCaptions(target.checked)} />
        Captions of all three lengths beside each clip
      </label>
      <Select label="Filters" {...field('filter')}>
        <option value="">The standard rules</option>
        {sets?.filterSets.nodes.map(({ id, name, version }) => (
          <option key={id} value={id}>
            {name}, version {version}
          </option>
        ))}
      </Select>
      <label className="flex items-baseline gap-2 text-sm">
        <input type="checkbox" className="translate-y-0.5 accent-tungsten" checked={oneOfEach} onChange={({ target }) => setOneOfEach(target.checked)} />
        Of shots that show one take, only the one that represents them
      </label>
    </FormDialog>
  );
}
