import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from '#libs/platform';
import { compilePolicy, evaluate, instantiateLicence, type PolicyRequest } from './index.js';

interface Ask {
  action: string;
  assignee: string[];
  now: string;
  target?: string;
  in?: string[];
  segment?: [number, number, string];
  purpose?: string;
  spatial?: string;
  modelTenant?: string | null;
  counts?: Record<string, number>;
  facts?: Record<string, string | number | string[]>;
  done?: string[];
  doneAt?: string;
}

interface CaseFile {
  about: string;
  sample?: string;
  policy?: Record<string, unknown>;
  request: Partial<Ask>;
  cases: (Partial<Ask> & { case: string; answer: 'ALLOW' | 'DENY'; because: string })[];
}

const folder = path.join(repositoryRoot, 'policies');
const json = <T>(...parts: string[]): T => JSON.parse(readFileSync(path.join(folder, ...parts), 'utf8')) as T;
const files = readdirSync(path.join(folder, 'cases')).filter((name) => name.endsWith('.json'));
const STUDIO = 'urn:example:studio:north';
const licence = (name: string): Record<string, unknown> => instantiateLicence(json('samples', name), { studio: STUDIO, licence: 'urn:example:licence' });

describe.each(files)('%s', (name) => {
  const { sample, policy, request: common, cases } = json<CaseFile>('cases', name);
  const document = policy ?? licence(`${sample!}.jsonld`);
  const compiled = compilePolicy(document);

  test.each(cases)('$answer: $case', ({ answer, because, ...own }) => {
    const { target = 'urn:example:asset', in: ancestors = [], segment, done = [], doneAt, modelTenant, ...rest } = { ...common, ...own };
    const request = {
      ...rest,
      ...(modelTenant ? { modelTenant } : {}),
      targets: [
        {
          id: target,
          ancestors: ancestors.map((id) => (id.startsWith('#') ? `${compiled.id}${id}` : id)),
          ...(segment ? { segment: { first: segment[0], end: segment[1], rate: segment[2] } } : {}),
        },
      ],
    } as PolicyRequest;
    const evaluation = evaluate([compiled], request, { performed: done.map((duty) => ({ duty, at: doneAt ?? '2026-01-01T00:00:00Z' })) });
    expect(`${evaluation.outcome === 'permit' ? 'ALLOW' : 'DENY'}: ${evaluation.reason.sentence}`).toContain(because);
    expect(evaluation.outcome).toBe(answer === 'ALLOW' ? 'permit' : 'refuse');
    expect(evaluation.reason.whatWouldChangeIt).toMatch(/^[A-Z].*\.$/);
  });
});

test('there are at least 80 cases, in both directions', () => {
  const answers = files.flatMap((name) => json<CaseFile>('cases', name).cases.map((one) => one.answer));
  expect(answers.length).toBeGreaterThanOrEqual(80);
  expect(answers.filter((answer) => answer === 'ALLOW').length).toBeGreaterThanOrEqual(30);
});
