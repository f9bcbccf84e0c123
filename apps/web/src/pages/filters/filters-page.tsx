import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Answered } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Select, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { Page, Tabs } from '../../ui/page.js';
import { SkeletonRows } from '../../ui/states.js';
import { Compare } from './compare.js';
import { FilterEditor } from './filter-editor.js';
import { filters, type Filters, type Preset } from './filter-query.js';
import { History } from './history.js';

const createFilterSet = graphql(`
  mutation CreateFilterSet($input: FilterSetInput!) {
    createFilterSet(input: $input) {
      __typename
      ... on FilterSet {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const route = getRouteApi('/datasets/filters');

/** Which shots go into a dataset, tried on the studio's own shots before anything is built. */
export function FiltersPage() {
  const can = useCan();
  const navigate = useNavigate();
  const { set } = route.useSearch();
  const [making, setMaking] = useState(false);
  const answer = useQuery({ query: filters, requestPolicy: 'cache-and-network' });
  const again = () => answer[1]({ requestPolicy: 'network-only' });
  const choose = (id: string) => void navigate({ to: '/datasets/filters', search: { set: id } });
  return (
    <Page
      title="Filters"
      above={
        <Link to="/datasets" className="hover:text-ink">
          Datasets
        </Link>
      }
      lead="Rules that keep a shot or drop it. Try a threshold on your own shots first; what you apply becomes a version, and can be undone."
      actions={
        can('change Filter') && (
          <Button look="primary" onClick={() => setMaking(true)}>
            <Plus size={16} aria-hidden />
            New filter set
          </Button>
        )
      }
    >
      {/* A set that was just made is on its way: to show another one meanwhile would take what a member begins on it. */}
      <Answered answer={answer}>{(data) => (set && !holds(data, set) && (answer[0].fetching || answer[0].stale) ? <SkeletonRows /> : <Chosen data={data} chosen={set} onChoose={choose} onApplied={again} />)}</Answered>
      {making && answer[0].data && (
        <NewDialog
          presets={answer[0].data.filterPresets}
          onClose={() => setMaking(false)}
          onMade={(id) => {
            setMaking(false);
            again();
            choose(id);
          }}
        />
      )}
    </Page>
  );
}

const holds = (data: Filters, chosen: string): boolean => data.filterSets.nodes.some(({ id }) => id === chosen) || data.filterPresets.some(({ name }) => name === chosen);

function Chosen({ data, chosen, onChoose, onApplied }: { data: Filters; chosen: string | undefined; onChoose: (id: string) => void; onApplied: () => void }) {
  const [tab, setTab] = useState<'rules' | 'history' | 'compare'>('rules');
  const sets = data.filterSets.nodes;
  const preset = data.filterPresets.find(({ name }) => name === chosen);
  const set = preset ? undefined : (sets.find(({ id }) => id === chosen) ?? sets[0]);
  const shown = set ?? preset ?? data.filterPresets[0];
  if (!shown) return null;
  return (
    <>
      <div className="mb-5 max-w-md">
        <Select label="Rules of" value={set?.id ?? (shown as Preset).name} onChange={({ target }) => onChoose(target.value)} hint={set?.preset ? `Started from ${set.preset}.` : set ? undefined : (shown as Preset).words}>
          {sets.length > 0 && (
            <optgroup label="Filter sets of the studio">
              {sets.map(({ id, name, version }) => (
                <option key={id} value={id}>
                  {name}, version {version}
                </option>
              ))}
            </optgroup>
          )}
          <optgroup label="Presets">
            {data.filterPresets.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </optgroup>
        </Select>
      </div>
      <Tabs
        label="Filters"
        tabs={[{ name: 'rules', label: 'Rules', count: shown.rules.length }, ...(set ? [{ name: 'history' as const, label: 'History', count: set.version }] : []), { name: 'compare', label: 'Compare' }]}
        open={tab === 'history' && !set ? 'rules' : tab}
        onOpen={setTab}
      />
      {tab === 'compare' ? (
        <Compare sets={sets} presets={data.filterPresets} measures={data.filterMeasures} />
      ) : tab === 'history' && set ? (
        <History key={set.id} set={set} onApplied={onApplied} />
      ) : (
        <FilterEditor key={set?.id ?? (shown as Preset).name} set={set} rules={shown.rules} measures={data.filterMeasures} onApplied={onApplied} />
      )}
    </>
  );
}

function NewDialog({ presets, onClose, onMade }: { presets: Preset[]; onClose: () => void; onMade: (id: string) => void }) {
  const { values, field } = useForm({ name: '', preset: 'standard' });
  const action = useAction(createFilterSet, 'createFilterSet');
  const submit = async () => {
    const made = await action.run({ input: values });
    if (made) onMade(made.id);
  };
  return (
    <FormDialog title="New filter set" act="Create" action={action} onSubmit={submit} onClose={onClose}>
      <TextField label="Name" required autoFocus {...field('name')} />
      <Select label="Start from" {...field('preset')}>
        {presets.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
      <p className="text-sm text-soft">{presets.find(({ name }) => name === values.preset)?.words}</p>
    </FormDialog>
  );
}
