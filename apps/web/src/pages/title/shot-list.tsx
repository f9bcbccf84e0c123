import clsx from 'clsx';
import { timecode } from '../../../../shared/timecode.js';
import { useRowsInSight } from '../../ui/rows-in-sight.js';
import { Still } from '../../ui/still.js';
import { entryInWords, type Shot } from './shots.js';

const ROW = 84;

/** Every shot as a line: its pictures, its sentence, its frames. */
export function ShotList({ shots, rate, selected, onShot }: { shots: Shot[]; rate: number; selected: string | undefined; onShot: (shot: Shot) => void }) {
  const { element, rows } = useRowsInSight<HTMLDivElement>(shots.length, ROW);
  return (
    <div ref={element} className="relative" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((row) => {
        const shot = shots[row.index] as Shot;
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
            style={{ height: ROW - 4, transform: `translateY(${row.start - rows.options.scrollMargin}px)` }}
          >
            <span className="figures w-8 shrink-0 text-right text-sm text-faint">{shot.number + 1}</span>
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
