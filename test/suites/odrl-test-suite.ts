import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CompiledPolicy } from '#libs/rights';
import { compare } from './expected.js';
import { compileTurtle } from './policy.js';
import { keyOf, readGraph, type Graph } from './rdf.js';
import { attempt, type Case } from './suite.js';
import { ask, currentTime, dutiesIn, factsOf, memberOf, requestsOf } from './world.js';

/**
 * Folders in the shape of SolidLabResearch/ODRL-Test-Suite: Turtle files anywhere below the folder, in which an ex:TestCase names its policy, request,
 * state of the world (sotw) and expected report by IRI. Every test case found is asked.
 *
 * Readings of its own:
 * - An operand that has no value has none, rather than one that is not known.
 * - The suite calls a permission active while its duty is open ("given that eventually the duty is fulfilled") and inactive once the duty
 *   is violated. So a duty without a phase comes after the use, unless the state says that it was violated: then it comes first.
 */
export async function odrlTestSuite(folder: string): Promise<Case[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ttl')).sort();
  const documents = await Promise.all(files.map(async (file) => ({ file, graph: await readGraph(path.join(folder, file)) })));
  const defining = (id: string | undefined, what: string): Graph => {
    const found = documents.find(({ graph }) => id !== undefined && graph.has(id) && graph.types(id).length > 0);
    if (!found) throw new Error(`the ${what} ${id} is not in the folder`);
    return found.graph;
  };
  const cases: Promise<Case>[] = [];
  for (const { file, graph } of documents) {
    for (const test of graph.ofType('TestCase')) {
      if (graph.values(test, 'expectedReport').length === 0) continue;
      cases.push(
        attempt(`${path.basename(file, '.ttl')} (${graph.text(test, 'title') ?? test})`, async () => {
          const policyId = graph.text(test, 'policy')!;
          const policy = defining(policyId, 'policy').from(policyId);
          const requests = defining(graph.text(test, 'request'), 'request').from(graph.text(test, 'request')!);
          const stateId = graph.text(test, 'sotw');
          const states = defining(stateId, 'state of the world');
          // What a file says besides belongs to its only state.
          const state = states.ofType('Sotw').length === 1 ? states : states.from(stateId!);
          const report = graph.ofType('TestCase').length === 1 ? graph : graph.from(graph.text(test, 'expectedReport')!);
          const world = requests.with(state);
          const now = currentTime(state, requests) ?? reportTime(report);
          const { performed, violated } = dutiesIn(policy, world, now);
          const compiled = await compileTurtle(policy, { phase: (duty) => (violated.has(duty) ? 'pre' : 'post'), parents: await parentsOf(policy, defining) });
          const asked = requestsOf(requests);
          if (asked.length === 0) throw new Error('the request asks for nothing');
          const results = asked.map((one) => {
            const evaluation = ask([compiled], one, {
              facts: factsOf(policy, world, now, { closed: true }),
              state: { performed },
              now,
              assignee: one.party === undefined ? [] : memberOf(one.party, world, policy),
              ancestors: one.target === undefined ? [] : memberOf(one.target, world, policy),
            });
            return compare(report, policy, compiled, evaluation, one.id);
          });
          return { expected: Object.assign({}, ...results.map((one) => one.expected)) as Case['expected'], got: Object.assign({}, ...results.map((one) => one.got)) as Case['got'] };
        }),
      );
    }
  }
  return Promise.all(cases);
}

/** When the expected report was made, for states that do not say what time it is. */
const reportTime = (report: Graph): string | undefined => report.having('created').map((node) => report.text(node, 'created'))[0];

async function parentsOf(policy: Graph, defining: (id: string, what: string) => Graph): Promise<Map<string, CompiledPolicy>> {
  const parents = new Map<string, CompiledPolicy>();
  for (const id of policy.having('inheritFrom').flatMap((node) => policy.values(node, 'inheritFrom').map(keyOf))) {
    const parent = defining(id, 'policy').from(id);
    parents.set(id, await compileTurtle(parent, { phase: () => 'post', parents: await parentsOf(parent, defining) }));
  }
  return parents;
}
