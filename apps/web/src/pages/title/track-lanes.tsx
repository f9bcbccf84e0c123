import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import type { FrameClock } from '../../lib/frames.js';

const trackQuery = graphql(`
  query Track($id: ID!, $from: Int!, $to: Int!, $every: Int!) {
    title(id: $id) {
      id
      track(from: $from, to: $to, every: $every) {
        from
        every
        lanes {
          name
          words
          unit
          low
          high
          values
        }
      }
    }
  }
`);

/** What the timeline shows at this moment, in frames, and how many pixels a frame is wide. */
export interface Sight {
  first: number;
  last: number;
  scale: number;
}

const PLOTS = ['brightness', 'motion', 'loudness'];
/** Shares of a second, drawn as a band, and only where there are any. */
const BANDS = ['speech', 'music'];
/** Values that a plot of one screen can show. */
const VALUES = 600;
const HEIGHT = 34;

/** Measures by the second under the timeline, to its scale; only the stretch in sight is asked for. */
export function TrackLanes({ titleId, clock, sight }: { titleId: string; clock: FrameClock; sight: Sight }) {
  const begin = clock.secondsOf(sight.first);
  const end = clock.secondsOf(sight.last);
  const every = Math.max(1, Math.ceil((end - begin) / VALUES));
  // Steps of what one screen shows: scrolling asks anew only at their edges, and two of them cover every sight.
  const step = every * VALUES;
  const from = Math.floor(begin / step) * step;
  const [{ data, fetching }] = useQuery({ query: trackQuery, variables: { id: titleId, from, to: from + 2 * step, every }, pause: !(sight.last > sight.first) });
  const track = data?.title?.track;
  const named = (names: string[]): Lane[] => names.flatMap((name) => track?.lanes.filter((lane) => lane.name === name) ?? []);
  const lanes = named(PLOTS);
  const bands = named(BANDS).filter(({ values }) => values.some((value) => value));
  if (!fetching && lanes.length + bands.length === 0) return null;
  const at = (n: number): number => (clock.frameAt(track!.from + n * track!.every) - sight.first) * sight.scale;
  const width = (sight.last - sight.first) * sight.scale;
  return (
    <div className="border-t border-line pb-1" data-testid="track">
      {lanes.map((lane) => (
        <Plot key={lane.name} lane={lane} at={at} width={width} />
      ))}
      {bands.map((lane) => (
        <Band key={lane.name} lane={lane} at={at} width={width} />
      ))}
    </div>
  );
}

interface Lane {
  name: string;
  words: string;
  unit: string;
  low: number;
  high: number;
  values: (number | null)[];
}

interface LaneProps {
  lane: Lane;
  /** Pixels from the left of value n. */
  at: (n: number) => number;
  width: number;
}

function Plot({ lane, at, width }: LaneProps) {
  const { words, unit, low, values } = lane;
  const known = values.filter((value, n): value is number => value !== null && at(n + 1) > 0 && at(n) < width);
  // What is in sight uses the height, but a little noise is not blown up to a mountain.
  const high = known.length ? Math.max(low + (lane.high - low) / 5, ...known) : lane.high;
  const y = (value: number): string => (HEIGHT - 3 - ((HEIGHT - 6) * (Math.min(high, Math.max(low, value)) - low)) / (high - low)).toFixed(1);
  // A value holds for its whole second; where nothing is known the line breaks.
  const path = values.map((value, n) => (value === null ? '' : `${n && values[n - 1] != null ? 'L' : 'M'}${at(n).toFixed(1)} ${y(value)}H${at(n + 1).toFixed(1)}`)).join('');
  const most = known.length ? Math.max(...known) : undefined;
  return (
    <div className="overflow-hidden pt-1">
      <p className="px-4 text-[0.6875rem] leading-4 text-soft">
        {words}
        {most !== undefined && <span className="figures text-faint"> up to {most.toLocaleString('en', { maximumFractionDigits: 2 })} {unit}</span>}
      </p>
      <svg width={Math.max(1, width)} height={HEIGHT} role="img" aria-label={`${words} by the second${most === undefined ? ': not known here' : `, at most ${most.toLocaleString('en', { maximumFractionDigits: 2 })} ${unit}`}`} className="block">
        <path d={path} fill="none" className="stroke-soft" strokeWidth={1.25} vectorEffect="non-scaling-stroke" />
      </svg>
    </div>
  );
}

function Band({ lane: { words, values, high }, at, width }: LaneProps) {
  const seen = values.flatMap((value, n) => (value && at(n + 1) > 0 && at(n) < width ? [{ n, share: value / high }] : []));
  return (
    <div className="overflow-hidden pt-1">
      <p className="px-4 text-[0.6875rem] leading-4 text-soft">{words}</p>
      <svg width={Math.max(1, width)} height={8} role="img" aria-label={`${words} by the second: ${seen.length === 0 ? 'none' : 'some'} here`} className="block">
        {seen.map(({ n, share }) => (
          <rect key={n} x={at(n)} y={0} width={at(n + 1) - at(n)} height={8} className="fill-soft" fillOpacity={0.2 + 0.6 * share} />
        ))}
      </svg>
    </div>
  );
}
