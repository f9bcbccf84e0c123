import { describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '#libs/platform';
import { differences, type Case } from './suite.js';
import { run, sources } from './suites.js';

// jest lists its tests before it runs them, so the cases are asked here.
for (const source of Object.values(sources)) {
  if (!('folder' in source)) continue;
  const where = path.relative(repositoryRoot, source.folder);
  if (!existsSync(source.folder)) test.skip(`${source.name} (skipped: ${where} is missing)`, () => undefined);
  else {
    const { cases } = await run(source);
    describe(source.name, () => {
      test('has cases', () => {
        expect(cases.length).toBeGreaterThan(0);
      });
      test.each(cases.map((one): [string, Case] => [one.name, one]))('%s', (_, one) => {
        expect(differences(one)).toEqual([]);
      });
    });
  }
}
