import { Hand } from 'lucide-react';
import { useState } from 'react';
import { date } from '../../lib/format.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { kindWords, nameOfHold, type Hold } from './hold.js';
import { LiftDialog } from './lift-dialog.js';

/** Each hold that stops the thing whose page it is: what, why, since when, and for who may, the way to lift it. */
export function HeldBanner({ holds, onChange }: { holds: Hold[]; onChange: () => void }) {
  const can = useCan();
  const [lifting, setLifting] = useState<Hold>();
  if (holds.length === 0) return null;
  return (
    <section aria-label="Holds in force" className="mb-6 flex flex-col gap-2">
      {holds.map((hold) => (
        <div key={hold.id} role="status" className="flex flex-wrap items-center gap-x-4 gap-y-3 rounded-xl border border-stop/60 bg-stop/10 px-5 py-4 text-sm">
          <Hand size={20} aria-hidden className="shrink-0 text-stop" />
          <div className="min-w-0 flex-1">
            <p className="font-semibold text-stop">
              On hold{hold.kind !== 'TITLE' && `: ${kindWords[hold.kind].toLowerCase()}${hold.kind === 'STUDIO' ? '' : ` ${nameOfHold(hold)}`}`}
            </p>
            <p className="break-words">{hold.why}</p>
            <p className="figures mt-0.5 text-xs text-faint">
              {hold.placedBy ? `Placed by ${hold.placedBy}` : 'Placed by the operator'}, {date(hold.placedAt)}. Nothing that needs it can be opened until it is lifted.
            </p>
          </div>
          {can('lift Hold') && <Button onClick={() => setLifting(hold)}>Lift the hold</Button>}
        </div>
      ))}
      {lifting && <LiftDialog hold={lifting} onClose={() => setLifting(undefined)} onLifted={onChange} />}
    </section>
  );
}
