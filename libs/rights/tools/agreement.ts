import fc from 'fast-check';
import { compilePolicy, evaluate, type CompiledPolicy } from '../src/policy/index.js';
import { naive } from './naive.js';
import { chance, type Chance } from './worlds.js';

/** The documents compiled, parents first. */
export function compiled({ documents }: Pick<Chance, 'documents'>): CompiledPolicy[] {
  const parents = new Map<string, CompiledPolicy>();
  for (const document of documents) parents.set(String(document.uid), compilePolicy(document, { parents }));
  return [...parents.values()];
}

/** Both answers to one question. */
export function answers(world: Chance): { ours: ReturnType<typeof naive>; naive: ReturnType<typeof naive> } {
  const { documents, asked, request, state } = world;
  const chosen = asked.filter((at) => at < documents.length);
  const policies = compiled(world);
  const { outcome, trace } = evaluate(chosen.map((at) => policies[at]!), request, state);
  const counting = [...new Set(trace.filter(({ active }) => active).map(({ target, rule }) => `${target} ${rule}`))].sort();
  return { ours: { outcome, counting }, naive: naive(chosen.map((at) => documents[at]!), documents, request, state as never) };
}

/** Asks both sides about as many chance worlds: undefined when they agree on all, else the smallest on which they do not. */
export function disagreement(count: number, seed?: number): string | undefined {
  const property = fc.property(chance, (world) => {
    const { ours, naive: theirs } = answers(world);
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new Error(`the evaluator says ${JSON.stringify(ours)}, the naive reading ${JSON.stringify(theirs)}`);
  });
  const found = fc.check(property, { numRuns: count, ...(seed === undefined ? {} : { seed }) });
  if (!found.failed) return undefined;
  return `${found.errorInstance instanceof Error ? found.errorInstance.message : String(found.errorInstance)} (seed ${found.seed}): ${JSON.stringify(found.counterexample)}`;
}
