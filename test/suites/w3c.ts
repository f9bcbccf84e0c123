import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { compare } from './expected.js';
import { compileJson, compileTurtle } from './policy.js';
import { Graph, keyOf, readGraph } from './rdf.js';
import { attempt, type Case } from './suite.js';
import { ask, currentTime, dutiesIn, factsOf, instant, memberOf, requestsOf } from './world.js';

/**
 * Folders in the shape of the W3C formal semantics examples: every compliancereport (JSON-LD or Turtle) below the folder is a case. Its request and state are
 * the files evaluationrequest and state of the same folder (of the same ending, where there are several), its policy the one that the report names, in that
 * folder or the nearest above. A state that is there twice, as JSON-LD and as Turtle, is read once. A file behaviour that says "open" allows what nothing prohibits.
 *
 * Readings of their own:
 * - A duty without a phase comes first (example C11), as in Backlot's profile.
 * - Times without a zone are UTC.
 * - The requests of C name parties as numbered instances of the policy's (billie1 for billie) and expect a permit: an IRI that only appends digits to a party of
 *   the policy is that party. Parties that are themselves numbered (party/1, party/16) stay apart.
 */
export async function w3cExamples(folder: string): Promise<Case[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(json|jsonld|ttl)$/.test(file)).sort();
  const named = (file: string): { kind: string; ending: string } | undefined => {
    const [, kind, ending] = /^(policy|state|evaluation[-_]?request|compliance[-_]?report)[^A-Za-z0-9]*(.*)\.[a-z]+$/i.exec(path.basename(file)) ?? [];
    return kind === undefined ? undefined : { kind: kind.toLowerCase().replace(/[-_]/, ''), ending: ending!.toLowerCase() };
  };
  const inFolder = (dir: string, kind: string): string[] => files.filter((file) => path.dirname(file) === dir && named(file)?.kind === kind);
  const reports = files.filter((file) => named(file)?.kind === 'compliancereport');
  return Promise.all(
    reports.map((file) =>
      attempt(file, async () => {
        const dir = path.dirname(file);
        const { ending } = named(file)!;
        const beside = (kind: string): string | undefined => {
          const there = inFolder(dir, kind);
          return there.find((one) => named(one)!.ending === ending) ?? (inFolder(dir, 'compliancereport').length === 1 ? there[0] : undefined);
        };
        const report = await readGraph(path.join(folder, file));
        const requestFile = beside('evaluationrequest');
        if (requestFile === undefined) throw new Error('there is no evaluation request beside it');
        const requests = await readGraph(path.join(folder, requestFile));
        const stateFile = beside('state');
        const state = stateFile === undefined ? new Graph([]) : await readGraph(path.join(folder, stateFile));
        const { policyFile, policy } = await policyOf(report, dir);
        const world = requests.with(state);
        const now = currentTime(state, requests) ?? created(report);
        const compiled = path.extname(policyFile) === '.ttl' ? await compileTurtle(policy) : await compileJson(JSON.parse(await readFile(path.join(folder, policyFile), 'utf8')) as object, policy);
        const { performed } = dutiesIn(policy, world, now);
        const open = await behaviourIsOpen(dir);
        const asked = requestsOf(requests);
        if (asked.length === 0) throw new Error('the request asks for nothing');
        const results = asked.map((one) => {
          const evaluation = ask([compiled], one, {
            facts: factsOf(policy, world, now),
            state: { performed },
            now,
            assignee: one.party === undefined ? [] : memberOf(one.party, world, policy).flatMap((party) => [party, ...partiesOf(policy).filter((own) => isInstance(party, own))]),
            ancestors: one.target === undefined ? [] : memberOf(one.target, world, policy),
          });
          const { expected, got } = compare(report, policy, compiled, evaluation);
          if (open && got.outcome !== undefined) got.outcome = evaluation.trace.some((trace) => trace.kind === 'prohibition' && trace.active) ? 'refuse' : 'permit';
          return { expected, got };
        });
        return { expected: Object.assign({}, ...results.map((one) => one.expected)) as Case['expected'], got: Object.assign({}, ...results.map((one) => one.got)) as Case['got'] };
      }),
    ),
  );

  async function policyOf(report: Graph, from: string): Promise<{ policyFile: string; policy: Graph }> {
    const wanted = report.having('policy').map((node) => report.text(node, 'policy'))[0];
    for (let dir = from; ; dir = path.dirname(dir)) {
      const there = await Promise.all(inFolder(dir, 'policy').map(async (policyFile) => ({ policyFile, policy: await readGraph(path.join(folder, policyFile)) })));
      const found = there.find(({ policy }) => wanted !== undefined && policy.has(wanted)) ?? (there.length === 1 ? there[0] : undefined);
      if (found) return found;
      if (dir === '.') throw new Error(`there is no policy ${wanted} beside or above it`);
    }
  }

  async function behaviourIsOpen(from: string): Promise<boolean> {
    const [file] = (await readdir(path.join(folder, from))).filter((name) => /^behaviou?r(\.\w+)?$/i.test(name));
    return file !== undefined && /^\s*open\b/i.test(await readFile(path.join(folder, from, file), 'utf8'));
  }
}

const created = (report: Graph): string | undefined => report.having('created').map((node) => instant(report.text(node, 'created')!))[0];
const partiesOf = (policy: Graph): string[] => ['assignee', 'assigner'].flatMap((name) => policy.having(name).flatMap((node) => policy.values(node, name).map(keyOf)));
const isInstance = (party: string, of: string): boolean => party.startsWith(of) && /^\d+$/.test(party.slice(of.length)) && !/\d$/.test(of);
