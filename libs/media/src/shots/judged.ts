import type { Boundary, ShotDetector, SmallFrame, Warning } from '../types.js';
import { ClassicalDetector } from './classical.js';
import { Joiner } from './join.js';
import { TransitionNetwork } from './network.js';
import { type Found, isBare, type Part, PARTS, type Proposal, Proposer, PROPOSAL_LAG, PROPOSAL_LENGTH } from './propose.js';

/**
 * What the network's yes and its no weigh beside what comparing frames says (unlikeness): they decide where frames say little. It misses
 * less than it invents, so its no weighs more; most against wipes, which people and things that cross the picture look like.
 */
const YES = 0.1;
const NO: Record<Proposal['kind'], number> = { start: 0, cut: 0.2, dissolve: 0.1, fade: 0.1, wipe: 0.45, other: 0 };
/** So far under its threshold the network can still lift a proposal. */
const SLACK = YES / 2;
/**
 * A transition that nothing proposed is told on the network's word when it is this sure of its middle and of all its frames, and its
 * ends are this unlike. Motion makes it sure of frames, but of no middle.
 */
const SURE_MIDDLE = 0.8;
const SURE = 0.6;
const ENDS = 0.5;
/** Frames, both pure ones included, of a transition that only the network sees; a longer stretch is motion. */
const SHORTEST = 4;
const LONGEST = 80;

/** What can be switched off, for tools that measure what each brings. */
export const JUDGED_PARTS = [...PARTS, 'network', 'seen by the network alone'] as const;
type JudgedPart = (typeof JUDGED_PARTS)[number];

/**
 * The detector of the product: transitions are proposed by comparing frames, and judged by that and a small network together. Rejects
 * when the network cannot run; see `loadDetector` for one that does without it.
 */
export class JudgedDetector implements ShotDetector {
  readonly name = 'backlot';
  readonly version = '4';
  readonly lag = 400;

  private readonly proposer: Proposer;
  private readonly joiner: Joiner;
  private proposals: Proposal[] = [];
  /** Proposals that were judged and stand, kept for a while after the joiner was told. */
  private standing: (Proposal & { told?: true })[] = [];
  /** What only the network sees, in order. */
  private alone: Found[] = [];
  /** Frames before this one were looked at for transitions that only the network sees. */
  private looked = 0;
  /** First frame of the stretch that the network takes for a transition, while it lasts; one that lasts too long holds nothing back. */
  private stretch: number | undefined;
  private tooLong = false;

  constructor(
    private readonly network: TransitionNetwork,
    private readonly off: readonly JudgedPart[] = [],
  ) {
    const parts = off.filter((part): part is Part => part !== 'network' && part !== 'seen by the network alone');
    this.proposer = new Proposer(SLACK, parts);
    this.joiner = new Joiner(!parts.includes('one fade'));
  }

  async push(frame: SmallFrame): Promise<Boundary[]> {
    const { grid, proposals } = this.proposer.push(frame);
    this.proposals.push(...proposals);
    this.joiner.frame(isBare(grid));
    await this.network.push(grid);
    if (this.looked === this.network.known) return [];
    return this.judge(Math.min(frame.frame - PROPOSAL_LAG, this.network.known - PROPOSAL_LENGTH));
  }

  async end(): Promise<Boundary[]> {
    this.proposals.push(...this.proposer.end());
    await this.network.end();
    this.lookOn();
    // A transition that still runs is the end of the last shot.
    this.stretch = undefined;
    return [...this.judge(Infinity), ...this.joiner.end()];
  }

  /** Judges what begins at or before `horizon`; tells the boundaries that are certain. */
  private judge(horizon: number): Boundary[] {
    this.lookOn();
    const until = Math.min(horizon, (this.stretch ?? Infinity) - 2);
    for (const proposal of this.proposals.filter(({ from }) => from <= until)) if (this.stands(proposal)) this.standing.push(proposal);
    this.proposals = this.proposals.filter(({ from }) => from > until);
    // What only the network sees counts where nothing else stands, which is known when all that begins before its end is judged.
    const sure = this.alone.filter(({ to }) => to <= until);
    this.alone = this.alone.filter(({ to }) => to > until);
    for (const found of sure) if (!this.standing.some(({ from, to }) => from < found.to && to > found.from)) this.joiner.add(found);
    const certain = Math.min(until, (this.alone[0]?.from ?? Infinity) - 1);
    for (const found of this.standing.filter(({ from, told }) => !told && from <= certain)) {
      this.joiner.add(found);
      found.told = true;
    }
    this.standing = this.standing.filter(({ to, told }) => !told || to > certain - LONGEST);
    return certain === Infinity ? [] : this.joiner.tell(certain);
  }

  private stands({ from, to, kind, margin }: Proposal): boolean {
    if (this.off.includes('network')) return margin >= 0;
    let wide = 0;
    // A cut may be seen a frame early or late; of a gradual transition every frame counts.
    if (kind === 'cut') for (const frame of [to - 1, to, to + 1]) wide = Math.max(wide, frame < this.network.known ? this.network.wide(frame) : 0);
    else for (let frame = from + 1; frame <= to; frame++) wide += this.network.wide(frame) / (to - from);
    return margin + (wide < 0.5 ? NO[kind] : YES) * (wide - 0.5) >= 0;
  }

  private lookOn(): void {
    while (this.looked < this.network.known) this.look(this.looked++);
  }

  private look(frame: number): void {
    if (this.off.includes('seen by the network alone') || this.off.includes('network')) return;
    const inside = this.network.wide(frame) > 0.5;
    if (!inside) {
      if (this.stretch !== undefined) this.seen(this.stretch - 1, frame - 1);
      this.stretch = undefined;
      this.tooLong = false;
    } else if (!this.tooLong) {
      this.stretch ??= frame;
      this.tooLong = frame - this.stretch > LONGEST;
      if (this.tooLong) this.stretch = undefined;
    }
  }

  private seen(from: number, to: number): void {
    if (from < 0 || to - from + 1 < SHORTEST) return;
    let [sure, middle] = [0, 0];
    for (let frame = from + 1; frame <= to; frame++) {
      sure += this.network.wide(frame) / (to - from);
      middle = Math.max(middle, this.network.sharp(frame));
    }
    if (sure < SURE || middle < SURE_MIDDLE) return;
    const ends = this.proposer.frames.unlike(from, to);
    if (ends >= ENDS) this.alone.push({ from, to, kind: this.network.kind(from + 1, to, ['dissolve', 'fade', 'wipe']), confidence: sure * ends });
  }
}

/** The detector of a folder (models/shots); where its file is missing or another, the classical one, with a warning. */
export async function loadDetector(dir: string, warnings: Warning[]): Promise<ShotDetector> {
  const network = await TransitionNetwork.load(dir, warnings);
  return network ? new JudgedDetector(network) : new ClassicalDetector();
}
