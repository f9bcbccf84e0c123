import type { Boundary, ShotDetector, SmallFrame } from '../types.js';
import { Joiner } from './join.js';
import { isBare, type Part, Proposer, PROPOSAL_LAG } from './propose.js';

/** Finds transitions by looking alone: needs no model. A boundary is told at most about 200 frames after it. */
export class ClassicalDetector implements ShotDetector {
  readonly name = 'backlot-classical';
  readonly version = '4';
  readonly lag = 300;

  private readonly proposer: Proposer;
  private readonly joiner: Joiner;

  /** `off`: parts switched off, for tools that measure what each brings. */
  constructor(off: readonly Part[] = []) {
    this.proposer = new Proposer(0, off);
    this.joiner = new Joiner(!off.includes('one fade'));
  }

  push(frame: SmallFrame): Boundary[] {
    const { grid, proposals } = this.proposer.push(frame);
    this.joiner.frame(isBare(grid));
    for (const proposal of proposals) this.joiner.add(proposal);
    return this.joiner.tell(frame.frame - PROPOSAL_LAG);
  }

  end(): Boundary[] {
    for (const proposal of this.proposer.end()) this.joiner.add(proposal);
    return this.joiner.end();
  }
}
