import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { MEASURES } from '../filters/measures.js';
import { wordsOfFacts } from './words.js';

test('numbers are looked up by the words that were written of them: whoever changes the range of a measure has all words written anew', () => {
  const written = MEASURES.flatMap((measure) => {
    if (measure.kind !== 'number') return [];
    const { name, low, high } = measure;
    return [name, low, high, ...Array.from({ length: 67 }, (_, n) => wordsOfFacts({ [name]: low + ((n - 1) * (high - low)) / 64 }))];
  });
  // Another one is written here together with a migration that says `call search_anew()`.
  expect(createHash('sha256').update(written.join()).digest('hex').slice(0, 12)).toBe('78632f2b83eb');
});
