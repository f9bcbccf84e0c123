import clsx from 'clsx';
import { useEffect } from 'react';
import { timecode } from '../../../../shared/timecode.js';
import { useRowsInSight } from '../../ui/rows-in-sight.js';
import { Skeleton } from '../../ui/states.js';
import { Still } from '../../ui/still.js';
import type { Shots } from './shot-pages.js';
import { entryInWords, type Shot } from './shots.js';

const ROW = 84;

interface ShotListProps {
  shots: Shots;
  rate: number;
  selected: string | undefined;
  onShot: (shot: Shot) => void;
  /** Numbers of the first and the last shot in sight. */
  onSight: (from: number, to: number) => void;
}

/** Every shot as a line: its pictures, its sentence, its frames. */
export function ShotList({ shots, rate, selected, onShot, onSight }: ShotListProps) {
  const { element, rows } = useRowsInSight<HTMLDivElement>(shots.total ?? 0, ROW);
  const inSight = rows.getVirtualItems();
  const [from, to] = [inSight[0]?.index, inSight.at(-1)?.index];
  useEffect(() => {
    if (from !== undefined && to !== undefined) onSight(from, to);
  }, [from, to, onSight]);
  return (
    <div ref={element} className="relative" style={{ height: rows.getTotalSize() }} data-testid="shots">
      {inSight.map((row) => {
        const shot = shots.numbered(row.index);
        const place = { height: ROW - 4, transform: `translateY(${row.start - rows.options.scrollMargin}px)` };
        if (!shot) {
          return (
            <div key={row.index} className="absolute inset-x-0 top-0 flex items-center gap-4 px-3" style={place}>
              <span className="figures w-12 shrink-0 text-right text-sm text-faint">{row.index + 1}</span>
              <Skeleton className="h-16 flex-1" />
            </div>
          );
        }
        return (
          <button
            key={shot.id}
            type="button"
            aria-current={shot.id === selected || undefined}
            onClick={() => onShot(shot)}
            className={clsx(
              'absolute inset-x-0 top-0 flex items-center gap-4 rounded-lg px-3 text-left',
              shot.id === selected ? 'bg-raised ring-1 ring-tungsten/60 ring-inset' : 'hover:bg-panel',
            )}
            style={place}
          >
            <span className="figures w-12 shrink-0 text-right text-sm text-faint">{shot.number + 1}</span>
            <span className="flex shrink-0 gap-1">
              {shot.keyframes.slice(0, 3).map((keyframe, place) => (
                <Still key={keyframe.frame} url={keyframe.url} className={clsx('h-16 w-28 rounded-sm bg-black object-cover', place > 0 && 'hidden lg:block')} />
              ))}
            </span>
            <span className="min-w-0 flex-1">
              <span className="line-clamp-2 text-sm">{shot.sentence || 'No caption yet'}</span>
              <span className="figures mt-0.5 block truncate text-xs text-faint">
                {timecode(shot.first, rate)} · frames {shot.first} to {shot.last} · {entryInWords(shot)}
              </span>
            </span>
          </button>
        );
      })}
    </div>
  );
}
