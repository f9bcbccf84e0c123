import type { DatasetState } from '../../generated/graphql.js';
import { Chip, type Tone } from '../../ui/chip.js';

const states: Record<DatasetState, [Tone, string]> = { BUILDING: ['busy', 'Building'], FROZEN: ['go', 'Frozen'], FAILED: ['stop', 'Failed'], CANCELLED: ['still', 'Cancelled'] };

export function DatasetStateChip({ state }: { state: DatasetState }) {
  const [tone, word] = states[state];
  return <Chip tone={tone}>{word}</Chip>;
}
