/** What can be counted of a caption without looking at the picture. */
export interface CaptionQuality {
  /** Words, at white space. */
  words: number;
  /** Runs of three words that were there before. */
  repeatedTrigrams: number;
  /** Different words over all words, 0..1; 1 where there is none. */
  distinctShare: number;
}

/** Why a caption asks for a look. */
export type CaptionFlag = 'too short' | 'too long' | 'repeats itself' | 'few different words' | 'contradicted';

// Fewer than 4 and more than 1,024 words are what cosmos-curator flags. Its other two are without a published number: three repeated
// runs and half of the words are the least at which no caption that was written with care is flagged.
const [FEWEST, MOST, REPEATS, SHARE, WORTH_A_SHARE] = [4, 1024, 3, 0.5, 12];

/** Word by word, without regard to ASCII capitals and punctuation; the rules of filter sets count the same in SQL (filters/measures.ts). */
export function captionQuality(text: string): CaptionQuality {
  const whole = text.split(/[ \t\n\r\f\v]+/).filter(Boolean);
  const words = whole.map((word) => word.replaceAll(/[.,;:!?"()]/g, '').replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())).filter(Boolean);
  const trigrams = words.slice(2).map((word, at) => `${words[at]} ${words[at + 1]} ${word}`);
  return {
    words: whole.length,
    repeatedTrigrams: trigrams.length - new Set(trigrams).size,
    distinctShare: words.length ? new Set(words).size / words.length : 1,
  };
}

/** `contradicted`: how many of a model's words were not taken because something else is known. */
export function captionFlags({ words, repeatedTrigrams, distinctShare }: CaptionQuality, contradicted: number): CaptionFlag[] {
  const holds: [CaptionFlag, boolean][] = [
    ['too short', words < FEWEST],
    ['too long', words > MOST],
    ['repeats itself', repeatedTrigrams >= REPEATS],
    ['few different words', words >= WORTH_A_SHARE && distinctShare < SHARE],
    ['contradicted', contradicted > 0],
  ];
  return holds.filter(([, is]) => is).map(([flag]) => flag);
}
