import { bands, type Band } from './bands.js';
import { type Apart, bitCount, compare, type Hashes } from './hashes.js';

export interface Near extends Apart {
  /** The number that the shot was added under. */
  shot: number;
}

const NONE = -1;

/**
 * Shots by the perceptual hashes of their keyframes: every shot with a picture within a radius of one of a given shot's, exactly, without looking at
 * the others.
 * Multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014): hashes are
 * split into bands, and two that differ in few bits differ in fewer still in one of the bands, so a few look-ups of each band's values
 * find every one. Typed arrays only: some 150 MiB for a million shots of three keyframes.
 */
export class HashIndex {
  private words: Uint32Array;
  private shotOf: Int32Array;
  /** The next keyframe of the same shot. */
  private sibling: Int32Array;
  /** Slots that were given back, as a list through `sibling`. */
  private free = NONE;
  private used = 0;
  private firstOf = new Int32Array(1024).fill(NONE);
  private seen = new Uint32Array(1024);
  private asked = 0;
  private directories: Directory[] = [];
  private held = 0;

  /** Pictures that differ in up to `radius` bits (at most 12) are found. It begins with room for so many keyframes, and doubles it as they come. */
  constructor(
    readonly radius: number,
    room = 1024,
  ) {
    if (!(radius >= 0 && radius <= 12)) throw new RangeError(`a radius of ${radius} bits is not 0 to 12`);
    this.words = new Uint32Array(2 * room);
    this.shotOf = new Int32Array(room).fill(NONE);
    this.sibling = new Int32Array(room);
    this.build();
  }

  /** Shots that have a hash. */
  get size(): number {
    return this.held;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return [this.words, this.shotOf, this.sibling, this.firstOf, this.seen, ...this.directories.flatMap(({ heads, next }) => [heads, next])].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** `shot` is a small whole number that the caller gives, each once. A shot without a hash is near nothing. */
  add(shot: number, hashes: Hashes): void {
    if (shot >= this.firstOf.length) this.growShots(shot);
    if (this.firstOf[shot] !== NONE) throw new Error(`shot ${shot} is there already`);
    for (let i = 0; i < hashes.length; i += 2) {
      const slot = this.slot();
      this.words[2 * slot] = hashes[i]!;
      this.words[2 * slot + 1] = hashes[i + 1]!;
      this.shotOf[slot] = shot;
      this.sibling[slot] = this.firstOf[shot]!;
      this.firstOf[shot] = slot;
      for (const directory of this.directories) directory.link(slot, this.words);
    }
    if (hashes.length) this.held++;
  }

  /** A shot that is not there is no error. */
  remove(shot: number): void {
    let slot = this.firstOf[shot] ?? NONE;
    if (slot === NONE) return;
    this.firstOf[shot] = NONE;
    this.held--;
    while (slot !== NONE) {
      const next = this.sibling[slot]!;
      for (const directory of this.directories) directory.unlink(slot, this.words);
      this.shotOf[slot] = NONE;
      this.sibling[slot] = this.free;
      this.free = slot;
      slot = next;
    }
  }

  /** Every shot one of whose pictures is at most the radius from one of these, in no order. */
  near(hashes: Hashes): Near[] {
    const found: Near[] = [];
    // Zero is the mark of what was never seen: after 2^32 questions all marks are wiped.
    this.asked = (this.asked + 1) >>> 0;
    if (this.asked === 0) {
      this.seen.fill(0);
      this.asked = 1;
    }
    for (let i = 0; i < hashes.length; i += 2) this.probe(hashes, hashes[i]!, hashes[i + 1]!, found);
    return found;
  }

  private probe(hashes: Hashes, upper: number, lower: number, found: Near[]): void {
    const { words, shotOf, seen, asked, radius } = this;
    for (const { band, heads, next, mask } of this.directories) {
      const value = band.of(upper, lower);
      const { flips } = band;
      for (let f = 0; f < flips.length; f++) {
        for (let slot = heads[(value ^ flips[f]!) & mask]!; slot !== NONE; slot = next[slot]!) {
          if (bitCount(words[2 * slot]! ^ upper) + bitCount(words[2 * slot + 1]! ^ lower) > radius) continue;
          const shot = shotOf[slot]!;
          if (seen[shot] === asked) continue;
          seen[shot] = asked;
          found.push({ shot, ...compare(hashes, this.hashesAt(shot)) });
        }
      }
    }
  }

  private hashesAt(shot: number): Hashes {
    let count = 0;
    for (let slot = this.firstOf[shot]!; slot !== NONE; slot = this.sibling[slot]!) count++;
    const hashes = new Uint32Array(2 * count);
    for (let slot = this.firstOf[shot]!, at = 0; slot !== NONE; slot = this.sibling[slot]!, at += 2) {
      hashes[at] = this.words[2 * slot]!;
      hashes[at + 1] = this.words[2 * slot + 1]!;
    }
    return hashes;
  }

  private slot(): number {
    if (this.free !== NONE) {
      const slot = this.free;
      this.free = this.sibling[slot]!;
      return slot;
    }
    if (this.used === this.shotOf.length) this.growSlots();
    return this.used++;
  }

  private growShots(shot: number): void {
    const size = Math.max(2 * this.firstOf.length, shot + 1);
    this.firstOf = grown(this.firstOf, new Int32Array(size).fill(NONE));
    this.seen = grown(this.seen, new Uint32Array(size));
  }

  private growSlots(): void {
    const size = 2 * this.shotOf.length;
    this.words = grown(this.words, new Uint32Array(2 * size));
    this.shotOf = grown(this.shotOf, new Int32Array(size).fill(NONE));
    this.sibling = grown(this.sibling, new Int32Array(size));
    this.build();
  }

  /** Directories for as many keyframes as there is room for. */
  private build(): void {
    const room = this.shotOf.length;
    this.directories = [];
    this.directories = bands(room, this.radius).map((band) => new Directory(band, room));
    for (const directory of this.directories) for (let slot = 0; slot < this.used; slot++) if (this.shotOf[slot] !== NONE) directory.link(slot, this.words);
  }
}

/** Keyframes by one band's value: the first of each value, and the next one after each. */
class Directory {
  readonly heads: Int32Array;
  readonly next: Int32Array;
  readonly mask: number;

  constructor(
    readonly band: Band,
    room: number,
  ) {
    const size = Math.min(2 ** band.width, 2 ** Math.ceil(Math.log2(room)));
    this.heads = new Int32Array(size).fill(NONE);
    this.next = new Int32Array(room);
    this.mask = size - 1;
  }

  link(slot: number, words: Uint32Array): void {
    const at = this.band.of(words[2 * slot]!, words[2 * slot + 1]!) & this.mask;
    this.next[slot] = this.heads[at]!;
    this.heads[at] = slot;
  }

  unlink(slot: number, words: Uint32Array): void {
    const at = this.band.of(words[2 * slot]!, words[2 * slot + 1]!) & this.mask;
    if (this.heads[at] === slot) {
      this.heads[at] = this.next[slot]!;
      return;
    }
    let before = this.heads[at]!;
    while (this.next[before] !== slot) before = this.next[before]!;
    this.next[before] = this.next[slot]!;
  }
}

function grown<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
