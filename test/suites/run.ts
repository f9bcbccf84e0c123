/**
 * `npm run suites [-- --odrl DIR --w3c DIR --contracts DIR --evaltest DIR]`: the licence evaluator on suites of others, one line a suite. Where folders are named, only those
 * suites run; without, those of ../shared/rights. Exits 1 when a case fails, or when a folder that was named is not there.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { differences, report } from './suite.js';
import { run, sources } from './suites.js';

const options = Object.fromEntries(Object.keys(sources).map((name) => [name, { type: 'string', multiple: true }])) as Record<keyof typeof sources, { type: 'string'; multiple: true }>;
const { values } = parseArgs({ options });
const named = Object.entries(values).flatMap(([name, folders]) => (folders ?? []).map((folder) => ({ source: sources[name as keyof typeof sources], folder: path.resolve(folder) })));
const asked = named.length > 0 ? named : Object.values(sources).flatMap((source) => ('folder' in source ? [{ source, folder: source.folder }] : []));

let failed = false;
for (const { source, folder } of asked) {
  const suite = await run(source, folder);
  for (const line of report(suite)) console.log(line);
  failed ||= suite.cases.some((one) => differences(one).length > 0) || (named.length > 0 && suite.cases.length === 0);
}
process.exitCode = failed ? 1 : 0;
