/**
 * The rights language decided a second time, straight from the prose of policies/profile and from the JSON of the documents: nothing is
 * compiled, indexed or kept, no code of the evaluator is used, and every rule is looked at every time. What the evaluator answers is held
 * against it, on policies and requests made by chance (worlds.ts), which use the part of the language that this file knows.
 */

export interface Doc {
  [key: string]: unknown;
}

interface Ask {
  action: string;
  assignee: readonly string[];
  now: string;
  targets: readonly { id: string; ancestors: readonly string[]; segment?: Frames; facts?: Doc }[];
  counts?: Readonly<Record<string, number>>;
  facts?: Doc;
}

interface Frames {
  first: number;
  end: number;
  rate: string;
}

interface World {
  performed: readonly { duty: string; at: string }[];
  begun?: readonly { duty: string; at: string }[];
  exclusions?: readonly { target: string; segment: Frames; actions?: readonly string[] }[];
  holds?: readonly { on: string; subject: string; since: string }[];
}

const includedIn: Record<string, string> = { pretrain: 'train', fineTune: 'train', coTrain: 'train', generateLikeness: 'generate', train: 'odrl:use', generate: 'odrl:use', 'odrl:play': 'odrl:use', 'odrl:display': 'odrl:play' };
const kindsOfEverything = ['odrl:use', 'train'];

const short = (name: string): string => (name.startsWith('backlot:') ? name.slice('backlot:'.length) : name.includes(':') ? name : `odrl:${name}`);
const isOrIsKindOf = (name: string, of: string): boolean => name === of || (includedIn[name] !== undefined && isOrIsKindOf(includedIn[name], of));
const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** Every answer that is still possible: [true], [false], or both while something is not known. */
type Possible = boolean[];
const sure = (value: boolean): Possible => [value];
const open: Possible = [true, false];
const surely = (possible: Possible): boolean => !possible.includes(false);
const maybe = (possible: Possible): boolean => possible.includes(true);

/** All ways in which the parts may come out, put through a rule of logic. */
function combine(parts: Possible[], rule: (values: boolean[]) => boolean): Possible {
  let ways: boolean[][] = [[]];
  for (const part of parts) ways = ways.flatMap((way) => part.map((value) => [...way, value]));
  return [...new Set(ways.map(rule))];
}

const every = (values: boolean[]): boolean => values.every((value) => value);
const any = (values: boolean[]): boolean => values.some((value) => value);
const opposite = (possible: Possible): Possible => possible.map((value) => !value);

/** Places as the ground that they cover. */
const ground: Record<string, string[]> = { 'DE-BY': ['Bavaria'], DE: ['Bavaria', 'other Germany'], FR: ['France'], US: ['America'], JP: ['Japan'], BR: ['Brazil'], ZA: ['South Africa'], AQ: ['Antarctica'], AT: ['Austria'], EU: ['Bavaria', 'other Germany', 'France', 'Austria', 'other EU'], DACH: ['Bavaria', 'other Germany', 'Austria', 'Switzerland'] };

function liesIn(inner: string, outer: string): Possible {
  const [inside, around] = [ground[inner]!, ground[outer]!];
  if (inside.every((part) => around.includes(part))) return sure(true);
  return inside.some((part) => around.includes(part)) ? open : sure(false);
}

