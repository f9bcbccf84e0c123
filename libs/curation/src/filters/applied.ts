import { type Rule, STANDARD } from './rules.js';

/** The rules that a dataset version goes by, kept with it: a set that changes later changes nothing of it. */
export interface AppliedFilter {
  /** Null: the rules that hold where no set was chosen. */
  setId: string | null;
  name: string;
  version: number | null;
  rules: readonly Rule[];
}

export const standard: AppliedFilter = { setId: null, name: 'standard', version: null, rules: STANDARD };

export const filterName = ({ name, version }: AppliedFilter): string => (version === null ? name : `"${name}" version ${version}`);
