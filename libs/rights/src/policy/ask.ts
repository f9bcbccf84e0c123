import { z } from 'zod';
import type { CompiledPolicy } from './compile.js';
import { canonicalIri } from './document.js';
import { InvalidPolicy } from './json.js';
import type { Facts, PolicyRequest, WorldState } from './types.js';
import { leftOperands } from './vocabulary.js';

/**
 * A question as a lawyer writes it in a file: one action on one asset, who asks and when, and what is known. Ids that begin with "#" are inside the licence.
 * Cases (policies/cases), the examples of templates and `backlot policy explain --request` all read it.
 */

const fact = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]);
const facts = z.record(z.string(), fact);
const segment = z.tuple([z.number(), z.number(), z.string()]);
const asset = z.strictObject({ target: z.string(), in: z.array(z.string()).default([]), segment: segment.optional(), facts: facts.optional() });

const askShape = z.strictObject({
  action: z.string(),
  /** Every party that the asker is. */
  assignee: z.array(z.string()).default([]),
  now: z.string(),
  target: z.string().default('urn:example:asset'),
  /** What the target lies in. */
  in: z.array(z.string()).default([]),
  /** First frame, end, rate. */
  segment: segment.optional(),
  /** Further targets of the same job. */
  and: z.array(asset).default([]),
  purpose: z.string().optional(),
  spatial: z.string().optional(),
  modelTenant: z.string().nullish(),
  counts: z.record(z.string(), z.number()).optional(),
  facts: facts.optional(),
  /** Duties that were fulfilled, and when. */
  done: z.array(z.union([z.string(), z.strictObject({ duty: z.string(), at: z.string(), facts: facts.optional() })])).default([]),
  doneAt: z.string().default('2026-01-01T00:00:00Z'),
  /** Prohibitions that were broken. */
  infringed: z.array(z.strictObject({ rule: z.string(), at: z.string() })).default([]),
  /** When periods began that began before this question. */
  begun: z.array(z.strictObject({ duty: z.string(), at: z.string() })).default([]),
  holds: z.array(z.strictObject({ id: z.string().default('urn:example:hold'), on: z.enum(['title', 'performer', 'licence', 'studio']), subject: z.string(), why: z.string(), since: z.string().default('2026-01-01T00:00:00Z') })).default([]),
  exclusions: z.array(z.strictObject({ id: z.string().default('urn:example:exclusion'), target: z.string().optional(), segment, actions: z.array(z.string()).optional(), why: z.string(), clause: z.string().optional() })).default([]),
});

export type Ask = z.input<typeof askShape>;

/** The request and the state of the world that a question describes, about this licence. Refuses with the path of what it does not understand. */
export function readAsk(value: unknown, { id }: Pick<CompiledPolicy, 'id'>): { request: PolicyRequest; state: WorldState } {
  const read = askShape.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues as [z.core.$ZodIssue];
    const at = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
    throw new InvalidPolicy(at.map((part) => `/${String(part)}`).join(''), issue.code === 'unrecognized_keys' ? `“${issue.keys[0]!}” is not known in a question` : issue.message);
  }
  const { target, in: ancestors, segment: frames, and, modelTenant, done, doneAt, infringed, begun, holds, exclusions, facts: known, counts, ...rest } = read.data;
  const absolute = (text: string): string => (text.startsWith('#') ? `${id}${text}` : canonicalIri(text));
  const targetOf = (one: z.output<typeof asset>): PolicyRequest['targets'][number] => ({ id: absolute(one.target), ancestors: one.in.map(absolute), ...(one.segment ? { segment: segmentOf(one.segment) } : {}), ...(one.facts ? { facts: named(one.facts) } : {}) });
  const request: PolicyRequest = {
    ...given(rest),
    ...(known ? { facts: named(known) } : {}),
    ...(counts ? { counts: Object.fromEntries(Object.entries(counts).map(([rule, count]) => [absolute(rule), count])) } : {}),
    ...(modelTenant ? { modelTenant } : {}),
    targets: [{ target, in: ancestors, ...(frames ? { segment: frames } : {}) }, ...and].map(targetOf),
  };
  return {
    request,
    state: {
      performed: done.map((one) => (typeof one === 'string' ? { duty: absolute(one), at: doneAt } : { ...given(one), duty: absolute(one.duty) })),
      infringements: infringed.map((one) => ({ ...one, rule: absolute(one.rule) })),
      begun: begun.map((one) => ({ ...one, duty: absolute(one.duty) })),
      holds: holds.map((one) => ({ ...one, subject: one.on === 'licence' && one.subject === '#' ? id : absolute(one.subject) })),
      exclusions: exclusions.map(({ target: on = target, segment: out, ...one }) => ({ ...given(one), target: absolute(on), segment: segmentOf(out) })),
    },
  };
}

const segmentOf = ([first, end, rate]: z.output<typeof segment>): { first: number; end: number; rate: string } => ({ first, end, rate });

/** Facts by the operand's name: ODRL's own may be written without its prefix. */
function named(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [!leftOperands.has(name) && leftOperands.has(`odrl:${name}`) ? `odrl:${name}` : name, value]));
}

/** Without the keys that hold nothing: an absent fact is another one than one that is there and undefined. */
function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
