import { Cells } from '../src/search/cells.js';
import { REDUCED, reduced, toBytes } from '../src/search/reduce.js';
import { factsOf, wordsOfFacts } from '../src/search/words.js';

/** Rows as search writes them, for benches that fill tables faster than jobs do. */
export { Cells, factsOf, wordsOfFacts };

/** Cells for so many vectors, learnt from some of them. */
export function cellsFor(vectors: number, sample: readonly Float32Array[]): Promise<Cells> {
  const numbers = new Float32Array(sample.length * REDUCED);
  for (const [at, vector] of sample.entries()) numbers.set(reduced(vector), at * REDUCED);
  return Cells.learn(numbers, Cells.sideFor(vectors));
}

/** What is written of a vector where a studio's cells are its first generation. */
export function rowOf(vector: Float32Array, cells: Cells): { vector: Buffer; cell: number; code: Buffer } {
  const small = reduced(vector);
  const bits = cells.codeOf(small);
  const code = Buffer.alloc(REDUCED / 8);
  for (let bit = 0; bit < REDUCED; bit++) if (bits[bit] === '1') code[bit >> 3]! |= 128 >> (bit & 7);
  return { vector: toBytes(vector), cell: 65_536 + cells.cellOf(small), code };
}
