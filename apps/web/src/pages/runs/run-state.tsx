import type { RunState } from '../../generated/graphql.js';
import { Chip, type Tone } from '../../ui/chip.js';

const states: Record<RunState, [Tone, string]> = { QUEUED: ['busy', 'Waiting for a GPU tenant'], RUNNING: ['busy', 'Running'], COMPLETED: ['go', 'Completed'], FAILED: ['stop', 'Failed'], CANCELLED: ['still', 'Cancelled'] };

export function isOpen(state: RunState): boolean {
  return state === 'QUEUED' || state === 'RUNNING';
}

export function RunStateChip({ state, phase }: { state: RunState; phase?: string | null }) {
  const [tone, word] = states[state];
  return <Chip tone={tone}>{state === 'RUNNING' && phase ? phase[0]?.toUpperCase() + phase.slice(1) : word}</Chip>;
}
