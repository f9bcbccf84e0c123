import type { ReactNode } from 'react';
import { useAction } from '../../lib/outcome.js';
import { Button } from '../../ui/button.js';
import { spaced } from '../../lib/format.js';
import { Why } from '../../ui/states.js';
import { askDoubleReview } from './double-query.js';
import { labels } from './labels.js';
import { entryInWords, entryOf } from './shots.js';
import type { Reviewing } from './use-review.js';

/** Key, how it is shown, what it does. */
const keys: [string, string, string][] = [
  ['n', 'N', 'Next'],
  ['p', 'P', 'Before'],
  ['a', 'A', 'Accept'],
  [',', ',', 'A frame earlier'],
  ['.', '.', 'A frame later'],
  ['b', 'B', 'Begin at the frame shown'],
  ['s', 'S', 'Split at the frame shown'],
  ['m', 'M', 'Merge with the shot before'],
  ['t', 'T', 'Other kind'],
  ['[', '[', 'Transition begins at the frame shown'],
  ['e', 'E', 'Write the caption'],
  ['u', 'U', 'Undo'],
  ['d', 'D', 'Other order'],
  ...labels.map(([name], place): [string, string, string] => [String(place + 1), String(place + 1), `Label ${spaced(name)}`]),
];

/** Where review stands, the transition in hand, and every key that there is. */
export function ReviewPanel({ titleId, review, shots, below, onTwo }: { titleId: string; review: Reviewing; shots: number; below: ReactNode; onTwo: () => void }) {
  const two = useAction(askDoubleReview, 'askDoubleReview');
  const { shot, refusal, progress, sure } = review;
  const reviewed = progress?.reviewed ?? 0;
  return (
    <section aria-label="Review" aria-busy={review.busy} className="mt-5 rounded-xl border border-tungsten/50 bg-panel px-4 py-3">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h2 className="text-sm font-semibold">Review</h2>
        <p role="status" className="figures text-sm text-soft">
          {reviewed.toLocaleString('en')} of {shots.toLocaleString('en')} reviewed
        </p>
        <progress aria-hidden value={reviewed} max={shots} className="h-1.5 w-40 accent-tungsten" />
        <p className="text-xs text-faint">{review.byDoubt ? 'the least sure first' : 'in the order of the film'}</p>
        <div className="ml-auto flex gap-1">
          <Button look="bare" className="!min-h-8" title="Two members decide on each shot that is left, neither of whom sees what the other says; a third settles what they differ in" busy={two.busy} onClick={() => void two.run({ titleId }).then((asked) => asked && onTwo())}>
            Have two review it
          </Button>
          <Button look="bare" className="!min-h-8" onClick={review.keys['r']}>
            End review <kbd className="font-mono text-xs text-faint">R</kbd>
          </Button>
        </div>
      </div>
      <p className="figures mt-1 text-sm" data-testid="reviewing">
        {shot ? `Shot ${shot.number + 1} begins at frame ${shot.first}. ${entryInWords(shot)}, ${shot.review.reviewedBy ? `reviewed by ${shot.review.reviewedBy}` : `confidence ${Math.round((entryOf(shot).confidence ?? 1) * 100)}%`}.` : 'No shot is chosen.'}
        {shot?.review.stale && <span className="text-faint"> Its measures are of the frames that it had before.</span>}
      </p>
      {two.refusal && <Why reason={two.refusal} className="mt-2" />}
      {refusal && <Why reason={refusal} className="mt-2" />}
      {below}
      <div className="mt-2 flex flex-wrap gap-1">
        {keys.map(([key, shown, does]) => (
          <Button key={key} look="bare" className="!min-h-8 !px-2 text-xs" onClick={review.keys[key]}>
            <kbd className="rounded border border-edge px-1 font-mono">{shown}</kbd> {does}
          </Button>
        ))}
        <Button look="bare" className="!min-h-8 !px-2 text-xs" onClick={review.keys['Shift+a']}>
          <kbd className="rounded border border-edge px-1 font-mono">Shift A</kbd> Accept all at least {Math.round(sure * 100)}% sure
        </Button>
        <span className="self-center px-2 text-xs text-faint">
          <kbd className="rounded border border-edge px-1 font-mono">-</kbd> <kbd className="rounded border border-edge px-1 font-mono">=</kbd> how sure · ↑ ↓ shots · ← → frames
        </span>
      </div>
    </section>
  );
}
