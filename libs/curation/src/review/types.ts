import type { Labels, Measures, Transition, TransitionKind } from '#libs/media';
import type { Scope } from '#libs/platform';
import type { Caption, Keyframe, ShotRow } from '../rows.js';

export type Reviewer = Scope & { memberId: string };

/** Where review stands with a shot. */
export interface ShotReview {
  shotId: string;
  version: number;
  doubt: number;
  reviewedBy: string | null;
  reviewedAt: Date | null;
  stale: boolean;
}

/** How a shot begins: at `first`; where it is no cut, the transition is the frames from `from` to the one before `first`. */
export interface EntryInput {
  kind: TransitionKind;
  first: number;
  from?: number | null;
}

export interface ShotEdit {
  id: string;
  titleId: string;
  kind: 'changed' | 'split' | 'merged' | 'accepted';
  memberId: string;
  memberName: string;
  at: Date;
  shotIds: string[];
  before: Kept[];
  after: Kept[];
  undoneBy: string | null;
  undoneAt: Date | null;
}

export interface Reviewed {
  titleId: string;
  shots: number;
  reviewed: number;
  stale: number;
}

export interface Reviewing {
  memberName: string;
  shots: number;
  lastAt: Date;
}

export interface Verdict {
  memberName: string;
  frame: number;
  /** First frame of a gradual transition. */
  first: number | null;
  /** Null: there is no transition. */
  kind: TransitionKind | null;
  at: Date;
}

export interface Disagreement {
  shotId: string;
  one: Verdict;
  other: Verdict;
}

/** A shot as an edit keeps it; what describes it only where the edit changed its frames. */
export interface Kept {
  id: string;
  first_frame: number;
  last_frame: number;
  start_pts: number;
  end_pts: number;
  entry: Transition;
  version: number;
  reviewed_by: string | null;
  reviewed_at: string | null;
  stale: boolean;
  keyframes?: Keyframe[];
  measures?: Measures;
  labels?: Labels;
  caption?: Caption;
  sentence?: string;
  master_id?: string;
}

export interface Locked extends ShotRow {
  master_id: string;
  version: number;
}
