import type { Shot } from './shots.js';

const words: Record<string, string> = { contradicted: 'A model and what is known of the shot disagree', 'too short': 'Very short', 'too long': 'Very long', 'repeats itself': 'Repeats itself', 'few different words': 'Few different words' };

/** Why a shot's caption asks for a look: nothing where it asks for none. */
export function CaptionDoubts({ shot: { captionQuality, disagreements } }: { shot: Shot }) {
  if (captionQuality.flags.length === 0) return null;
  return (
    <div role="note" aria-label="Why the caption asks for a look" className="mb-1 flex flex-col gap-1 text-xs text-tungsten">
      <p>{captionQuality.flags.map((flag) => words[flag] ?? flag).join(' · ')}</p>
      {disagreements.map(({ field, about, known, said, text, by }) => (
        <p key={`${field} ${about}`} className="text-soft">
          {by} said “{text}” ({field}); “{said}” does not go with {known}, which stays.
        </p>
      ))}
    </div>
  );
}
