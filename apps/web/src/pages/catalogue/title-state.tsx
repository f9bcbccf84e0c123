import type { TitleState } from '../../generated/graphql.js';
import { Chip, type Tone } from '../../ui/chip.js';

const states: Record<TitleState, { tone: Tone; word: string }> = {
  REGISTERED: { tone: 'still', word: 'Waits for its file' },
  UPLOADING: { tone: 'busy', word: 'Uploading' },
  CHECKING: { tone: 'busy', word: 'Checking' },
  ANALYSING: { tone: 'busy', word: 'Analysing' },
  READY: { tone: 'go', word: 'Ready' },
  REFUSED: { tone: 'stop', word: 'Refused' },
  WITHHELD: { tone: 'kept', word: 'Withheld' },
};

export const stateWords = Object.entries(states).map(([state, { word }]) => ({ state: state as TitleState, word }));

/** Moves by itself: look again soon. */
export function isMoving(state: TitleState): boolean {
  return state === 'UPLOADING' || state === 'CHECKING' || state === 'ANALYSING';
}

export function TitleStateChip({ state }: { state: TitleState }) {
  return <Chip tone={states[state].tone}>{states[state].word}</Chip>;
}
