import clsx from 'clsx';
import { spaced } from '../../lib/format.js';
import type { Dispute } from './double-query.js';
import { type Draft, draftOf, linesOf } from './opinion.js';
import type { Shot } from './shots.js';

/** What each of the two says beside what is about to be settled; where they differ stands out. */
export function DisputeTable({ dispute: { one, other }, shot, draft }: { dispute: Dispute; shot: Shot; draft: Draft }) {
  const [first, second, yours] = [draftOf(shot, one), draftOf(shot, other), draft].map((said) => new Map(linesOf(said))) as [Map<string, string>, Map<string, string>, Map<string, string>];
  const lines = [...new Set([...first.keys(), ...second.keys(), ...yours.keys()])];
  return (
    <div className="mb-3 overflow-x-auto">
      <table className="figures w-full min-w-[36rem] text-sm" aria-label="What the two say">
        <thead className="text-left text-xs text-faint">
          <tr>
            <th scope="col" className="w-32 pb-1 font-medium" />
            <th scope="col" className="pb-1 font-medium">
              <kbd className="rounded border border-edge px-1 font-mono">Z</kbd> {one.memberName}
            </th>
            <th scope="col" className="pb-1 font-medium">
              <kbd className="rounded border border-edge px-1 font-mono">X</kbd> {other.memberName}
            </th>
            <th scope="col" className="pb-1 font-medium">
              You settle
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((about) => {
            const differ = first.get(about) !== second.get(about);
            return (
              <tr key={about} className={clsx('border-t border-line align-top', !differ && 'text-faint')}>
                <th scope="row" className="py-1 pr-3 text-left font-normal">
                  {(about[0] ?? '').toUpperCase() + spaced(about).slice(1)}
                  {differ && <span className="sr-only"> (they differ)</span>}
                </th>
                {[first, second, yours].map((said, place) => (
                  <td key={place} className={clsx('py-1 pr-3 break-words', differ && (place === 2 ? 'text-ink' : 'text-tungsten'))}>
                    {said.get(about) ?? '–'}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
