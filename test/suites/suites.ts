import { existsSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '#libs/platform';
import { contracts } from './contracts.js';
import { evaltest } from './evaltest.js';
import { odrlTestSuite } from './odrl-test-suite.js';
import type { Case, Suite } from './suite.js';
import { w3cExamples } from './w3c.js';

interface Source {
  name: string;
  /** Where the data lies by default; undefined: it runs only where it is named. */
  folder?: string;
  read(folder: string): Promise<Case[]>;
}

const shared = path.join(repositoryRoot, '../shared/rights');

/** Every suite by the option that names its folder. Their data is not ours, so it lies outside of the repository. */
export const sources = {
  odrl: { name: 'ODRL-Test-Suite', folder: path.join(shared, 'odrl-test-suite'), read: odrlTestSuite },
  w3c: { name: 'W3C', folder: path.join(shared, 'w3c-examples'), read: w3cExamples },
  contracts: { name: 'contracts', folder: path.join(shared, 'contracts'), read: contracts },
  evaltest: { name: 'odrl-wprofile-evaltest1', read: evaltest },
} satisfies Record<string, Source>;

/** Asks every case of a suite; of a folder that is not there, none. */
export async function run(source: Source, folder = source.folder): Promise<Suite> {
  const there = folder !== undefined && existsSync(folder);
  return { name: source.name, folder: there ? folder : null, cases: there ? await source.read(folder) : [] };
}
