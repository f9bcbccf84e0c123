import { useQuery } from 'urql';
import { count } from '../../lib/format.js';
import { Answered } from '../../ui/answered.js';
import { Skeleton } from '../../ui/states.js';
import { asksInWords, filterPreview, type FilterSet, type Measure, type Preset } from './filter-query.js';

/** What each set and each published recipe would do to the same shots. */
export function Compare({ sets, presets, measures }: { sets: FilterSet[]; presets: Preset[]; measures: Measure[] }) {
  return (
    <ul className="flex flex-col gap-3">
      {sets.map(({ id, name, version, rules }) => (
        <Compared key={id} name={name} says={`Version ${version}`} input={{ titleIds: [], filter: { setId: id, version } }} rules={rules} measures={measures} notApplied={[]} />
      ))}
      {presets.map(({ name, words, rules, notApplied }) => (
        <Compared key={name} name={name} says={words} input={{ titleIds: [], preset: name }} rules={rules} measures={measures} notApplied={notApplied} />
      ))}
    </ul>
  );
}

function Compared({ name, says, input, rules, measures, notApplied }: Pick<Preset, 'rules' | 'notApplied'> & { name: string; says: string; measures: Measure[]; input: { titleIds: string[]; preset?: string; filter?: { setId: string; version: number } } }) {
  const answer = useQuery({ query: filterPreview, variables: { input } });
  return (
    <li className="grid gap-x-6 gap-y-2 rounded-xl border border-line bg-panel p-4 md:grid-cols-[minmax(0,1fr)_14rem]">
      <div className="min-w-0">
        <h3 className="text-sm font-semibold">{name}</h3>
        <p className="text-xs text-faint">{says}</p>
        <ul className="mt-2 text-sm text-soft">
          {rules.map((rule) => (
            <li key={rule.code}>
              {measures.find((measure) => measure.name === rule.measure)?.words ?? rule.measure} {asksInWords(rule)}
            </li>
          ))}
          {rules.length === 0 && <li>No rule.</li>}
        </ul>
        {notApplied.length > 0 && (
          <details className="mt-2">
            <summary className="text-xs text-faint hover:text-ink">{count(notApplied.length, 'thing')} it asks for that no rule here does</summary>
            <ul className="mt-1 list-disc pl-5 text-xs text-faint">
              {notApplied.map(({ asks, why }) => (
                <li key={asks}>
                  {asks}: {why}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <Answered answer={answer} waiting={<Skeleton className="h-10" />}>
        {({ filterPreview: preview }) =>
          preview && (
            <div className="figures text-sm">
              {preview.kept.toLocaleString('en')} of {preview.looked.toLocaleString('en')} kept
              <div className="mt-1.5 h-2 overflow-hidden rounded-full bg-stop/70" aria-hidden>
                <div className="h-full bg-go" style={{ width: `${preview.looked ? (preview.kept / preview.looked) * 100 : 0}%` }} />
              </div>
            </div>
          )
        }
      </Answered>
    </li>
  );
}
