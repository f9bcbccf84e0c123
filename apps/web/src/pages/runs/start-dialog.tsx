import { useState, type FormEvent } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { count } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Select, TextField } from '../../ui/field.js';
import { Failed, SkeletonRows, Why } from '../../ui/states.js';

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

/** An empty field means the base model's own setting. */
const number = (text: string): number | null => (text === '' ? null : Number(text));

export function StartDialog({ datasetVersionId, onClose, onStarted }: { datasetVersionId?: string; onClose: () => void; onStarted: (runId: string) => void }) {
  const [{ data, error }, again] = useQuery({ query: runChoices, requestPolicy: 'cache-and-network' });
  const { run, busy, refusal } = useAction(startRun, 'startRun');
  const [form, setForm] = useState({ name: '', dataset: datasetVersionId ?? '', base: '', steps: '', rank: '', learningRate: '', seed: '' });
  const set = (field: keyof typeof form) => ({ target }: { target: { value: string } }) => setForm((now) => ({ ...now, [field]: target.value }));

  const frozen = data?.datasetVersions.nodes.filter(({ state }) => state === 'FROZEN') ?? [];
  const dataset = form.dataset || frozen[0]?.id || '';
  const base = data?.baseModels.find(({ id }) => id === form.base) ?? data?.baseModels[0];
  const own = (base?.spec as { training?: { steps?: number; rank?: number; learningRate?: number } } | undefined)?.training;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!base) return;
    const started = await run({
      input: { name: form.name, datasetVersionId: dataset, baseModelId: base.id, steps: number(form.steps), rank: number(form.rank), learningRate: number(form.learningRate), seed: number(form.seed) },
    });
    if (started) onStarted(started.id);
  };

  return (
    <Dialog title="Start a run" onClose={onClose}>
      {error && !data ? (
        <Failed error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      ) : !data ? (
        <SkeletonRows rows={4} />
      ) : frozen.length === 0 ? (
        <p className="text-sm text-soft">No dataset is frozen yet. Build one under Datasets; when it is frozen, start the run here.</p>
      ) : !base ? (
        <p className="text-sm text-soft">
          Your studio has no base model. Your operator adds one with <code className="font-mono">npx backlot base add DIR</code>.
        </p>
      ) : (
        <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-5">
          <TextField label="Name" required autoFocus value={form.name} onChange={set('name')} hint="The model that comes out bears it." />
          <Select label="Dataset" value={dataset} onChange={set('dataset')}>
            {frozen.map((version) => (
              <option key={version.id} value={version.id}>
                {version.name}, version {version.number} ({count(version.clipCount, 'clip')})
              </option>
            ))}
          </Select>
          <Select label="Base model" value={base.id} onChange={set('base')} hint={`Licence: ${base.licence}`}>
            {data.baseModels.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
          <details>
            <summary className="text-sm font-medium text-soft hover:text-ink">Settings; what is empty is the base model’s own</summary>
            <div className="mt-3 grid gap-4 sm:grid-cols-2">
              <TextField label="Steps" type="number" min={1} placeholder={own?.steps?.toString()} value={form.steps} onChange={set('steps')} />
              <TextField label="Rank of the adapter" type="number" min={1} placeholder={own?.rank?.toString()} value={form.rank} onChange={set('rank')} />
              <TextField label="Learning rate" type="number" min={0} step="any" placeholder={own?.learningRate?.toString()} value={form.learningRate} onChange={set('learningRate')} />
              <TextField label="Seed" type="number" min={0} placeholder="1" value={form.seed} onChange={set('seed')} />
            </div>
          </details>
          {refusal && <Why reason={refusal} />}
          <div className="flex justify-end gap-2">
            <Button look="bare" onClick={onClose}>
              Cancel
            </Button>
            <Button look="primary" type="submit" busy={busy}>
              Start
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
