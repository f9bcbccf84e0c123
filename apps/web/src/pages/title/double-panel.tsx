import { useAction } from '../../lib/outcome.js';
import { count, date, spaced } from '../../lib/format.js';
import { Button } from '../../ui/button.js';
import { Select, TextArea, TextField } from '../../ui/field.js';
import { Why } from '../../ui/states.js';
import { DisputeTable } from './dispute-table.js';
import { endDoubleReview } from './double-query.js';
import { beginInWords, type Draft, isAsShown, shownDraft } from './opinion.js';
import { labels } from './labels.js';
import { entryInWords } from './shots.js';
import type { DoublyReviewing } from './use-double-review.js';

/** Key, how it is shown, what it does. */
const ways: [string, string, string][] = [
  ['n', 'N', 'Next'],
  ['p', 'P', 'Before'],
  ['g', 'G', 'Decide or settle'],
];
const keys: [string, string, string][] = [
  ['a', 'A', 'Send and go on'],
  [',', ',', 'A frame earlier'],
  ['.', '.', 'A frame later'],
  ['b', 'B', 'Begin at the frame shown'],
  ['t', 'T', 'Other kind'],
  ['[', '[', 'Transition begins at the frame shown'],
  ['m', 'M', 'No transition'],
  ['s', 'S', 'Not seen: a cut at the frame shown'],
  ['e', 'E', 'Caption'],
  ['u', 'U', 'As shown'],
  ...labels.map(([name], place): [string, string, string] => [String(place + 1), String(place + 1), `Label ${spaced(name)}`]),
];
const choices: [string, string, string][] = [
  ['z', 'Z', 'Take what the first says'],
  ['x', 'X', 'Take what the second says'],
];

/** Where the double review stands, the shot in hand, and what this member says of it. */
export function DoublePanel({ double, titleId }: { double: DoublyReviewing; titleId: string }) {
  const { state, review, shot, draft, dispute, refusal, told } = double;
  const end = useAction(endDoubleReview, 'endDoubleReview');
  if (!state || !review) return null;
  const shown = shot && shownDraft(shot);
  return (
    <section aria-label="Double review" aria-busy={double.busy} className="mt-5 rounded-xl border border-tungsten/50 bg-panel px-4 py-3">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h2 className="text-sm font-semibold">Review by two</h2>
        <p role="status" className="figures text-sm text-soft">
          {review.reviewed.toLocaleString('en')} of {count(review.shots, 'shot')} settled · {state.waiting.totalCount.toLocaleString('en')} wait for you · {state.mine.totalCount.toLocaleString('en')} to settle
        </p>
        <progress aria-hidden value={review.reviewed} max={review.shots} className="h-1.5 w-40 accent-tungsten" />
        <p className="text-xs text-faint">
          asked for by {state.askedBy}, {date(state.askedAt)}
        </p>
        <div className="ml-auto flex gap-1">
          <Button look="bare" className="!min-h-8" title="Ends the review by two: shots that are not settled wait for an ordinary review" busy={end.busy} onClick={() => void end.run({ titleId }).then(double.again)}>
            One reviewer is enough
          </Button>
          <Button look="bare" className="!min-h-8" onClick={double.keys['r']}>
            Leave <kbd className="font-mono text-xs text-faint">R</kbd>
          </Button>
        </div>
      </div>
      {end.refusal && <Why reason={end.refusal} className="mt-2" />}
      <p className="figures mt-1 text-sm" data-testid="deciding">
        {shot
          ? `Shot ${shot.number + 1} ${dispute ? 'is disputed' : 'waits for your decision'}: it begins at frame ${shot.first}. ${entryInWords(shot)}.`
          : double.busy
            ? ''
            : state.disputes.totalCount > 0
              ? `Nothing waits for you. ${count(state.disputes.totalCount, 'shot')} on which you differ ${state.disputes.totalCount === 1 ? 'waits' : 'wait'} for another member.`
              : 'Nothing waits for you. What you decided waits for the other.'}
      </p>
      <p className="text-xs text-faint" aria-live="polite" data-testid="told">
        {told}
      </p>
      {refusal && <Why reason={refusal} className="mt-2" />}
      {shot && draft && shown && (
        <div className="mt-3 border-t border-line pt-3">
          {dispute && <DisputeTable dispute={dispute} shot={shot} draft={draft} />}
          <p className="figures text-sm" data-testid="draft">
            <span className="text-faint">You say: </span>
            {isAsShown(draft, shown) ? 'right as it is shown' : draft.none ? 'there is no transition' : [draft.kind === 'start' ? 'start of the film' : beginInWords(draft), ...draft.inside.map((one) => `inside, not seen: ${beginInWords(one)}`)].join(' · ')}
          </p>
          {!draft.none && <Fields draft={draft} write={double.write} />}
        </div>
      )}
      <div className="mt-3 flex flex-wrap gap-1">
        {[...(dispute ? choices : []), ...ways, ...(shot ? keys : [])].map(([key, pressed, does]) => (
          <Button key={key} look="bare" className="!min-h-8 !px-2 text-xs" onClick={double.keys[key]}>
            <kbd className="rounded border border-edge px-1 font-mono">{pressed}</kbd> {does}
          </Button>
        ))}
        <span className="self-center px-2 text-xs text-faint">Enter or Esc leaves a field · ↑ ↓ shots · ← → frames</span>
      </div>
    </section>
  );
}

/** Caption and labels of the draft. A field keeps what is in it when it is left. */
function Fields({ draft, write }: { draft: Draft; write: (by: (draft: Draft) => Draft) => void }) {
  const label = (name: string, values: string[]) => write((says) => ({ ...says, labels: { ...says.labels, [name]: values } }));
  return (
    <div
      className="mt-2 grid gap-3 sm:grid-cols-2 xl:grid-cols-4"
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        event.preventDefault();
        (event.target as HTMLElement).blur();
      }}
    >
      <div className="sm:col-span-2 xl:row-span-2">
        <TextArea label="Caption" name="sentence" value={draft.sentence} onChange={({ target }) => write((says) => ({ ...says, sentence: target.value }))} />
      </div>
      {labels.map(([name, values]) => {
        const said = draft.labels[name] ?? [];
        const head = (name[0] ?? '').toUpperCase() + spaced(name).slice(1);
        return values ? (
          <Select key={name} label={head} name={name} value={said[0] ?? ''} onChange={({ target }) => label(name, target.value ? [target.value] : [])}>
            <option value="">none</option>
            {values.map((value) => (
              <option key={value}>{value}</option>
            ))}
          </Select>
        ) : (
          <Words key={name} name={name} head={head} said={said} onSaid={(words) => label(name, words)} />
        );
      })}
    </div>
  );
}

function Words({ name, head, said, onSaid }: { name: string; head: string; said: string[]; onSaid: (words: string[]) => void }) {
  const list = name === 'objects';
  return (
    <TextField
      // Another value is another field: what is being written must not be split at each comma.
      key={said.join(', ')}
      label={head}
      name={name}
      defaultValue={said.join(', ')}
      placeholder={list ? 'with commas between' : ''}
      onBlur={({ target }) => onSaid((list ? target.value.split(',') : [target.value]).map((word) => word.trim()).filter(Boolean))}
    />
  );
}
