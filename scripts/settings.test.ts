import { settingNames } from '#libs/platform';
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Read where the settings module is not: by the set-up and the tests, and by a command that asks a running product. */
const readElsewhere = ['BACKLOT_CHROMIUM', 'BACKLOT_TORCH_INDEX', 'BACKLOT_TRANSNETV2', 'BACKLOT_PASSWORD'];

test('.env.example lists every setting there is, and no other', () => {
  const example = readFileSync(path.join(import.meta.dirname, '../.env.example'), 'utf8');
  const listed = [...example.matchAll(/^#?(BACKLOT_[A-Z0-9_]+)=/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...settingNames, ...readElsewhere].sort());
});
