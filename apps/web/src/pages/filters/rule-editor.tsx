import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { FilterPreviewInput } from '../../generated/graphql.js';
import { count } from '../../lib/format.js';
import { Button, IconButton } from '../../ui/button.js';
import { Select, TextField } from '../../ui/field.js';
import { Skeleton } from '../../ui/states.js';
import { Examples } from './examples.js';
import { asksInWords, type Histogram, type Measure, type Rule, type RuleCount } from './filter-query.js';
import { HistogramOf } from './histogram.js';

interface RuleEditorProps {
  rule: Rule;
  /** Absent: no set can change it. */
  onChange?: ((rule: Rule) => void) | undefined;
  onRemove?: (() => void) | undefined;
  measure: Measure | undefined;
  /** Undefined while it is counted. */
  counted: RuleCount | undefined;
  histogram: Histogram | undefined;
  /** Where the set had another threshold, what it asked. */
  was?: string | undefined;
  input: FilterPreviewInput;
}

/** One rule: what it asks, how many shots it drops, and the shots beside its threshold. */
export function RuleEditor({ rule, onChange, onRemove, measure, counted, histogram, was, input }: RuleEditorProps) {
  const [pictures, setPictures] = useState(false);
  const number = typeof rule.threshold === 'number';
  return (
    <li className="rounded-xl border border-line bg-panel p-4" data-rule={rule.code}>
      <div className="flex items-start justify-between gap-4">
        <div className="min-w-0">
          <h3 className="text-sm font-semibold">
            {measure ? (measure.words[0] ?? '').toUpperCase() + measure.words.slice(1) : rule.measure} {asksInWords(rule)}
          </h3>
          <p className="mt-0.5 text-xs text-faint">
            <code className="font-mono">{rule.code}</code> · {rule.words}
            {rule.source && ` (${rule.source})`}
          </p>
          {was && <p className="mt-0.5 text-xs text-tungsten">was {was}</p>}
        </div>
        {onRemove && (
          <IconButton label={`Remove ${rule.code}`} onClick={onRemove}>
            <Trash2 size={16} aria-hidden />
          </IconButton>
        )}
      </div>
      <div className="mt-3 grid items-start gap-x-6 gap-y-3 md:grid-cols-[minmax(0,16rem)_minmax(0,1fr)]">
        <div className="flex flex-col gap-3">
          {onChange && number && <Threshold rule={rule} measure={measure} onChange={onChange} />}
          {onChange && !number && <Values rule={rule} measure={measure} onChange={onChange} />}
          <p className="figures text-sm">
            {counted ? (
              <>
                <span className={counted.drops ? 'text-stop' : 'text-soft'}>drops {count(counted.drops, 'shot')}</span>
                <span className="block text-xs text-faint">
                  {counted.breaks.toLocaleString('en')} by itself
                  {counted.unknown > 0 && ` · not known of ${counted.unknown.toLocaleString('en')}, which are ${rule.unknown === 'KEEP' ? 'kept' : 'dropped'}`}
                </span>
              </>
            ) : (
              <Skeleton className="h-9 w-40" />
            )}
          </p>
        </div>
        {histogram ? <HistogramOf histogram={histogram} rule={rule} /> : <Skeleton className="h-14" />}
      </div>
      <Button look="bare" className="mt-2 -ml-2 !min-h-8 !px-2 text-xs" aria-expanded={pictures} onClick={() => setPictures(!pictures)}>
        {pictures ? 'Hide pictures' : 'Pictures beside the threshold'}
      </Button>
      {pictures && <Examples input={input} rule={rule} />}
    </li>
  );
}

function Threshold({ rule, measure, onChange }: { rule: Rule; measure: Measure | undefined; onChange: (rule: Rule) => void }) {
  const [written, setWritten] = useState<string>();
  const [low, high] = [measure?.low ?? 0, measure?.high ?? 1];
  const step = high - low > 20 ? 1 : high - low > 2 ? 0.1 : 0.01;
  const put = (text: string) => {
    const value = Number(text);
    setWritten(text);
    if (text.trim() !== '' && Number.isFinite(value)) onChange({ ...rule, threshold: value });
  };
  return (
    <div className="flex flex-col gap-2">
      <div className="grid grid-cols-2 gap-2">
        <Select label="Keeps" aria-label={`${rule.code} keeps`} value={rule.comparison} onChange={({ target }) => onChange({ ...rule, comparison: target.value as Rule['comparison'] })}>
          <option value="AT_LEAST">at least</option>
          <option value="AT_MOST">at most</option>
        </Select>
        <TextField label={rule.unit === 'share' ? 'Threshold, 0 to 1' : 'Threshold'} aria-label={`${rule.code} threshold`} type="number" step="any" value={written ?? rule.threshold ?? ''} onBlur={() => setWritten(undefined)} onChange={({ target }) => put(target.value)} />
      </div>
      <input type="range" aria-label={`${rule.code} threshold, by hand`} min={low} max={high} step={step} value={rule.threshold ?? low} onChange={({ target }) => onChange({ ...rule, threshold: Number(target.value) })} className="w-full accent-tungsten" />
    </div>
  );
}

function Values({ rule, measure, onChange }: { rule: Rule; measure: Measure | undefined; onChange: (rule: Rule) => void }) {
  const [written, setWritten] = useState((rule.values ?? []).join(', '));
  return (
    <div className="flex flex-col gap-2">
      <Select label="Keeps" aria-label={`${rule.code} keeps`} value={rule.comparison} onChange={({ target }) => onChange({ ...rule, comparison: target.value as Rule['comparison'] })}>
        <option value="ONE_OF">one of</option>
        <option value="NONE_OF">none of</option>
      </Select>
      {measure?.values ? (
        <div className="flex flex-wrap gap-x-3 gap-y-1">
          {measure.values.map((value) => (
            <label key={value} className="flex items-center gap-1.5 text-sm">
              <input
                type="checkbox"
                className="accent-tungsten"
                checked={(rule.values ?? []).includes(value)}
                onChange={({ target }) => onChange({ ...rule, values: target.checked ? [...(rule.values ?? []), value] : (rule.values ?? []).filter((one) => one !== value) })}
              />
              {value}
            </label>
          ))}
        </div>
      ) : (
        <TextField
          label="Words, with commas between"
          value={written}
          onChange={({ target }) => {
            setWritten(target.value);
            onChange({ ...rule, values: target.value.split(',').map((word) => word.trim()).filter(Boolean) });
          }}
        />
      )}
    </div>
  );
}
