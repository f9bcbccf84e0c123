import type { Condition, Duty, Rule, TargetSpec } from './load.js';
import { triggers, wordsFor } from './vocabulary.js';
import { conditionWords, listWords, periodWords } from './words.js';

/** What people call an asset or a party; undefined leaves its id. */
export type Names = (id: string) => string | undefined;

/** The words of rules with the names that people use in place of ids. */
export class Wording {
  constructor(private readonly names: Names = () => undefined) {}

  readonly name = (id: string): string => this.names(id) ?? (id.endsWith('#titles') ? 'the licensed titles' : plainName(id));

  /** "ingest, curation and captioning" */
  acts({ actions }: Pick<Rule, 'actions'>): string {
    return listWords(actions.map((action) => wordsFor(action.name)), 'and');
  }

  /** "frames 100 to 199 (at 24 a second) of episode 3" */
  target({ id, segment, refinement }: TargetSpec): string {
    const frames = segment ? `frames ${number(segment.first)} to ${number(segment.end - 1)} (at ${segment.rate} a second) of ` : '';
    return `${frames}${id === null ? 'any asset' : this.name(id)}${refinement.map((condition) => ` ${this.condition(condition)}`).join('')}`;
  }

  targets(targets: readonly TargetSpec[]): string {
    return listWords(targets.map((target) => this.target(target)), 'and');
  }

  /** Reads on after "is allowed". */
  condition(condition: Condition, rule?: Pick<Rule, 'assignees'>): string {
    return conditionWords(this.worded(condition), rule?.assignees.map((party) => this.name(party.id)));
  }

  /** The same condition, comparing with what people say for ids and places. */
  private worded(condition: Condition): Condition {
    if ('logic' in condition) return { ...condition, of: condition.of.map((part) => this.worded(part)) };
    const { operand, operator, values } = condition;
    const say = operand.type === 'place' ? placeWords : operand.type === 'id' ? this.name : undefined;
    const single = values.length === 1 && operator === 'isAnyOf' ? { operator: operand.type === 'place' ? ('isPartOf' as const) : ('eq' as const) } : {};
    return { ...condition, ...single, ...(say ? { values: values.map((value) => (typeof value === 'string' ? say(value) : value)) } : {}) };
  }

  /** "within 30 days of delivery", "every 3 months, counted from the use" */
  due({ period, trigger, interval }: Duty): string {
    const from = triggers.get(trigger)!;
    const sentence = from.startsWith('the licence');
    if (interval !== null) return `${every(interval)}, counted from ${sentence ? `the day on which ${from}` : from}${period === null ? '' : `, within ${periodWords(period)} of the end of each`}`;
    return period === null ? `${sentence ? 'when' : 'upon'} ${from}` : `within ${periodWords(period)} of ${sentence ? `the day on which ${from}` : from}`;
  }
}

export const number = (value: number): string => value.toLocaleString('en-GB');
export const every = (interval: string): string => `every ${periodWords(interval).replace(/^1 /, '')}`;

const regions = new Intl.DisplayNames('en-GB', { type: 'region', fallback: 'code' });
const groups: Record<string, string> = { EU: 'the European Union', EEA: 'the European Economic Area', DACH: 'Germany, Austria and Switzerland', US: 'the United States', GB: 'the United Kingdom', NL: 'the Netherlands' };

/** "Germany" for DE. */
export function placeWords(code: string): string {
  return groups[code] ?? (/^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code);
}

/** "episode 3" of urn:example:series:4:episode:3; other ids as they are. */
function plainName(id: string): string {
  const [, kind, rest] = /:(catalogue|series|season|episode|title|film|edit|reel|performer|studio)[:-]([A-Za-z0-9.]+)$/i.exec(id) ?? [];
  return kind ? `${kind.toLowerCase()} ${rest}` : id;
}
