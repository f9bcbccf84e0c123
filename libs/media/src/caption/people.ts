/** How many people a text speaks of. */
export interface Headcount {
  least: number;
  most: number;
  /** The words that say so. */
  said: string;
}

const list = (words: string): Set<string> => new Set(words.split(' '));

const SINGULAR = list(
  'person man woman boy girl child kid baby toddler infant lady gentleman guy someone somebody soldier officer policeman policewoman fireman dancer player singer actor actress worker farmer rider driver runner pedestrian passenger ' +
    'king queen knight warrior doctor nurse teacher student cowboy sailor hiker skier swimmer cyclist chef waiter waitress bride groom priest monk nun speaker reporter teenager adult stranger',
);
const IRREGULAR = new Map<string, string>(Object.entries({ people: 'person', persons: 'person', men: 'man', women: 'woman', children: 'child', ladies: 'lady', gentlemen: 'gentleman', babies: 'baby', policemen: 'policeman', policewomen: 'policewoman', firemen: 'fireman', actresses: 'actress', waitresses: 'waitress', cowboys: 'cowboy', boys: 'boy', twins: 'twin' }));
const COLLECTIVE = new Map<string, [number, number]>(Object.entries({ crowd: [3, Infinity], mob: [3, Infinity], audience: [3, Infinity], army: [3, Infinity], group: [2, Infinity], couple: [2, 2], pair: [2, 2], duo: [2, 2], trio: [3, 3], family: [2, Infinity], team: [2, Infinity] }));
/** Collectives that are of people also where they do not say of what. */
const OF_PEOPLE = list('crowd mob audience army couple family team');
const NUMBERS = new Map<string, [number, number]>(Object.entries({
  a: [1, 1], an: [1, 1], another: [1, 1], one: [1, 1], two: [2, 2], both: [2, 2], three: [3, 3], four: [4, 4], five: [5, 5], six: [6, 6], seven: [7, 7], eight: [8, 8], nine: [9, 9], ten: [10, 10], eleven: [11, 11], twelve: [12, 12], dozen: [12, 12],
  several: [3, Infinity], many: [3, Infinity], numerous: [3, Infinity], multiple: [2, Infinity], some: [2, Infinity], few: [2, Infinity], dozens: [24, Infinity], hundreds: [100, Infinity], thousands: [1000, Infinity],
}));
const DEFINITE = list('the this that these those');
/** A picture of somebody is perhaps, and perhaps not, counted with those who are there. */
const DEPICTION = list('statue statues sculpture portrait portraits painting paintings picture pictures photo photos photograph photographs poster posters drawing drawings mannequin mannequins doll dolls figurine figurines cartoon toy image reflection shadow');
const NONE = list('no without nobody none');
/** What ends the words that belong to a noun. */
const BREAK = list('and or but with in on at to by from for near behind beside under over into onto who which while as is are was were has have');
const REACH = 4;

/**
 * Counts the people of an English text: number words, plurals, collectives, "no people", "a man and two women". Undefined where it speaks
 * of none. Deliberately lenient: a range, widened where a text may mean more or fewer.
 */
export function peopleIn(text: string): Headcount | undefined {
  const words = text.toLowerCase().replaceAll(/[’‘]/g, "'").match(/[\p{L}\p{N}][\p{L}\p{N}-]*(?:'s?)?|[.,;:!?]/gu) ?? [];
  const counts: Headcount[] = [];
  const seen = new Set<string>();
  let denied: string | undefined;
  let open = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === 'nobody' || (word === 'no' && words[at + 1] === 'one' && words[at + 2] !== 'of')) denied ??= word === 'no' ? 'no one' : word;
    if (word === 'others' || (word === 'another' && !belongs(words, at))) open = true;
    const noun = nounOf(word);
    if (!noun || nounOf(words[at + 1] ?? '')) continue;
    const phrase = phraseBefore(words, at);
    const said = words.slice(phrase.from, at + 1).join(' ');
    if (phrase.denied) {
      denied ??= said;
      continue;
    }
    // The second "the man" is the first one again.
    const again = phrase.definite && seen.has(noun.name);
    seen.add(noun.name);
    if (again || phrase.ofCollective) continue;
    const [least, most] = phrase.number ?? (noun.many ? [counts.some(({ least: some }) => some > 0) ? 1 : 2, Infinity] : [1, 1]);
    counts.push({ least: phrase.depicted || noun.owner ? 0 : least, most, said });
  }
  for (const collective of collectivesIn(words)) counts.push(collective);
  if (!counts.length) return denied === undefined ? undefined : { least: 0, most: 0, said: denied };
  const sum = (of: 'least' | 'most'): number => counts.reduce((total, count) => total + count[of], 0);
  return { least: sum('least'), most: open ? Infinity : sum('most'), said: counts.map(({ said }) => said).join(', ') };
}

