import { useLayoutEffect, useMemo, useRef, useState, type PointerEvent } from 'react';

export interface Point {
  step: number;
  loss: number;
  secondsPerStep?: number | null;
}

const HEIGHT = 280;
const EDGE = { left: 54, right: 12, top: 12, bottom: 40 };

/** Loss against steps: each step as a thin line, its running mean as the thick one. */
export function LossCurve({ points, steps }: { points: Point[]; steps: number }) {
  const box = useRef<SVGSVGElement>(null);
  const [held, setHeld] = useState<number>();
  // Drawn at its own size, so that the letters are as large as those around it.
  const [width, setWidth] = useState(720);
  useLayoutEffect(() => {
    if (!box.current) return;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, entry.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [points.length === 0]);
  const mean = useMemo(() => runningMean(points), [points]);
  const scale = useMemo(() => scalesOf(points, steps, width), [points, steps, width]);
  if (points.length === 0) return <p className="py-16 text-center text-sm text-faint">The curve begins with the first step.</p>;

  const { x, y, xTicks, yTicks } = scale;
  const path = (values: number[]) => values.map((value, place) => `${place ? 'L' : 'M'}${x((points[place] as Point).step).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  const last = points.at(-1) as Point;
  const shown = held === undefined ? undefined : points[held];
  const point = (event: PointerEvent) => {
    const frame = box.current?.getBoundingClientRect();
    if (!frame) return;
    setHeld(nearest(points, ((event.clientX - frame.left - EDGE.left) / (width - EDGE.left - EDGE.right)) * steps));
  };

  return (
    <figure>
      <svg
        ref={box}
        height={HEIGHT}
        role="img"
        aria-label={`Loss by step: ${(points[0] as Point).loss.toFixed(4)} at step ${(points[0] as Point).step}, ${last.loss.toFixed(4)} at step ${last.step}`}
        className="w-full touch-pan-y overflow-visible select-none"
        onPointerMove={point}
        onPointerLeave={() => setHeld(undefined)}
      >
        {yTicks.map((tick) => (
          <g key={tick}>
            <line x1={EDGE.left} x2={width - EDGE.right} y1={y(tick)} y2={y(tick)} className="stroke-line" />
            <text x={EDGE.left - 8} y={y(tick)} dy="0.32em" textAnchor="end" className="figures fill-faint text-[11px]">
              {label(tick, yTicks)}
            </text>
          </g>
        ))}
        {xTicks.map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - EDGE.bottom + 17} textAnchor="middle" className="figures fill-faint text-[11px]">
            {tick}
          </text>
        ))}
        <text x={(EDGE.left + width - EDGE.right) / 2} y={HEIGHT - 4} textAnchor="middle" className="fill-faint text-[11px]">
          step
        </text>
        <text transform={`translate(11 ${(HEIGHT - EDGE.bottom) / 2}) rotate(-90)`} textAnchor="middle" className="fill-faint text-[11px]">
          loss (mean squared error)
        </text>
        <path d={path(points.map(({ loss }) => loss))} fill="none" className="stroke-edge" strokeWidth={1} opacity={0.7} />
        <path d={path(mean)} fill="none" className="stroke-tungsten" strokeWidth={2} strokeLinejoin="round" />
        {shown && held !== undefined && (
          <g pointerEvents="none">
            <line x1={x(shown.step)} x2={x(shown.step)} y1={EDGE.top} y2={HEIGHT - EDGE.bottom} className="stroke-edge" strokeDasharray="3 3" />
            <circle cx={x(shown.step)} cy={y(mean[held] as number)} r={3.5} className="fill-tungsten" />
          </g>
        )}
      </svg>
      <figcaption className="figures mt-1 flex min-h-5 flex-wrap gap-x-5 text-xs text-soft">
        {shown && held !== undefined ? (
          <>
            <span>step {shown.step}</span>
            <span>loss {shown.loss.toFixed(5)}</span>
            <span>mean {(mean[held] as number).toFixed(5)}</span>
            {shown.secondsPerStep != null && <span>{shown.secondsPerStep.toFixed(2)} s a step</span>}
          </>
        ) : (
          <span className="text-faint">Thin: every step. Thick: running mean. Point at the curve for its numbers.</span>
        )}
      </figcaption>
    </figure>
  );
}

/** Exponential mean over about a tenth of the points, corrected for its beginning. */
function runningMean(points: Point[]): number[] {
  const keep = 1 - 1 / Math.max(2, points.length / 10);
  let sum = 0;
  let weight = 0;
  return points.map(({ loss }) => {
    sum = keep * sum + loss;
    weight = keep * weight + 1;
    return sum / weight;
  });
}

function scalesOf(points: Point[], steps: number, width: number) {
  const losses = points.map(({ loss }) => loss);
  const yTicks = ticksOf(Math.min(...losses), Math.max(...losses), 5);
  const low = yTicks[0] ?? 0;
  const high = yTicks.at(-1) ?? 1;
  const wide = width - EDGE.left - EDGE.right;
  const tall = HEIGHT - EDGE.top - EDGE.bottom;
  return {
    x: (step: number) => EDGE.left + (step / Math.max(steps, 1)) * wide,
    y: (loss: number) => EDGE.top + (1 - (loss - low) / (high - low)) * tall,
    xTicks: ticksOf(0, Math.max(steps, 1), Math.max(3, Math.round(wide / 110))).filter((tick) => tick <= steps && Number.isInteger(tick)),
    yTicks,
  };
}

/** About `wanted` round numbers that enclose low to high. */
function ticksOf(low: number, high: number, wanted: number): number[] {
  const rough = (high - low || Math.abs(high) || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const from = Math.floor(low / step);
  const to = Math.max(Math.ceil(high / step), from + 1);
  return Array.from({ length: to - from + 1 }, (_, place) => (from + place) * step);
}

function label(tick: number, ticks: number[]): string {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  return tick.toFixed(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
}

function nearest(points: Point[], step: number): number {
  let best = 0;
  points.forEach((point, place) => {
    if (Math.abs(point.step - step) < Math.abs((points[best] as Point).step - step)) best = place;
  });
  return best;
}
