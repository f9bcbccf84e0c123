import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import type { RunChoicesQuery } from '../../generated/graphql.js';
import { count } from '../../lib/format.js';
import { numberOr, useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { Answered } from '../../ui/answered.js';
import { Dialog } from '../../ui/dialog.js';
import { Select, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { SkeletonRows } from '../../ui/states.js';

const runChoices = graphql(`
  query RunChoices {
    datasetVersions(first: 100) {
      nodes {
        id
        name
        number
        state
        clipCount
      }
    }
    baseModels {
      id
      name
      licence
      spec
    }
  }
`);

const startRun = graphql(`
  mutation StartRun($input: RunInput!) {
    startRun(input: $input) {
      __typename
      ... on TrainingRun {
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

interface StartDialogProps {
  datasetVersionId?: string;
  onClose: () => void;
  onStarted: (runId: string) => void;
}

export function StartDialog(props: StartDialogProps) {
  const answer = useQuery({ query: runChoices, requestPolicy: 'cache-and-network' });
  const { data } = answer[0];
  const frozen = data?.datasetVersions.nodes.filter(({ state }) => state === 'FROZEN') ?? [];
  if (data?.baseModels.length && frozen.length > 0) return <StartForm {...props} frozen={frozen} bases={data.baseModels} />;
  return (
    <Dialog title="Start a run" onClose={props.onClose}>
      <Answered answer={answer} waiting={<SkeletonRows rows={4} />}>
        {() =>
          frozen.length === 0 ? (
            <p className="text-sm text-soft">No dataset is frozen yet. Build one under Datasets; when it is frozen, start the run here.</p>
          ) : (
            <p className="text-sm text-soft">
              Your studio has no base model. Your operator adds one with <code className="font-mono">npx backlot base add DIR</code>.
            </p>
          )
        }
      </Answered>
    </Dialog>
  );
}

function StartForm({ datasetVersionId, onClose, onStarted, frozen, bases }: StartDialogProps & { frozen: RunChoicesQuery['datasetVersions']['nodes']; bases: RunChoicesQuery['baseModels'] }) {
  const action = useAction(startRun, 'startRun');
  const { values, field } = useForm({ name: '', dataset: datasetVersionId ?? frozen[0]?.id ?? '', base: bases[0]?.id ?? '', steps: '', rank: '', learningRate: '', seed: '' });
  const base = bases.find(({ id }) => id === values.base);
  const own = (base?.spec as { training?: { steps?: number; rank?: number; learningRate?: number } } | undefined)?.training;

  const submit = async () => {
    const settings = { steps: numberOr(values.steps), rank: numberOr(values.rank), learningRate: numberOr(values.learningRate), seed: numberOr(values.seed) };
    const started = await action.run({ input: { name: values.name, datasetVersionId: values.dataset, baseModelId: values.base, ...settings } });
    if (started) onStarted(started.id);
  };

  return (
    <FormDialog title="Start a run" act="Start" action={action} onSubmit={submit} onClose={onClose}>
      <TextField label="Name" required autoFocus {...field('name')} hint="The model that comes out bears it." />
      <Select label="Dataset" {...field('dataset')}>
        {frozen.map((version) => (
          <option key={version.id} value={version.id}>
            {version.name}, version {version.number} ({count(version.clipCount, 'clip')})
          </option>
        ))}
      </Select>
      <Select label="Base model" {...field('base')} hint={base && `Licence: ${base.licence}`}>
        {bases.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Select>
      <details>
        <summary className="text-sm font-medium text-soft hover:text-ink">Settings; what is empty is the base model’s own</summary>
        <div className="mt-3 grid gap-4 sm:grid-cols-2">
          <TextField label="Steps" type="number" min={1} placeholder={own?.steps?.toString()} {...field('steps')} />
          <TextField label="Rank of the adapter" type="number" min={1} placeholder={own?.rank?.toString()} {...field('rank')} />
          <TextField label="Learning rate" type="number" min={0} step="any" placeholder={own?.learningRate?.toString()} {...field('learningRate')} />
          <TextField label="Seed" type="number" min={0} placeholder="1" {...field('seed')} />
        </div>
      </details>
    </FormDialog>
  );
}
