import type { Version } from './licence-query.js';
import { EffectChip } from './licence-state.js';

/** What one version changes in another, a sentence each, and what that does to what is allowed. */
export function Changes({ changes }: { changes: Version['changes'] }) {
  if (changes.length === 0) return <p className="text-sm text-soft">Nothing that is allowed, forbidden or owed differs.</p>;
  return (
    <ul className="flex flex-col gap-2 text-sm">
      {changes.map((change) => (
        <li key={`${change.rule} ${change.words}`} className="flex items-baseline gap-3">
          <EffectChip effect={change.effect} />
          <span className="min-w-0 break-words">
            {change.words}
            {change.clause && !change.words.toLowerCase().includes(`clause ${change.clause}`) && <span className="text-faint"> Clause {change.clause}.</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
