import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRowsInSight } from '../../ui/rows-in-sight.js';
import { Still } from '../../ui/still.js';

interface Sample {
  keyframeUrl?: string | null;
  titleId: string;
  titleName: string;
  first: number;
  last: number;
  decisionId?: string | null;
  /** What is to be said of it. */
  says: ReactNode;
}

/** Clips or dropped shots: the picture of each, where it is from, and what is to be said of it. `children` adds to the small line. */
export function Samples<One extends Sample>({ samples, children }: { samples: One[]; children: (sample: One) => ReactNode }) {
  const { element, rows } = useRowsInSight<HTMLOListElement>(samples.length, 97);
  return (
    <ol ref={element} className="relative" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map(({ index, key, start }) => {
        const sample = samples[index] as One;
        return (
          <li
            key={key}
            ref={rows.measureElement}
            data-index={index}
            aria-setsize={samples.length}
            aria-posinset={index + 1}
            className="absolute inset-x-0 top-0 flex gap-4 border-b border-line py-3"
            style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
          >
            <div className="grid h-[4.5rem] w-32 shrink-0 place-items-center overflow-hidden rounded-sm bg-panel">
              <Still reason="on hover" url={sample.keyframeUrl} className="size-full object-cover" />
            </div>
            <div className="min-w-0 flex-1 text-sm">
              {sample.says}
              <p className="figures mt-1 flex flex-wrap gap-x-3 text-xs text-faint">
                <Link to="/titles/$titleId" params={{ titleId: sample.titleId }} className="hover:text-ink">
                  {sample.titleName}
                </Link>
                <span>
                  frames {sample.first} to {sample.last}
                </span>
                {sample.decisionId && (
                  <Link to="/decisions/$decisionId" params={{ decisionId: sample.decisionId }} className="text-tungsten underline underline-offset-2">
                    decision
                  </Link>
                )}
                {children(sample)}
              </p>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
