/**
 * `npm run suites [-- --odrl DIR --w3c DIR --contracts DIR --evaltest DIR]`: the licence evaluator on suites of others, one line a suite. A suite whose folder is not named
 * lies in ../shared/rights; evaltest runs only where it is named. Exits 1 when a case fails, or when a folder that is named holds none.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { differences, report } from './suite.js';
import { run, sources } from './suites.js';

const options = Object.fromEntries(Object.keys(sources).map((name) => [name, { type: 'string', multiple: true }])) as Record<keyof typeof sources, { type: 'string'; multiple: true }>;
const { values } = parseArgs({ options });
const here = process.env.INIT_CWD ?? process.cwd();

const lines: string[] = [];
let failed = false;
for (const [name, source] of Object.entries(sources)) {
  const named = values[name as keyof typeof sources]?.map((folder) => path.resolve(here, folder));
  for (const folder of named ?? ('folder' in source ? [source.folder] : [])) {
    const suite = await run(source, folder);
    lines.push(...report(suite));
    failed ||= suite.cases.some((one) => differences(one).length > 0) || (named !== undefined && suite.cases.length === 0);
  }
}
// At once: whoever reads only the first line must not break off the rest.
console.log(lines.join('\n'));
process.exitCode = failed ? 1 : 0;
