import { describe, expect, test } from '@jest/globals';
import { flipsOf } from './bands.js';
import { compare, type Hashes, hashesOf } from './hashes.js';
import { HashIndex } from './index-of-hashes.js';

/** Numbers that look random and are the same each time (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Shots of one to five hashes; every other one is an earlier one with some bits of each hash turned. */
function shotsOf(count: number, seed: number): Hashes[] {
  const next = numbers(seed);
  const shots: Hashes[] = [];
  for (let n = 0; n < count; n++) {
    const twin = n % 2 ? shots[next() % n]! : Uint32Array.from({ length: 2 * (1 + (next() % 5)) }, next);
    const turned = n % 2 ? next() % 14 : 0;
    const shot = twin.slice();
    for (let i = 0; i < shot.length; i += 2) for (let t = 0; t < turned; t++) shot[i + (next() & 1)]! ^= 1 << (next() & 31);
    shots.push(shot);
  }
  return shots;
}

const sorted = (found: { shot: number }[]): number[] => found.map(({ shot }) => shot).sort((a, b) => a - b);

describe('an index finds exactly what a scan finds', () => {
  test.each([0, 3, 4, 6, 8, 10, 12])('within %d bits, also after shots went and others took their room', (radius) => {
    const shots = shotsOf(400, radius + 1);
    const index = new HashIndex(radius);
    shots.forEach((shot, number) => index.add(number, shot));
    const gone = new Set(shots.map((_, number) => number).filter((number) => number % 7 === 3));
    for (const number of gone) index.remove(number);
    shots.slice(0, 30).forEach((shot, number) => index.add(400 + number, shot));
    const all = [...shots.map((shot, number) => ({ number, shot })).filter(({ number }) => !gone.has(number)), ...shots.slice(0, 30).map((shot, number) => ({ number: 400 + number, shot }))];
    let pairs = 0;
    for (const shot of shots.slice(0, 80)) {
      const near = index.near(shot);
      const scan = all.filter(({ shot: other }) => compare(shot, other).one <= radius);
      expect(sorted(near)).toEqual(scan.map(({ number }) => number));
      for (const { shot: number, most, one } of near.slice(0, 5)) expect({ most, one }).toEqual(compare(shot, number >= 400 ? shots[number - 400]! : shots[number]!));
      pairs += scan.length;
    }
    expect(pairs).toBeGreaterThan(80);
    expect(index.size).toBe(all.length);
  });

  test('with the wide bands that it takes from half a million keyframes on', () => {
    const next = numbers(99);
    const index = new HashIndex(8, 1 << 20);
    const asked = Uint32Array.from({ length: 2 }, next);
    for (let number = 0; number < 5000; number++) index.add(number, Uint32Array.of(next(), next()));
    const twins: number[] = [];
    for (let number = 5000; number < 5200; number++) {
      const twin = asked.slice();
      const turned = new Set(Array.from({ length: 12 }, () => next() & 63).slice(0, number % 13));
      for (const bit of turned) twin[bit >> 5]! ^= 1 << (bit & 31);
      index.add(number, twin);
      if (turned.size <= 8) twins.push(number);
    }
    expect(sorted(index.near(asked)).filter((shot) => shot >= 5000)).toEqual(twins);
    expect(index.bytes).toBeLessThan(100 * 2 ** 20);
  });

  test('a shot without hashes is near nothing, and one that never was can be removed', () => {
    const index = new HashIndex(8);
    index.add(0, hashesOf([undefined]));
    index.remove(5);
    expect([index.near(hashesOf([])), index.near(hashesOf(['00ff00ff00ff00ff'])), index.size]).toEqual([[], [], 0]);
    index.add(1, hashesOf(['00ff00ff00ff00ff']));
    expect(() => index.add(1, hashesOf(['00ff00ff00ff00ff']))).toThrow('there already');
  });
});

test('two shots are as far apart as most of the shorter one is from the longer, whichever comes first', () => {
  const a = hashesOf(['0000000000000000', '00000000ffffffff', 'ffffffffffffffff']);
  const trimmed = hashesOf(['00000000fffffffe', 'fffffffffffffff0']);
  expect(compare(a, trimmed)).toEqual({ most: 4, one: 1 });
  expect(compare(trimmed, a)).toEqual({ most: 4, one: 1 });
  expect(compare(a, hashesOf(['0000000000000001', '0f0f0f0f0f0f0f0f', '5555555555555555']))).toEqual({ most: 32, one: 1 });
});

test('differences of at most three bits are each there once', () => {
  const flips = [...flipsOf(21, 3)];
  expect(flips).toHaveLength(1 + 21 + 210 + 1330);
  expect(new Set(flips).size).toBe(flips.length);
});
