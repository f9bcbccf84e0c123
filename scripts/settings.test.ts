import { settingNames } from '#libs/platform';
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Read by the set-up and the tests, before there is a product to check them. */
const ofTheSetUp = ['BACKLOT_CHROMIUM', 'BACKLOT_TORCH_INDEX'];

test('.env.example lists every setting there is, and no other', () => {
  const example = readFileSync(path.join(import.meta.dirname, '../.env.example'), 'utf8');
  const listed = [...example.matchAll(/^#?(BACKLOT_[A-Z_]+)=/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...settingNames, ...ofTheSetUp].sort());
});
