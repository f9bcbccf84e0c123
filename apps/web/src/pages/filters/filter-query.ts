import { graphql } from '../../generated/index.js';
import type { FilterRuleInput } from '../../generated/graphql.js';
import type { ResultOf } from '../../lib/result.js';

export const ruleFields = graphql(`
  fragment RuleFields on FilterRule {
    code
    measure
    comparison
    threshold
    values
    unit
    unknown
    words
    source
  }
`);

export const filters = graphql(`
  query Filters {
    filterSets(first: 100) {
      nodes {
        id
        name
        preset
        version
        changedAt
        rules {
          ...RuleFields
        }
      }
      totalCount
    }
    filterPresets {
      name
      words
      rules {
        ...RuleFields
      }
      notApplied {
        asks
        why
        source
      }
    }
    filterMeasures {
      name
      words
      kind
      unit
      low
      high
      values
    }
  }
`);

export const filterPreview = graphql(`
  query FilterPreview($input: FilterPreviewInput!) {
    filterPreview(input: $input) {
      shots
      every
      looked
      kept
      dropped
      rules {
        rule {
          ...RuleFields
        }
        drops
        breaks
        unknown
      }
      histograms {
        measure {
          name
        }
        bins {
          from
          to
          count
        }
        words {
          word
          count
        }
        unknown
      }
    }
  }
`);

export type Filters = ResultOf<typeof filters>;
export type FilterSet = Filters['filterSets']['nodes'][number];
export type Preset = Filters['filterPresets'][number];
export type Measure = Filters['filterMeasures'][number];
export type Rule = ResultOf<typeof ruleFields>;
export type Preview = NonNullable<ResultOf<typeof filterPreview>['filterPreview']>;
export type Histogram = Preview['histograms'][number];
export type RuleCount = Preview['rules'][number];

/** A rule as it is sent: nothing but what a rule is. */
export const toInput = ({ code, measure, comparison, threshold, values, unit, unknown, words, source }: Rule): FilterRuleInput => ({ code, measure, comparison, threshold: threshold ?? null, values: values ?? null, unit: unit ?? null, unknown, words, source: source ?? null });

/** '95%', '1.5 s', '48 frames' */
export function valueInWords(value: number, unit: string | null | undefined): string {
  if (unit === 'share') return `${(value * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%`;
  const number = value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 3 : 1 });
  return !unit || unit === 'of 1' ? number : `${number} ${unit}`;
}

/** 'at least 2 s', 'none of: static, pan' */
export function asksInWords({ comparison, threshold, values, unit }: Pick<Rule, 'comparison' | 'threshold' | 'values' | 'unit'>): string {
  if (typeof threshold === 'number') return `${comparison === 'AT_LEAST' ? 'at least' : 'at most'} ${valueInWords(threshold, unit)}`;
  return `${comparison === 'ONE_OF' ? 'one of' : 'none of'}: ${(values ?? []).join(', ')}`;
}
