import { compilePolicy, evaluate, Meet, type CompiledPolicy, type MeetInput, type PolicyRequest, type WorldState } from '#libs/rights';
import { preparsePolicySet, statefulIsAuthorized, type StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { disagreement } from '../../libs/rights/tools/agreement.js';
import { median, type Bench, type Figure } from './figure.js';

const ROUNDS = 5;
const seconds = (work: () => void): number => {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
};

const CONTEXT = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const STUDIO = 'urn:x:studio';
const CATALOGUE = 'urn:x:catalogue';
const at = (text: string): object => ({ '@value': text, '@type': 'xsd:dateTime' });
const is = (leftOperand: string, operator: string, rightOperand: unknown): object => ({ leftOperand, operator, rightOperand });
const licence = (uid: string, more: object): Record<string, unknown> => ({ '@context': CONTEXT, '@type': 'Agreement', profile: 'urn:backlot:profile:', uid: `urn:x:licence:${uid}`, target: CATALOGUE, ...more });

/** A studio's licence and the three that it inherits from: twelve rules. */
const parents = [
  licence('archive', {
    permission: [
      { uid: '#1', action: ['backlot:ingest', 'backlot:caption', 'backlot:index'], constraint: [is('dateTime', 'lt', at('2030-01-01T00:00:00Z'))] },
      { uid: '#2', action: ['backlot:train', 'backlot:generate'], constraint: [is('dateTime', 'lt', at('2029-01-01T00:00:00Z')), is('spatial', 'isAnyOf', ['DE', 'FR', 'ES'])] },
    ],
    prohibition: [{ uid: '#3', action: ['backlot:coTrain', 'backlot:distil'] }],
  }),
  licence('guild', {
    permission: [{ uid: '#4', action: 'use' }],
    prohibition: [
      { uid: '#5', action: 'backlot:train', constraint: [is('backlot:appearsPerformer', 'isAnyOf', ['urn:x:performer:7', 'urn:x:performer:9'])] },
      { uid: '#6', action: 'backlot:generateLikeness' },
    ],
  }),
  licence('territory', {
    permission: [
      { uid: '#7', action: ['backlot:train', 'backlot:generate'], constraint: [is('count', 'lteq', 500)] },
      { uid: '#8', action: ['backlot:ingest', 'backlot:caption', 'backlot:index'] },
    ],
    prohibition: [{ uid: '#9', action: 'backlot:train', constraint: [is('purpose', 'isAnyOf', ['advertising', 'surveillance'])] }],
  }),
];
const studios = licence('studio', {
  inheritFrom: parents.map(({ uid }) => uid),
  assignee: STUDIO,
  permission: [
    { uid: '#10', action: ['backlot:train', 'backlot:generate'], constraint: [is('backlot:modelTenant', 'eq', STUDIO), is('purpose', 'isAnyOf', ['previs', 'promo', 'study', 'advertising'])] },
    { uid: '#11', action: ['backlot:ingest', 'backlot:caption', 'backlot:index'] },
  ],
  prohibition: [{ uid: '#12', action: 'backlot:train', constraint: [is('dateTime', 'lt', at('2026-01-01T00:00:00Z'))] }],
});

/** The same twelve rules in Cedar. What several licences must all permit is there a prohibition of the rest. */
const TRAIN = 'action in [Action::"pretrain", Action::"fineTune", Action::"coTrain", Action::"distil"]';
const MAKE = `action in [Action::"pretrain", Action::"fineTune", Action::"coTrain", Action::"distil", Action::"generate", Action::"generateLikeness"]`;
const KEEP = 'action in [Action::"ingest", Action::"caption", Action::"index"]';
const cedarRules = [
  `permit(principal == Party::"${STUDIO}", ${KEEP}, resource in Asset::"${CATALOGUE}");`,
  `permit(principal == Party::"${STUDIO}", ${MAKE}, resource in Asset::"${CATALOGUE}") when { context.modelTenant == "${STUDIO}" && ["previs", "promo", "study", "advertising"].contains(context.purpose) };`,
  `forbid(principal, ${KEEP}, resource in Asset::"${CATALOGUE}") unless { context.now < ${Date.parse('2030-01-01T00:00:00Z')} };`,
  `forbid(principal, ${MAKE}, resource in Asset::"${CATALOGUE}") unless { context.now < ${Date.parse('2029-01-01T00:00:00Z')} };`,
  `forbid(principal, ${MAKE}, resource in Asset::"${CATALOGUE}") unless { ["DE", "FR", "ES"].contains(context.spatial) };`,
  `forbid(principal, action in [Action::"coTrain", Action::"distil"], resource in Asset::"${CATALOGUE}");`,
  `forbid(principal, ${TRAIN}, resource in Asset::"${CATALOGUE}") when { context.appearsPerformer.containsAny(["urn:x:performer:7", "urn:x:performer:9"]) };`,
  `forbid(principal, action == Action::"generateLikeness", resource in Asset::"${CATALOGUE}");`,
  `forbid(principal, ${MAKE}, resource in Asset::"${CATALOGUE}") unless { context.count <= 500 };`,
  `forbid(principal, ${TRAIN}, resource in Asset::"${CATALOGUE}") when { ["advertising", "surveillance"].contains(context.purpose) };`,
  `forbid(principal, ${TRAIN}, resource in Asset::"${CATALOGUE}") when { context.now < ${Date.parse('2026-01-01T00:00:00Z')} };`,
];

const exclusions = Array.from({ length: 20 }, (_, index) => ({ id: `urn:x:exclusion:${index}`, target: `urn:x:film:${index % 10}`, segment: { first: 1000 * index, end: 1000 * index + 240, rate: '24' }, why: 'rights not cleared' }));
const cedarExclusions = exclusions.map(({ target, segment: { first, end } }) => `forbid(principal, action, resource in Asset::"${target}") when { context.first < ${end} && context.end > ${first} };`);

interface Mix {
  requests: PolicyRequest[];
  calls: StatefulAuthorizationCall[];
}

/** Requests as a studio makes them: every kind of action, most of them allowed, each with its own frames, facts and time. */
function mixOf(count: number): Mix {
  const pick = <T>(values: readonly T[], seed: number): T => values[(seed * 2_654_435_761) % 4_294_967_296 % values.length]!;
  const mix: Mix = { requests: [], calls: [] };
  for (let index = 0; index < count; index += 1) {
    const action = pick(['fineTune', 'fineTune', 'generate', 'generate', 'caption', 'index', 'pretrain', 'coTrain', 'generateLikeness'], index + 1);
    const film = `urn:x:film:${index % 40}`;
    const first = (index * 37) % 20_000;
    const segment = { first, end: first + 96, rate: '24' };
    const purpose = pick(['previs', 'promo', 'study', 'advertising'], index + 3);
    const spatial = pick(['DE', 'FR', 'DE', 'US', 'ES'], index + 5);
    const now = Date.UTC(2026, index % 12, 1 + (index % 28));
    const appearsPerformer = index % 11 === 0 ? ['urn:x:performer:7'] : ['urn:x:performer:1', 'urn:x:performer:2'];
    const uses = (index * 13) % 520;
    mix.requests.push({
      action, assignee: [STUDIO], now: new Date(now).toISOString(), purpose, spatial, modelTenant: STUDIO, counts: { train: uses, generate: uses },
      targets: [{ id: `${film}:edit`, ancestors: [film, CATALOGUE], segment, facts: { appearsPerformer } }],
    });
    mix.calls.push({
      principal: { type: 'Party', id: STUDIO }, action: { type: 'Action', id: action }, resource: { type: 'Asset', id: `${film}:edit` }, preparsedPolicySetId: 'licences',
      context: { now, purpose, spatial, modelTenant: STUDIO, count: uses + 1, appearsPerformer, first: segment.first, end: segment.end },
      entities: [
        { uid: { type: 'Asset', id: `${film}:edit` }, attrs: {}, parents: [{ type: 'Asset', id: film }] },
        { uid: { type: 'Asset', id: film }, attrs: {}, parents: [{ type: 'Asset', id: CATALOGUE }] },
      ],
    });
  }
  return mix;
}

function cedarDecides(call: StatefulAuthorizationCall): string {
  const answer = statefulIsAuthorized(call);
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  if (answer.response.diagnostics.errors.length > 0) throw new Error(JSON.stringify(answer.response.diagnostics.errors));
  return answer.response.decision;
}

/** Decisions a second with their traces, beside Cedar with its policies parsed before, on the same questions with the same answers. */
function decisions(): Figure {
  const compiled = new Map(parents.map((parent) => [String(parent.uid), compilePolicy(parent)]));
  const policies = [compilePolicy(studios, { parents: compiled })];
  const state: WorldState = { performed: [], exclusions };
  const parsed = preparsePolicySet('licences', { staticPolicies: [...cedarRules, ...cedarExclusions].join('\n') });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed.errors));
  const { requests, calls } = mixOf(1000);
  const answers = requests.map((request) => evaluate(policies, request, state).outcome);
  for (const [index, call] of calls.entries()) {
    const theirs = cedarDecides(call);
    if ((theirs === 'allow') !== (answers[index] === 'permit')) throw new Error(`not the same question: ${JSON.stringify(requests[index])} is ${answers[index]}, and ${theirs} by Cedar`);
  }
  const permitted = answers.filter((answer) => answer === 'permit').length;
  if (permitted < 200 || permitted > 800) throw new Error(`${permitted} of 1000 are permitted, which is no mix`);
  const ours: number[] = [];
  const theirs: number[] = [];
  let lines = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const took = seconds(() => {
      for (let again = 0; again < 50; again += 1) for (const request of requests) for (const line of evaluate(policies, request, state).trace) lines += line.constraints.length + 1;
    });
    const peer = seconds(() => {
      for (const call of calls) cedarDecides(call);
    });
    if (round === 0) continue; // The first round warms the compiler.
    ours.push((50 * requests.length) / took);
    theirs.push(calls.length / peer);
  }
  if (lines === 0) throw new Error('no traces');
  return { name: 'rights.decisions', value: median(ours), unit: '1/s', against: median(theirs), ratio: median(ours.map((rate, round) => rate / theirs[round]!)), peer: '@cedar-policy/cedar-wasm, policies preparsed, same questions; aim at least 100,000 a second and 10' };
}