/** The answer of the naive reading, and which rules count for which target. */
export function naive(documents: readonly Doc[], all: readonly Doc[], request: Ask, state: World): { outcome: 'permit' | 'refuse'; counting: string[] } {
  const counting = new Set<string>();
  let refused = request.targets.length === 0;
  const action = short(request.action);
  const now = Date.parse(request.now);

  for (const target of request.targets) {
    const places = [target.id, ...target.ancestors];
    const about = (asset: string): boolean => places.includes(asset);

    const fact = (name: string): unknown => target.facts?.[name] ?? request.facts?.[name];

    const condition = (one: Doc, rule: Doc): Possible => {
      if (one.and) return combine(list(one.and).map((part) => condition(part as Doc, rule)), every);
      if (one.andSequence) return combine(list(one.andSequence).map((part) => condition(part as Doc, rule)), every);
      if (one.or) return combine(list(one.or).map((part) => condition(part as Doc, rule)), any);
      if (one.xone) return combine(list(one.xone).map((part) => condition(part as Doc, rule)), (values) => values.filter((value) => value).length === 1);
      return comparison(one, rule);
    };

    const comparison = (one: Doc, rule: Doc): Possible => {
      const name = short(String(one.leftOperand));
      const rights = one.rightOperandReference === undefined ? list(one.rightOperand) : list(request.facts?.[one.rightOperandReference as string]);
      const operator = String(one.operator);
      if (rights.length === 0) return open;
      if (name === 'odrl:dateTime') {
        const right = Date.parse(String((rights[0] as Doc)['@value']));
        return sure({ lt: now < right, lteq: now <= right, gt: now > right, gteq: now >= right, eq: now === right, neq: now !== right }[operator]!);
      }
      if (name === 'odrl:count') {
        const before = request.counts?.[String(rule.uid)] ?? request.counts?.[short(String(rule.judged))];
        if (before === undefined) return open;
        const [use, right] = [before + 1, Number(rights[0])];
        return sure({ lt: use < right, lteq: use <= right, gt: use > right, gteq: use >= right, eq: use === right, neq: use !== right }[operator]!);
      }
      const given = (name === 'odrl:purpose' ? (request as unknown as Doc).purpose : name === 'odrl:spatial' ? (request as unknown as Doc).spatial : undefined) ?? fact(name);
      if (given === undefined || given === null) return open;
      const values = list(given);
      if (name === 'odrl:resolution') {
        const wanted = typeof one.unit === 'string' ? one.unit : undefined;
        const amount = typeof given === 'object' ? ((given as Doc).unit === wanted && wanted !== undefined ? (given as Doc).value : undefined) : given;
        if (typeof amount !== 'number') return open;
        const right = Number((rights[0] as Doc)['@value']);
        return sure({ lt: amount < right, lteq: amount <= right, gt: amount > right, gteq: amount >= right, eq: amount === right, neq: amount !== right }[operator]!);
      }
      const texts = rights.map((right) => String(right).replace(/^backlot:/, ''));
      const is = (value: string, right: string): Possible => {
        if (name === 'odrl:spatial') return liesIn(value, right);
        if (right === 'anyOtherLicensor') return rule.assigner === undefined ? open : sure(value !== rule.assigner);
        return sure(value === right);
      };
      const isOne = (value: string): Possible => combine(texts.map((right) => is(value, right)), any);
      if (name === 'performerClearance') {
        // It must hold for each performer; what holds for some of them only is not settled.
        const each = values.map((value) => (operator === 'neq' || operator === 'isNoneOf' ? opposite(isOne(String(value))) : operator === 'isAllOf' ? combine(texts.map((right) => is(String(value), right)), every) : isOne(String(value))));
        if (each.every(surely)) return sure(true);
        return each.every((possible) => !maybe(possible)) ? sure(false) : open;
      }
      if (name !== 'appearsPerformer' && name !== 'coTrainedLicensor' && values.length !== 1) return open;
      const has = (right: string): Possible => combine(values.map((value) => is(String(value), right)), any);
      switch (operator) {
        case 'eq':
        case 'isAnyOf':
          return combine(texts.map(has), any);
        case 'neq':
        case 'isNoneOf':
          return opposite(combine(texts.map(has), any));
        case 'isAllOf':
          return combine(texts.map(has), every);
        case 'isA':
        case 'isPartOf':
          return combine(values.map((value) => is(String(value), texts[0]!)), every);
        case 'hasPart':
          // Only a place has parts; for all else it is the same as being it.
          return combine(values.map((value) => (name === 'odrl:spatial' ? is(texts[0]!, String(value)) : is(String(value), texts[0]!))), any);
        default:
          throw new Error(`the naive reading does not know ${operator}`);
      }
    };

    /** Frames as instants: fractions of a second over one denominator. */
    const at = (frame: number, rate: string): bigint => {
      const [count, per = '1'] = rate.split('/');
      return (BigInt(frame) * BigInt(per) * 24n * 25n * 24_000n) / BigInt(count!);
    };
    const overlap = (a: Frames, b: Frames): boolean => at(a.first, a.rate) < at(b.end, b.rate) && at(b.first, b.rate) < at(a.end, a.rate);
    const within = (a: Frames, b: Frames): boolean => at(a.first, a.rate) >= at(b.first, b.rate) && at(a.end, a.rate) <= at(b.end, b.rate);

    const done = (duty: Doc): number[] => state.performed.filter((one) => one.duty === duty.uid && Date.parse(one.at) <= now).map((one) => Date.parse(one.at));
    /** Whether a permission may rely on the duty. */
    const settled = (duty: Doc, rule: Doc): boolean => {
      const times = done(duty);
      if (!maybe(combine(list(duty.constraint).map((one) => condition(one as Doc, rule)), every))) return true;
      const [began] = (state.begun ?? []).filter((one) => one.duty === duty.uid && Date.parse(one.at) <= now).map((one) => Date.parse(one.at)).sort((a, b) => b - a);
      const days = /^P(\d+)D$/.exec((duty['backlot:deadline'] ?? '') as string);
      const deadline = began === undefined || !days ? undefined : began + Number(days[1]) * 86_400_000;
      const late = deadline !== undefined && deadline < now && !times.some((time) => time <= deadline);
      return times.length > 0 && (!late || list(duty.consequence).every((more) => settled(more as Doc, rule)));
    };

    const allows = (policy: Doc): boolean => {
      if ((state.holds ?? []).some((hold) => hold.on === 'licence' && hold.subject === policy.uid && Date.parse(hold.since) <= now)) refused = true;
      const parents = list(policy.inheritFrom).map((uid) => all.find((one) => one.uid === uid)!);
      let [forbidden, permitted, speaks] = [false, false, false];
      for (const kind of ['permission', 'prohibition']) {
        for (const rule of list(policy[kind]) as Doc[]) {
          for (const named of list(rule.action).map(String)) {
            const covered = isOrIsKindOf(action, short(named));
            const partly = kindsOfEverything.includes(action) && isOrIsKindOf(short(named), action);
            for (const spec of list(rule.target)) {
              const asset = typeof spec === 'string' ? { uid: spec } : (spec as Doc);
              if (!about(String(asset.source ?? asset.uid)) || !(covered || partly)) continue;
              if (kind === 'permission') speaks = true;
              if (kind === 'permission' && !covered) continue;
              const context = { ...rule, judged: named };
              const frames = asset['backlot:segment'] as Frames | undefined;
              const inFrames = !frames || (target.segment ? (kind === 'permission' ? within(target.segment, frames) : overlap(target.segment, frames)) : kind === 'prohibition');
              const parties = rule.assignee === undefined ? [{}] : list(rule.assignee).map((party) => (typeof party === 'string' ? { source: party } : (party as Doc)));
              for (const party of parties) {
                if (party.source !== undefined && !request.assignee.includes(party.source as string)) continue;
                const holds = combine([...list(asset.refinement), ...list(party.refinement), ...list(rule.constraint)].map((one) => condition(one as Doc, context)), every);
                const counts = inFrames && (kind === 'permission' ? surely(holds) && list(rule.duty).every((duty) => (duty as Doc)['backlot:phase'] === 'backlot:post' || settled(duty as Doc, context)) : maybe(holds));
                if (!counts) continue;
                counting.add(`${target.id} ${String(rule.uid)}`);
                if (kind === 'permission') permitted = true;
                else forbidden = true;
              }
            }
          }
        }
      }
      const parentsAllow = parents.map(allows).every((yes) => yes);
      if (policy.conflict === 'invalid' && permitted && forbidden) return false;
      if (forbidden && !(policy.conflict === 'perm' && permitted)) return false;
      return parentsAllow && (permitted || (parents.length > 0 && !speaks));
    };

    const governs = (policy: Doc): boolean =>
      ['permission', 'prohibition'].some((kind) => (list(policy[kind]) as Doc[]).some((rule) => list(rule.target).some((spec) => about(String(typeof spec === 'string' ? spec : ((spec as Doc).source ?? (spec as Doc).uid)))))) ||
      list(policy.inheritFrom).some((uid) => governs(all.find((one) => one.uid === uid)!));

    const governing = documents.filter(governs);
    if (governing.length === 0) refused = true;
    for (const policy of governing) if (!allows(policy)) refused = true;

    for (const { on, subject, since } of state.holds ?? []) {
      if (Date.parse(since) > now) continue;
      if (on === 'title' && about(subject)) refused = true;
      if (on === 'studio' && request.assignee.includes(subject)) refused = true;
      if (on === 'performer') {
        const performers = fact('appearsPerformer');
        if (performers === undefined || list(performers).includes(subject)) refused = true;
      }
    }
    for (const exclusion of state.exclusions ?? []) {
      const concerned = exclusion.actions === undefined || exclusion.actions.some((name) => isOrIsKindOf(action, short(name)) || (kindsOfEverything.includes(action) && isOrIsKindOf(short(name), action)));
      if (concerned && about(exclusion.target) && (!target.segment || overlap(target.segment, exclusion.segment))) refused = true;
    }
  }
  return { outcome: refused ? 'refuse' : 'permit', counting: [...counting].sort() };
}
