import { HashIndex } from '#libs/curation';
import { median, type Bench, type Figure } from './figure.js';

const SHOTS = 1_000_000;
const KEYFRAMES = 3;
const RADIUS = 8;
const QUESTIONS = 2000;
/** The scan is asked fewer: each question of it reads every hash three times. */
const SCANS = 40;

/** Numbers that look random and are the same each time (xorshift32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Keyframes of one take: each the one before with up to 12 bits turned. Every tenth shot is an earlier one, each of its hashes with up to 6 bits turned. */
function catalogue(): Uint32Array {
  const next = numbers(20261123);
  const words = new Uint32Array(2 * KEYFRAMES * SHOTS);
  const turn = (at: number, most: number): void => {
    for (let left = next() % (most + 1); left > 0; left--) words[at + (next() & 1)]! ^= 1 << (next() & 31);
  };
  for (let shot = 0; shot < SHOTS; shot++) {
    const from = shot % 10 === 9 ? next() % shot : -1;
    for (let keyframe = 0; keyframe < KEYFRAMES; keyframe++) {
      const at = 2 * (KEYFRAMES * shot + keyframe);
      for (let word = 0; word < 2; word++) words[at + word] = from >= 0 ? words[2 * (KEYFRAMES * from + keyframe) + word]! : keyframe === 0 ? next() : words[at + word - 2]!;
      turn(at, from >= 0 ? 6 : keyframe === 0 ? 0 : 12);
    }
  }
  return words;
}

const bitCount = (word: number): number => {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  n = (n + (n >>> 4)) & 0x0f0f0f0f;
  return Math.imul(n, 0x01010101) >>> 24;
};

/** What the index is held against: every hash looked at. */
function scan(words: Uint32Array, asked: Uint32Array): number[] {
  const found = new Set<number>();
  for (let i = 0; i < asked.length; i += 2) {
    const [upper, lower] = [asked[i]!, asked[i + 1]!];
    for (let at = 0; at < words.length; at += 2) {
      const bits = bitCount(words[at]! ^ upper);
      if (bits <= RADIUS && bits + bitCount(words[at + 1]! ^ lower) <= RADIUS) found.add((at / 2 / KEYFRAMES) | 0);
    }
  }
  return [...found].sort((a, b) => a - b);
}

const quantile = (values: number[], share: number): number => values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;

function duplicates(): Figure[] {
  const words = catalogue();
  const shot = (number: number): Uint32Array => words.subarray(2 * KEYFRAMES * number, 2 * KEYFRAMES * (number + 1));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const began = performance.now();
  const index = new HashIndex(RADIUS);
  for (let number = 0; number < SHOTS; number++) index.add(number, shot(number));
  const build = (performance.now() - began) / 1000;
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;

  const next = numbers(7);
  // Half of the questions are shots of the catalogue, half are new ones, as a title that was just analysed has.
  const questions = Array.from({ length: QUESTIONS }, (_, number) => (number % 2 ? shot(next() % SHOTS) : Uint32Array.from({ length: 2 * KEYFRAMES }, next)));
  for (const question of questions.slice(0, 200)) index.near(question);
  let found = 0;
  const ours = questions.map((question) => {
    const asked = performance.now();
    found += index.near(question).length;
    return performance.now() - asked;
  });
  scan(words, questions[0]!);
  const theirs = questions.slice(0, SCANS).map((question) => {
    const asked = performance.now();
    const all = scan(words, question);
    const took = performance.now() - asked;
    const near = index.near(question).map((one) => one.shot).sort((a, b) => a - b);
    if (near.join() !== all.join()) throw new Error(`the index finds ${near.length} shots, the scan ${all.length}`);
    return took;
  });
  if (found < QUESTIONS / 2) throw new Error('the questions find nothing');
  const changes = Array.from({ length: 1000 }, () => {
    const number = next() % SHOTS;
    const asked = performance.now();
    index.remove(number);
    index.add(number, shot(number));
    return performance.now() - asked;
  });
  const bytes = index.bytes / 2 ** 20;
  const p50 = quantile(ours, 0.5);
  const p95 = quantile(ours, 0.95);
  const peer = `a scan of all ${KEYFRAMES} x 1,000,000 hashes, same answers (within ${RADIUS} bits)`;
  return [
    { name: 'duplicates.build', value: build, unit: 's', against: 60, ratio: build / 60, peer: '1,000,000 shots of 3 keyframes, one by one; aim at most 60 s' },
    { name: 'duplicates.memory', value: bytes, unit: 'MiB', against: words.byteLength / 2 ** 20, ratio: bytes / (words.byteLength / 2 ** 20), peer: `the hashes alone; the process grew by ${grown.toFixed(0)} MiB` },
    { name: 'duplicates.query.p50', value: p50, unit: 'ms', against: quantile(theirs, 0.5), ratio: p50 / quantile(theirs, 0.5), peer },
    { name: 'duplicates.query.p95', value: p95, unit: 'ms', against: quantile(theirs, 0.95), ratio: p95 / quantile(theirs, 0.95), peer },
    { name: 'duplicates.change', value: median(changes), unit: 'ms', against: build * 1000, ratio: median(changes) / (build * 1000), peer: 'a shot taken out and put in again, beside the build' },
  ];
}

export default { name: 'duplicates', run: async () => duplicates() } satisfies Bench;
