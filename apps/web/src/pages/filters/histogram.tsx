import clsx from 'clsx';
import { count } from '../../lib/format.js';
import { valueInWords, type Histogram, type Rule } from './filter-query.js';

const HEIGHT = 56;

/** How a measure is spread over the shots; what the rule drops is in the colour of what stops. The last bin holds all above it. */
export function HistogramOf({ histogram: { bins, words, unknown }, rule }: { histogram: Histogram; rule: Rule }) {
  if (bins.length === 0) return <Words words={words} unknown={unknown} rule={rule} />;
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const [low, high] = [bins[0]!.from, bins.at(-1)!.to];
  const threshold = rule.threshold ?? low;
  const kept = ({ from, to }: { from: number; to: number }) => (rule.comparison === 'AT_LEAST' ? (from + to) / 2 >= threshold : (from + to) / 2 <= threshold);
  const shots = bins.reduce((sum, bin) => sum + bin.count, 0);
  return (
    <figure>
      <svg role="img" aria-label={`${count(shots, 'shot')} from ${valueInWords(low, rule.unit)} to ${valueInWords(high, rule.unit)}`} viewBox={`0 0 ${bins.length * 10} ${HEIGHT}`} preserveAspectRatio="none" className="h-14 w-full">
        {bins.map((bin, place) => {
          // A bin of one shot among thousands is still to be seen.
          const height = bin.count ? Math.max(2, (bin.count / most) * HEIGHT) : 0;
          return (
            <rect key={bin.from} x={place * 10 + 0.75} y={HEIGHT - height} width={8.5} height={height} className={kept(bin) ? 'fill-go/70' : 'fill-stop/80'}>
              <title>{`${valueInWords(bin.from, rule.unit)} to ${valueInWords(bin.to, rule.unit)}: ${count(bin.count, 'shot')}`}</title>
            </rect>
          );
        })}
        <line x1={position(threshold, low, high) * bins.length * 10} x2={position(threshold, low, high) * bins.length * 10} y1={0} y2={HEIGHT} className="stroke-tungsten" strokeWidth={2} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="figures flex justify-between border-t border-line pt-1 text-xs text-faint">
        <span>{valueInWords(low, rule.unit)}</span>
        {unknown > 0 && <span>not known of {count(unknown, 'shot')}</span>}
        <span>{valueInWords(high, rule.unit)}</span>
      </figcaption>
    </figure>
  );
}

const position = (value: number, low: number, high: number): number => Math.min(1, Math.max(0, (value - low) / Math.max(1e-9, high - low)));

function Words({ words, unknown, rule }: { words: Histogram['words']; unknown: number; rule: Rule }) {
  const most = Math.max(1, ...words.map((word) => word.count));
  const listed = (word: string) => (rule.values ?? []).includes(word);
  return (
    <ul className="figures flex max-h-40 flex-col gap-1 overflow-y-auto text-xs">
      {words.map(({ word, count: times }) => (
        <li key={word} className="grid grid-cols-[8rem_minmax(0,1fr)_max-content] items-center gap-2">
          <span className="truncate" title={word}>
            {word}
          </span>
          <span className="h-2 rounded-sm bg-raised">
            <span className={clsx('block h-2 rounded-sm', (rule.comparison === 'ONE_OF') === listed(word) ? 'bg-go/70' : 'bg-stop/80')} style={{ width: `${(times / most) * 100}%` }} />
          </span>
          <span className="text-faint">{times.toLocaleString('en')}</span>
        </li>
      ))}
      {unknown > 0 && <li className="text-faint">not known of {count(unknown, 'shot')}</li>}
      {words.length === 0 && unknown === 0 && <li className="text-faint">No shot to look at.</li>}
    </ul>
  );
}
