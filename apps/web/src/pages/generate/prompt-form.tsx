import { Dices } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { graphql } from '../../generated/index.js';
import type { ModelsQuery } from '../../generated/graphql.js';
import { useAction } from '../../lib/outcome.js';
import { Button, IconButton } from '../../ui/button.js';
import { Select, TextArea, TextField } from '../../ui/field.js';
import { Why } from '../../ui/states.js';
import type { Wish } from './wish.js';

const generate = graphql(`
  mutation Generate($input: GenerationInput!) {
    generate(input: $input) {
      __typename
      ... on Generation {
        ...GenerationFields
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

type Model = ModelsQuery['models']['nodes'][number];

interface PromptFormProps {
  models: Model[];
  model: Model;
  wish: Wish;
  mayGenerate: boolean;
  onWish: (wish: Wish) => void;
  onModel: (id: string) => void;
  onGenerated: () => void;
}

export function PromptForm({ models, model, wish, mayGenerate, onWish, onModel, onGenerated }: PromptFormProps) {
  const { run, busy, refusal } = useAction(generate, 'generate');
  const [steps, setSteps] = useState('');
  const [guidance, setGuidance] = useState('');
  const own = (model.baseModel.spec as { generation?: { steps?: number; guidance?: number } } | null)?.generation;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await run({
      input: { modelId: model.id, prompt: wish.prompt, seed: wish.seed === '' ? null : wish.seed, steps: steps === '' ? null : Number(steps), guidance: guidance === '' ? null : Number(guidance) },
    });
    if (made) onGenerated();
  };

  return (
    <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-5 lg:sticky lg:top-8 lg:self-start">
      <Select
        label="Model"
        value={model.id}
        onChange={({ target }) => onModel(target.value)}
        hint={`${model.baseModel.name}, fine-tuned on ${model.datasetVersion.name}, version ${model.datasetVersion.number}`}
      >
        {models.map(({ id, name, version }) => (
          <option key={id} value={id}>
            {name}, version {version}
          </option>
        ))}
      </Select>
      {mayGenerate ? (
        <>
          <TextArea
            label="Prompt"
            required
            rows={4}
            value={wish.prompt}
            placeholder="A long shot of a rooftop at night, slow pan"
            onChange={({ target }) => onWish({ ...wish, prompt: target.value })}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
            }}
          />
          <div className="flex items-end gap-2">
            <div className="min-w-0 flex-1">
              <TextField label="Seed" type="number" min={0} value={wish.seed} onChange={({ target }) => onWish({ ...wish, seed: target.value })} />
            </div>
            <IconButton label="Another seed" className="mb-0.5" onClick={() => onWish({ ...wish, seed: String(crypto.getRandomValues(new Uint32Array(1))[0] ?? 1) })}>
              <Dices size={17} aria-hidden />
            </IconButton>
          </div>
          <details>
            <summary className="text-sm font-medium text-soft hover:text-ink">Steps and guidance</summary>
            <div className="mt-3 grid grid-cols-2 gap-4">
              <TextField label="Steps" type="number" min={1} max={100} placeholder={own?.steps?.toString()} value={steps} onChange={({ target }) => setSteps(target.value)} />
              <TextField label="Guidance" type="number" min={0} step={0.1} placeholder={own?.guidance?.toString()} value={guidance} onChange={({ target }) => setGuidance(target.value)} />
            </div>
          </details>
          {refusal && <Why reason={refusal} />}
          <Button look="primary" type="submit" busy={busy}>
            {busy ? 'Asking…' : 'Generate'}
          </Button>
        </>
      ) : (
        <p className="text-sm text-soft">Your role looks; editors generate.</p>
      )}
    </form>
  );
}
