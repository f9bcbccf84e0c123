import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { numberOr, useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Answered } from '../../ui/answered.js';
import { Choices, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { SkeletonRows } from '../../ui/states.js';

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
  const { values, field } = useForm({ name: '', search: '', minSeconds: '', words: '', perShot: '' });
  const [titleIds, setTitleIds] = useState<string[]>([]);
  const answer = useQuery({ query: readyTitles, variables: { search: values.search || null }, requestPolicy: 'cache-and-network' });
  const action = useAction(buildDataset, 'buildDataset');
  const nothingReady = answer[0].data?.titles.nodes.length === 0 && !values.search;

  const submit = async () => {
    const input = { name: values.name, titleIds, minSeconds: numberOr(values.minSeconds), captionContains: values.words.trim() || null, clipsPerShot: numberOr(values.perShot) };
    const built = await action.run({ input });
    if (built) onBuilt(built.id);
  };

  return (
    <FormDialog title="Build a dataset" act="Build" action={action} disabled={nothingReady} onSubmit={submit} onClose={onClose}>
      <TextField label="Name" required autoFocus {...field('name')} hint="The same name again makes its next version." />
      <Answered answer={answer} waiting={<SkeletonRows rows={3} className="h-9" />}>
        {({ titles }) =>
          nothingReady ? (
            <p className="text-sm text-soft">No title is ready yet. Add one to the catalogue and wait until it is analysed.</p>
          ) : (
            <div className="flex flex-col gap-3">
              {titles.totalCount > 20 || values.search ? <TextField label="Find a title" type="search" {...field('search')} /> : null}
              <Choices
                legend="Titles"
                hint={titleIds.length === 0 ? 'None chosen: every title that is ready.' : `${titleIds.length} chosen.`}
                chosen={titleIds}
                onChange={setTitleIds}
                options={titles.nodes.map((title) => ({ id: title.id, name: title.year ? `${title.name} (${title.year})` : title.name }))}
              />
            </div>
          )
        }
      </Answered>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField label="Shots of at least, seconds" type="number" min={0} step={0.1} {...field('minSeconds')} />
        <TextField label="Clips per shot, at most" type="number" min={1} step={1} {...field('perShot')} />
      </div>
      <TextField label="Words that the caption must hold" {...field('words')} />
    </FormDialog>
  );
}
