/** One measured value beside its peer or limit, measured in the same run. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What it is held against: the peer's value in the same unit. */
  against: number;
  /** value / against; whether more or less is better depends on the unit. */
  ratio: number;
  /** What the peer is, and the aim, for the table. */
  peer: string;
}

export interface Bench {
  name: string;
  run(): Promise<Figure[]>;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
