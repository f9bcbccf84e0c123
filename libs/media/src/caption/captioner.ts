import type { Labels, Measures } from '../types.js';
import { BY, type Caption, captionFor } from './fields.js';

/** A shot as a captioner sees it. */
export interface CaptionedShot {
  measures: Measures;
  labels?: Labels;
  /** JPEGs in the order shown; only where the captioner looks at them. */
  keyframes: Buffer[];
}

/**
 * Port: puts a shot into words. Whatever looks at the pictures, the fields that were measured are in the caption and are never gone
 * against; each field says where it is from, in one line of plain text.
 */
export interface Captioner {
  /** Name and version of what says the fields that are not measured. */
  readonly name: string;
  /** Needs keyframes. */
  readonly looks: boolean;
  /** Address that keyframes are sent to; undefined where they do not leave this machine. */
  readonly sendsTo?: string;
  /**
   * Throws Refusal CAPTION_UNUSABLE where the answer is none (this shot's caption stays as it is), Refusal CAPTIONER_REFUSES where it
   * would refuse every shot, CaptionerAway where it does not answer now, and the signal's reason.
   */
  caption(shot: CaptionedShot, signal?: AbortSignal): Promise<Caption>;
}

/** It does not answer, or is too busy: later it may. */
export class CaptionerAway extends Error {}

/** Says what was measured and labelled, and nothing else. */
export class MeasuredCaptioner implements Captioner {
  readonly name = BY;
  readonly looks = false;

  async caption(shot: CaptionedShot, signal?: AbortSignal): Promise<Caption> {
    signal?.throwIfAborted();
    return captionFor(shot);
  }
}
