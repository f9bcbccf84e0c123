import type { Effect, LicenceState, LicenceVersionKind, LicenceVersionState } from '../../generated/graphql.js';
import { Chip, type Tone } from '../../ui/chip.js';

const states: Record<LicenceState, [Tone, string]> = {
  DRAFT: ['still', 'Draft'],
  SIGNED: ['kept', 'Signed, not begun'],
  ACTIVE: ['go', 'Active'],
  EXPIRING: ['soon', 'Ends soon'],
  SUSPENDED: ['stop', 'Suspended'],
  EXPIRED: ['still', 'Ended'],
  WITHDRAWN: ['still', 'Withdrawn'],
};
const versionStates: Record<LicenceVersionState, [Tone, string]> = {
  DRAFT: ['still', 'Draft'],
  SIGNED: ['kept', 'Signed, not begun'],
  IN_FORCE: ['go', 'In force'],
  AMENDED: ['still', 'Replaced'],
  DISCARDED: ['still', 'Given up'],
};
const effects: Record<Effect, [Tone, string]> = {
  TIGHTENS: ['kept', 'Tighter'],
  LOOSENS: ['soon', 'Looser'],
  NEUTRAL: ['still', 'Neither'],
  UNCLEAR: ['stop', 'Unclear'],
};

export const kindWords: Record<LicenceVersionKind, string> = { ORIGINAL: 'Original', AMENDMENT: 'Amendment', TIGHTENING: 'Tightening' };

export function stateWord(state: LicenceState): string {
  return states[state][1];
}

export function LicenceStateChip({ state }: { state: LicenceState }) {
  const [tone, word] = states[state];
  return <Chip tone={tone}>{word}</Chip>;
}

export function VersionStateChip({ state }: { state: LicenceVersionState }) {
  const [tone, word] = versionStates[state];
  return <Chip tone={tone}>{word}</Chip>;
}

export function EffectChip({ effect }: { effect: Effect }) {
  const [tone, word] = effects[effect];
  return (
    <Chip tone={tone} className="w-16 shrink-0">
      {word}
    </Chip>
  );
}
