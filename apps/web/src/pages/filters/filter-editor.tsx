import { Plus } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import type { FilterPreviewInput } from '../../generated/graphql.js';
import { count } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Select, TextField } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { Empty, Failed, Skeleton, Why } from '../../ui/states.js';
import { asksInWords, filterPreview, toInput, type FilterSet, type Measure, type Rule } from './filter-query.js';
import { RuleEditor } from './rule-editor.js';

const changeFilterSet = graphql(`
  mutation ChangeFilterSet($id: ID!, $input: FilterChange!) {
    changeFilterSet(id: $id, input: $input) {
      __typename
      ... on FilterSet {
        id
        version
        changedAt
        rules {
          ...RuleFields
        }
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

export const goBackFilterSet = graphql(`
  mutation GoBackFilterSet($id: ID!, $version: Int!, $why: String!) {
    goBackFilterSet(id: $id, version: $version, why: $why) {
      __typename
      ... on FilterSet {
        id
        version
        changedAt
        rules {
          ...RuleFields
        }
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

/** So long after the last change the shots are counted anew. */
const SETTLED_MS = 350;

/** A filter set's rules, changed and looked at before anything is kept of it; `set` undefined: a preset, which is only looked at. */
export function FilterEditor({ set, rules: kept, measures, onApplied }: { set: FilterSet | undefined; rules: Rule[]; measures: Measure[]; onApplied: () => void }) {
  const can = useCan();
  const mayChange = set !== undefined && can('change Filter');
  const [draft, setDraft] = useState(kept);
  const [asked, setAsked] = useState(kept);
  const [applying, setApplying] = useState(false);
  const [applied, setApplied] = useState<number>();
  const back = useAction(goBackFilterSet, 'goBackFilterSet');
  const keptText = JSON.stringify(kept.map(toInput));
  const changed = JSON.stringify(draft.map(toInput)) !== keptText;
  // Other rules came, from here or from somebody else: what is kept is the beginning again. The same ones asked for anew take no draft away.
  useEffect(() => setDraft(kept), [keptText]);
  useEffect(() => {
    const later = setTimeout(() => setAsked(draft), SETTLED_MS);
    return () => clearTimeout(later);
  }, [draft]);
  const input = useMemo((): FilterPreviewInput => ({ titleIds: [], rules: asked.map(toInput) }), [asked]);
  const [answer, again] = useQuery({ query: filterPreview, variables: { input }, requestPolicy: 'cache-and-network' });
  const [before] = useQuery({ query: filterPreview, variables: { input: { titleIds: [], rules: kept.map(toInput) } }, pause: !changed });
  const preview = answer.data?.filterPreview;
  const measureOf = (rule: Rule) => measures.find(({ name }) => name === rule.measure);
  const length = preview?.rules[0];
  const put = (place: number, rule: Rule) => setDraft((now) => now.with(place, rule));

  return (
    <div className={answer.stale || asked !== draft ? 'transition-opacity' : undefined} aria-busy={answer.fetching || asked !== draft}>
      {answer.error && !preview ? (
        <Failed error={answer.error} retry={() => again({ requestPolicy: 'network-only' })} />
      ) : preview && preview.shots === 0 ? (
        <Empty title="No shot to look at yet">Rules are tried on the shots of titles that are ready. Add a title to the catalogue and wait until it is analysed.</Empty>
      ) : (
        <Summary preview={preview} before={changed ? before.data?.filterPreview : undefined} />
      )}
      {answer.error && preview && <p className="mt-2 text-sm text-stop" role="alert">{answer.error.graphQLErrors[0]?.message ?? 'The preview could not be loaded.'}</p>}
      {(changed || applied !== undefined) && (
        <div className="sticky top-0 z-20 mt-4 flex flex-wrap items-center gap-3 rounded-lg border border-tungsten/50 bg-raised px-4 py-2.5 text-sm" role="status">
          {changed ? (
            <>
              <span className="mr-auto">Not applied yet: what is built goes by the rules as they were.</span>
              <Button look="bare" onClick={() => setDraft(kept)}>
                Put back
              </Button>
              {mayChange && (
                <Button look="primary" onClick={() => setApplying(true)}>
                  Apply
                </Button>
              )}
              {!set && <span className="text-faint">A preset does not change: make a filter set of it.</span>}
            </>
          ) : (
            <>
              <span className="mr-auto">Version {set?.version} is in force.</span>
              {set && applied !== undefined && (
                <Button
                  look="quiet"
                  busy={back.busy}
                  onClick={() =>
                    void back.run({ id: set.id, version: applied, why: `Undone: back to version ${applied}.` }).then((done) => {
                      if (!done) return;
                      setApplied(undefined);
                      onApplied();
                    })
                  }
                >
                  Undo
                </Button>
              )}
            </>
          )}
        </div>
      )}
      {back.refusal && <Why reason={back.refusal} className="mt-3" />}
      <ul className="mt-5 flex flex-col gap-3">
        {draft.map((rule, place) => {
          const former = kept.find(({ code }) => code === rule.code);
          return (
            <RuleEditor
              key={rule.code}
              rule={rule}
              measure={measureOf(rule)}
              counted={preview?.rules.find((one) => one.rule.code === rule.code)}
              histogram={preview?.histograms.find((one) => one.measure.name === rule.measure)}
              was={former && asksInWords(former) !== asksInWords(rule) ? asksInWords(former) : undefined}
              input={input}
              onChange={mayChange || !set ? (next) => put(place, next) : undefined}
              onRemove={mayChange || !set ? () => setDraft((now) => now.toSpliced(place, 1)) : undefined}
            />
          );
        })}
      </ul>
      {draft.length === 0 && <p className="mt-5 text-sm text-soft">No rule: every shot that is long enough for a clip is kept.</p>}
      {(mayChange || !set) && <AddRule measures={measures} rules={draft} onAdd={(rule) => setDraft([...draft, rule])} />}
      {length && (
        <p className="figures mt-4 text-xs text-faint">
          Before any rule a shot has to be long enough for a clip ({asksInWords(length.rule)}): that drops {count(length.drops, 'shot')}.
        </p>
      )}
      {applying && set && (
        <ApplyDialog
          set={set}
          rules={draft}
          onClose={() => setApplying(false)}
          onApplied={() => {
            setApplied(set.version);
            setApplying(false);
            onApplied();
          }}
        />
      )}
    </div>
  );
}

function Summary({ preview, before }: { preview: { shots: number; every: number; looked: number; kept: number; dropped: number } | null | undefined; before: { kept: number; dropped: number } | null | undefined }) {
  if (!preview) return <Skeleton className="h-16" />;
  const share = preview.looked ? (preview.kept / preview.looked) * 100 : 0;
  return (
    <section aria-label="Preview">
      <p className="figures text-sm" data-testid="kept">
        <span className="text-lg font-semibold">{preview.kept.toLocaleString('en')}</span> of {count(preview.looked, 'shot')} kept, {preview.dropped.toLocaleString('en')} dropped
        {before && before.kept !== preview.kept && <span className="ml-2 text-tungsten">{before.kept.toLocaleString('en')} kept before</span>}
      </p>
      <div className="mt-2 h-2 overflow-hidden rounded-full bg-stop/70" aria-hidden>
        <div className="h-full bg-go" style={{ width: `${share}%` }} />
      </div>
      <p className="mt-1.5 text-xs text-faint">
        {preview.every > 1 ? `Every ${preview.every}th of ${count(preview.shots, 'shot')} was looked at. ` : ''}Measures, labels and length alone: licences, frames that are left out and near-duplicates count when a dataset is built.
      </p>
    </section>
  );
}

function AddRule({ measures, rules, onAdd }: { measures: Measure[]; rules: Rule[]; onAdd: (rule: Rule) => void }) {
  const [name, setName] = useState('');
  const add = () => {
    const measure = measures.find((one) => one.name === name);
    if (!measure) return;
    const stem = name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
    let code = stem;
    for (let other = 2; rules.some((rule) => rule.code === code); other++) code = `${stem}_${other}`;
    const about = { code, measure: name, unit: measure.unit ?? null, unknown: 'KEEP' as const, words: `Added for ${measure.words}.`, source: null };
    // At its own end: it drops nothing until a member says where.
    onAdd(measure.kind === 'NUMBER' ? { ...about, comparison: 'AT_LEAST', threshold: measure.low ?? 0, values: null } : { ...about, comparison: 'NONE_OF', threshold: null, values: measure.values?.length ? [measure.values.at(-1)!] : ['none'] });
    setName('');
  };
  return (
    <div className="mt-4 flex flex-wrap items-end gap-3">
      <div className="w-64 max-w-full">
        <Select label="Another rule about" value={name} onChange={({ target }) => setName(target.value)}>
          <option value="">Choose a measure</option>
          {measures.map((measure) => (
            <option key={measure.name} value={measure.name}>
              {measure.words}
            </option>
          ))}
        </Select>
      </div>
      <Button disabled={!name} onClick={add}>
        <Plus size={16} aria-hidden />
        Add rule
      </Button>
    </div>
  );
}

function ApplyDialog({ set, rules, onClose, onApplied }: { set: FilterSet; rules: Rule[]; onClose: () => void; onApplied: () => void }) {
  const [why, setWhy] = useState('');
  const action = useAction(changeFilterSet, 'changeFilterSet');
  const submit = async () => {
    if (await action.run({ id: set.id, input: { version: set.version, rules: rules.map(toInput), why } })) onApplied();
  };
  return (
    <FormDialog title={`Apply to ${set.name}`} act="Apply" action={action} onSubmit={submit} onClose={onClose}>
      <p className="text-sm text-soft">This makes version {set.version + 1}. Dataset versions that are built already keep the rules that they were built by.</p>
      <TextField label="Why" required autoFocus value={why} onChange={({ target }) => setWhy(target.value)} />
    </FormDialog>
  );
}
