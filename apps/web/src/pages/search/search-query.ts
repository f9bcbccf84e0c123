import { graphql } from '../../generated/index.js';
import type { SearchShotsQuery, ShotCondition } from '../../generated/graphql.js';

export const searchShots = graphql(`
  query SearchShots($first: Int!, $after: String, $query: ShotQuery!) {
    searchShots(query: $query, first: $first, after: $after) {
      nodes {
        shot {
          id
          number
          first
          sentence
          keyframes {
            url
          }
        }
        title {
          id
          name
        }
        words
        meaning
        look
        facts {
          measure {
            name
            words
            unit
          }
          value
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

export type Hit = NonNullable<SearchShotsQuery['searchShots']>['nodes'][number];

/** What the page's filters are called in its address. */
export const filterNames = ['people', 'place', 'size', 'camera', 'tone', 'length', 'light'] as const;
export type FilterName = (typeof filterNames)[number];
export interface Asked extends Partial<Record<FilterName, string>> {
  words?: string;
  like?: string;
}

interface FilterChoice {
  label: string;
  options: Record<string, [name: string, conditions: ShotCondition[]]>;
}

const oneOf = (measure: string, ...values: string[]): ShotCondition[] => [{ measure, comparison: 'ONE_OF', values }];
const atLeast = (measure: string, threshold: number): ShotCondition => ({ measure, comparison: 'AT_LEAST', threshold });
const atMost = (measure: string, threshold: number): ShotCondition => ({ measure, comparison: 'AT_MOST', threshold });

/** Ways to narrow a search, each an address word, its name and what it asks. */
export const filters: Record<FilterName, FilterChoice> = {
  people: { label: 'People', options: { one: ['One person', oneOf('people', '1')], two: ['Two people', oneOf('people', '2')], several: ['Several people', oneOf('people', 'several')] } },
  place: { label: 'Place', options: { indoors: ['Indoors', oneOf('place', 'indoors')], outdoors: ['Outdoors', oneOf('place', 'outdoors')] } },
  size: {
    label: 'Shot size',
    options: {
      close: ['Close-up', oneOf('shotSize', 'extreme close-up', 'close-up', 'medium close-up')],
      medium: ['Medium', oneOf('shotSize', 'medium shot', 'medium long shot')],
      long: ['Long', oneOf('shotSize', 'long shot')],
    },
  },
  camera: { label: 'Camera', options: { static: ['Static', oneOf('motionKind', 'static')], pan: ['Panning', oneOf('motionKind', 'pan')], tilt: ['Tilting', oneOf('motionKind', 'tilt')], zoom: ['Zooming', oneOf('motionKind', 'zoom')], handheld: ['Handheld', oneOf('motionKind', 'handheld')] } },
  tone: { label: 'Colour', options: { mono: ['Black and white', [atMost('saturation', 0.008), atMost('blackFraction', 0.5)]], muted: ['Muted', [atLeast('saturation', 0.008), atMost('saturation', 0.035)]], vivid: ['Vivid', [atLeast('saturation', 0.17)]] } },
  length: { label: 'Length', options: { short: ['Up to 2 s', [atMost('seconds', 2)]], middle: ['2 to 10 s', [atLeast('seconds', 2), atMost('seconds', 10)]], long: ['10 s and more', [atLeast('seconds', 10)]] } },
  light: { label: 'Light', options: { dark: ['Dark', [atMost('brightness', 0.2)]], bright: ['Bright', [atLeast('brightness', 0.65)]] } },
};

/** The address as the API asks it; undefined where it asks nothing. */
export function queryOf({ words, like, ...narrowed }: Asked): { words: string | null; likeShotId: string | null; conditions: ShotCondition[] } | undefined {
  const conditions = filterNames.flatMap((name) => filters[name].options[narrowed[name] ?? '']?.[1] ?? []);
  if (!words && !like && !conditions.length) return undefined;
  return { words: words ?? null, likeShotId: like ?? null, conditions };
}