/** A noun for people: its singular, whether it is many, and whether something is theirs ("a man's hat"). */
function nounOf(word: string): { name: string; many: boolean; owner: boolean } | undefined {
  const owner = /'s?$/.test(word);
  const bare = word.replace(/'s?$/, '');
  const many = IRREGULAR.get(bare) ?? (bare.endsWith('s') && SINGULAR.has(bare.slice(0, -1)) ? bare.slice(0, -1) : undefined);
  if (many) return { name: many, many: true, owner };
  return SINGULAR.has(bare) ? { name: bare, many: false, owner } : undefined;
}

/** Whether a noun for people follows closely: "another man". */
const belongs = (words: string[], at: number): boolean => words.slice(at + 1, at + 1 + REACH).some((word, ahead, next) => nounOf(word) !== undefined && !next.slice(0, ahead).some((between) => BREAK.has(between)));

interface Phrase {
  from: number;
  number?: [number, number];
  definite: boolean;
  denied: boolean;
  depicted: boolean;
  ofCollective: boolean;
}

/** What stands before a noun and belongs to it. */
function phraseBefore(words: string[], noun: number): Phrase {
  const phrase: Phrase = { from: noun, definite: false, denied: false, depicted: false, ofCollective: false };
  for (let at = noun - 1; at >= Math.max(0, noun - REACH - 1); at--) {
    const word = words[at]!;
    if (word === 'of') {
      const before = words[at - 1] ?? '';
      phrase.ofCollective = COLLECTIVE.has(before) && !phrase.number;
      phrase.depicted = DEPICTION.has(before);
      if (['dozens', 'hundreds', 'thousands'].includes(before)) phrase.number = NUMBERS.get(before)!;
      if (before === 'devoid' || before === 'empty' || (before === 'sign' && NONE.has(words[at - 2] ?? ''))) phrase.denied = true;
      if (before === 'one' || before === 'each') phrase.number = [1, Infinity];
      if (phrase.number && NUMBERS.has(before)) phrase.from = at - 1;
      break;
    }
    if (/^[.,;:!?]$/.test(word) || BREAK.has(word) || nounOf(word)) break;
    phrase.from = at;
    const number: [number, number] | undefined = NUMBERS.get(word) ?? (/^\d{1,4}$/.test(word) ? [Number(word), Number(word)] : undefined);
    // "A few men": the nearer word counts.
    if (number && !phrase.number) phrase.number = atLeast(words, at, number);
    if (DEFINITE.has(word)) phrase.definite = true;
    if (NONE.has(word) || (word === 'not' && phrase.number?.[0] === 1)) phrase.denied = true;
  }
  return phrase;
}

function atLeast(words: string[], at: number, [least, most]: [number, number]): [number, number] {
  const before = words.slice(Math.max(0, at - 2), at).join(' ');
  if (before.endsWith('more than') || words[at - 1] === 'over') return [least + 1, Infinity];
  return before.endsWith('at least') ? [least, Infinity] : [least, most];
}

function collectivesIn(words: string[]): Headcount[] {
  return words.flatMap((word, at) => {
    const range = COLLECTIVE.get(word);
    if (!range) return [];
    const [least, most] = range;
    const members = words[at + 1] === 'of' ? words.slice(at + 2, at + 2 + REACH) : undefined;
    const people = members?.findIndex((member) => nounOf(member));
    if (members ? people! < 0 || members.slice(0, people).some((member) => BREAK.has(member)) : !OF_PEOPLE.has(word)) return [];
    // "A group of three men" is counted by its number.
    if (members?.slice(0, people).some((member) => NUMBERS.has(member) || /^\d+$/.test(member))) return [];
    if (NONE.has(words[at - 1] ?? '') || DEPICTION.has(words[at - 2] ?? '') || DEPICTION.has(words[at - 3] ?? '')) return [];
    return [{ least, most, said: words.slice(Math.max(0, at - 1), at + 1 + (members ? people! + 2 : 0)).join(' ') }];
  });
}
