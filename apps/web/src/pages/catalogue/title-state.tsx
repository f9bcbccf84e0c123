import type { TitleState } from '../../generated/graphql.js';
import { Chip, type Tone } from '../../ui/chip.js';
import { useUploads } from './uploads.js';

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

export function isMoving(state: TitleState): boolean {
  return state === 'UPLOADING' || state === 'CHECKING' || state === 'ANALYSING';
}

/** Whether a title will change without anyone pressing anything: the product works on it, or this browser sends its file. */
export function useMoves(): (title: { id: string; state: TitleState }) => boolean {
  const sent = useUploads();
  return ({ id, state }) => isMoving(state) || (state === 'REGISTERED' && sent.some((item) => item.titleId === id && item.state !== 'failed' && item.state !== 'paused'));
}

export function TitleStateChip({ state }: { state: TitleState }) {
  return <Chip tone={states[state].tone}>{states[state].word}</Chip>;
}
