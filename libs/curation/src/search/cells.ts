import { COARSE, REDUCED } from './reduce.js';

/** Nothing else runs while numbers are computed; so much of it at a time, in ms. */
const BREATH = 25;
const ROUNDS = 8;
/** Regions whose cells are looked at for the nearest cell of a vector. */
const REGIONS = 4;

/** Lets the event loop go on when some time has passed since it last did. */
export function breather(signal?: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < BREATH) return undefined;
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        since = performance.now();
        if (signal?.aborted) reject(signal.reason as Error);
        else resolve();
      });
    });
  };
}

/**
 * Cells that vectors lie in: inverted lists (J. Sivic and A. Zisserman, "Video Google", 2003) of two levels, side regions of side cells, so
 * that a vector's cell is found by looking at some 5 x side centres rather than side x side. All vectors here are reduced ones.
 */
export class Cells {
  private readonly sizes: Float32Array;
  private readonly regionSizes: Float32Array;

  private constructor(
    readonly side: number,
    /** Mean of all: signs are of what a vector differs by. */
    private readonly mean: Float32Array,
    private readonly regions: Float32Array,
    private readonly centres: Float32Array,
  ) {
    this.sizes = sizesOf(centres);
    this.regionSizes = sizesOf(regions);
  }

  get count(): number {
    return this.side * this.side;
  }

  /** So many that a cell holds about as many vectors as there are cells. */
  static sideFor(vectors: number): number {
    return Math.min(64, Math.max(4, Math.round(Math.sqrt(Math.sqrt(vectors)))));
  }

  /** Learnt from a sample of reduced vectors, one after the other: the same sample gives the same cells. */
  static async learn(sample: Float32Array, side: number, signal?: AbortSignal): Promise<Cells> {
    const many = sample.length / REDUCED;
    const mean = new Float32Array(REDUCED);
    for (let i = 0; i < sample.length; i++) mean[i % REDUCED]! += sample[i]! / many;
    const all = Int32Array.from({ length: many }, (_, at) => at);
    const breathe = breather(signal);
    const { centres: regions, nearest } = await kMeans(sample, all, side, breathe);
    const centres = new Float32Array(side * side * COARSE);
    for (let region = 0; region < side; region++) {
      const inside = all.filter((at) => nearest[at] === region);
      const own = inside.length ? (await kMeans(sample, inside, side, breathe)).centres : fill(regions.subarray(region * COARSE, (region + 1) * COARSE), side);
      centres.set(own, region * side * COARSE);
    }
    return new Cells(side, mean, regions, centres);
  }

  static from(bytes: Buffer): Cells {
    const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const side = (Math.sqrt(1 + (4 * (numbers.length - REDUCED)) / COARSE) - 1) / 2;
    const centresAt = REDUCED + side * COARSE;
    return new Cells(side, numbers.subarray(0, REDUCED), numbers.subarray(REDUCED, centresAt), numbers.subarray(centresAt));
  }

  toBytes(): Buffer {
    return Buffer.concat([this.mean, this.regions, this.centres].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
  }

  /** The cell that a vector lies in. */
  cellOf(vector: Float32Array): number {
    let [best, least] = [0, Infinity];
    for (const region of nearestOf(vector, this.regions, this.regionSizes, REGIONS)) {
      for (let cell = region * this.side; cell < (region + 1) * this.side; cell++) {
        const distance = this.sizes[cell]! - 2 * dot(vector, this.centres, cell * COARSE);
        if (distance < least) [best, least] = [cell, distance];
      }
    }
    return best;
  }

  /** The cells nearest to a vector, all of them looked at. */
  near(vector: Float32Array, many: number): number[] {
    return nearestOf(vector, this.centres, this.sizes, many);
  }

  /** The signs of a vector's numbers less the mean, as Postgres writes bits. */
  codeOf(vector: Float32Array): string {
    return codeOf(vector, this.mean);
  }
}

/** The signs of a vector's numbers, less those of a mean where there is one. */
export function codeOf(vector: Float32Array, mean?: Float32Array): string {
  let bits = '';
  for (let i = 0; i < REDUCED; i++) bits += vector[i]! > (mean?.[i] ?? 0) ? '1' : '0';
  return bits;
}

function dot(vector: Float32Array, centres: Float32Array, at: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < COARSE; i += 4) {
    a += vector[i]! * centres[at + i]!;
    b += vector[i + 1]! * centres[at + i + 1]!;
    c += vector[i + 2]! * centres[at + i + 2]!;
    d += vector[i + 3]! * centres[at + i + 3]!;
  }
  return a + b + c + d;
}

/** Squared length of each centre. */
function sizesOf(centres: Float32Array): Float32Array {
  return Float32Array.from({ length: centres.length / COARSE }, (_, at) => dot(centres.subarray(at * COARSE, (at + 1) * COARSE), centres, at * COARSE));
}

/** Places of the nearest of some centres, nearest first. */
function nearestOf(vector: Float32Array, centres: Float32Array, sizes: Float32Array, many: number): number[] {
  const distances = sizes.map((size, at) => size - 2 * dot(vector, centres, at * COARSE));
  return [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(0, many);
}

const fill = (centre: Float32Array, times: number): Float32Array => {
  const centres = new Float32Array(times * COARSE);
  for (let at = 0; at < times; at++) centres.set(centre, at * COARSE);
  return centres;
};

/** Lloyd's k-means over some vectors of a sample, begun from vectors spread evenly over them; a centre that is left alone stays where it was. */
async function kMeans(sample: Float32Array, chosen: Int32Array, count: number, breathe: () => Promise<void> | undefined): Promise<{ centres: Float32Array; nearest: Int32Array }> {
  const centres = new Float32Array(count * COARSE);
  for (let at = 0; at < count; at++) {
    const from = chosen[Math.floor((at * chosen.length) / count)]! * REDUCED;
    centres.set(sample.subarray(from, from + COARSE), at * COARSE);
  }
  const nearest = new Int32Array(sample.length / REDUCED);
  for (let round = 0; round < ROUNDS; round++) {
    const sizes = sizesOf(centres);
    const sums = new Float64Array(count * COARSE);
    const members = new Int32Array(count);
    for (const one of chosen) {
      const vector = sample.subarray(one * REDUCED, one * REDUCED + COARSE);
      let [best, least] = [0, Infinity];
      for (let at = 0; at < count; at++) {
        const distance = sizes[at]! - 2 * dot(vector, centres, at * COARSE);
        if (distance < least) [best, least] = [at, distance];
      }
      nearest[one] = best;
      members[best]!++;
      for (let i = 0; i < COARSE; i++) sums[best * COARSE + i]! += vector[i]!;
      const pause = breathe();
      if (pause) await pause;
    }
    for (let at = 0; at < count; at++) {
      if (members[at]) for (let i = 0; i < COARSE; i++) centres[at * COARSE + i] = sums[at * COARSE + i]! / members[at]!;
    }
  }
  return { centres, nearest };
}

