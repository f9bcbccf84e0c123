import { useState } from 'react';
import type { Range } from '../../lib/ranges.js';
import type { Playhead } from './playhead.js';

/** The frames that a member has chosen: I is the first of them, O the last; there is always at least one between. */
export function useChosen(playhead: Playhead) {
  const [chosen, choose] = useState<Range>();
  return {
    chosen,
    choose,
    begin: () => choose((now) => ({ first: playhead.frame, end: Math.max(now?.end ?? 0, playhead.frame + 1) })),
    end: () => choose((now) => ({ first: Math.min(now?.first ?? playhead.frame, playhead.frame), end: playhead.frame + 1 })),
  };
}