const WORLDS = 100_000;

/** Chance policies and requests on which the compiled evaluator and the naive reading of the prose agree. */
function agreement(): Figure {
  const found = disagreement(WORLDS);
  if (found !== undefined) throw new Error(found);
  return { name: 'rights.agreement', value: WORLDS, unit: 'worlds', against: WORLDS, ratio: 1, peer: 'a naive reading of the prose, on random policies, requests and states; aim at all' };
}

const LICENCES = 2000;
const SEGMENTS = 1_000_000;

function inputsOf(policies: readonly CompiledPolicy[], one: (input: MeetInput) => void): void {
  const each = SEGMENTS / LICENCES;
  for (let title = 0; title < LICENCES; title += 1) {
    const ancestors = [`urn:x:title:${title}`, `urn:x:licence:${title}#titles`];
    const own = [policies[title]!];
    for (let index = 0; index < each; index += 1) one({ id: `urn:x:title:${title}:edit`, ancestors, segment: { first: index * 120, end: index * 120 + 96, rate: '24' }, facts: { appearsPerformer: [`urn:x:performer:${title % 50}`] }, policies: own });
  }
}

/** The meet of a million segments under two thousand licences, each with frames that are left out, and a new version of one of them. */
function meet(): Figure[] {
  const document = (title: number, more: object = {}): Record<string, unknown> =>
    licence(String(title), {
      target: '#titles',
      permission: [{ uid: '#1', action: ['backlot:train', 'backlot:generate'], constraint: [is('dateTime', 'lt', at('2030-01-01T00:00:00Z'))] }],
      prohibition: [
        { uid: '#2', action: 'backlot:train', target: { '@type': 'Asset', uid: `urn:x:title:${title}:edit`, 'backlot:segment': { first: 90_000, end: 91_000, rate: '24' } } },
        { uid: '#3', action: 'backlot:train', constraint: [is('backlot:appearsPerformer', 'isAnyOf', ['urn:x:performer:99'])] },
      ],
      ...more,
    });
  const policies = Array.from({ length: LICENCES }, (_, title) => compilePolicy(document(title)));
  const request = { action: 'fineTune', assignee: [STUDIO], now: '2026-05-01T00:00:00Z' };
  const state: WorldState = { performed: [] };
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const derived = new Meet();
  let peak = 0;
  const scratch = seconds(() => {
    inputsOf(policies, (input) => {
      derived.add(input);
      if (derived.size % 50_000 === 0) peak = Math.max(peak, process.memoryUsage().rss);
    });
    if (derived.decide(request, state).outcome !== 'permit') throw new Error('the meet is refused');
  });
  peak = Math.max(peak, process.memoryUsage().rss);
  const changes = Array.from({ length: ROUNDS }, (_, round) => {
    const by = compilePolicy(document(round, { prohibition: [{ uid: '#2', action: 'backlot:train' }] }));
    const took = seconds(() => derived.replacePolicy(policies[round]!, by));
    if (derived.decide(request, state).outcome !== 'refuse') throw new Error('a prohibition is not seen');
    derived.replacePolicy(by, policies[round]!);
    return took;
  });
  const change = median(changes);
  return [
    { name: 'rights.meet', value: scratch, unit: 's', against: 10, ratio: scratch / 10, peer: '1,000,000 segments under 2,000 licences; aim at most 10 s' },
    { name: 'rights.meet.memory', value: (peak - before) / 1024 ** 2, unit: 'MiB', against: 1024, ratio: (peak - before) / 1024 ** 3, peer: 'what it adds to the process at its peak; aim at most 1 GiB' },
    { name: 'rights.meet.change', value: change * 1000, unit: 'ms', against: scratch * 1000, ratio: change / scratch, peer: 'a new version of one licence beside the meet from scratch' },
  ];
}

export default { name: 'rights', run: async () => [decisions(), ...meet(), agreement()] } satisfies Bench;
