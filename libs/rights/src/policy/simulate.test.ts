import { describe, expect, test } from '@jest/globals';
import { compilePolicy, evaluate, flips, type CompiledPolicy, type PolicyRequest, type Recorded } from './index.js';

type Doc = Record<string, unknown>;
const licence = (name: string, target: string, more: Doc): CompiledPolicy =>
  compilePolicy({ '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }], '@type': 'Agreement', uid: `urn:example:${name}`, 'backlot:timeZone': 'UTC', target, ...more });
const until = (day: string): Doc => ({ permission: [{ uid: '#p1', 'backlot:clause': '4.2', action: 'backlot:fineTune', constraint: [{ leftOperand: 'dateTime', operator: 'lteq', rightOperand: { '@value': day, '@type': 'xsd:date' } }] }] });
const series = licence('series', 'urn:x:series', until('2026-12-31'));
const shorter = licence('series', 'urn:x:series', until('2026-06-30'));
const film = licence('film', 'urn:x:film', until('2026-12-31'));
const ask = (now: string, ...ids: string[]): PolicyRequest => ({ action: 'fineTune', assignee: [], now, targets: ids.map((id) => ({ id, ancestors: id === 'urn:x:film' ? [] : ['urn:x:series'] })) });
const state = { performed: [] };
const recorded = (policies: CompiledPolicy[], scope: string, request: PolicyRequest): Recorded => ({ request, state, scope, outcome: evaluate(policies, request, state).outcome });

describe('what a draft would have changed', () => {
  const past = [
    recorded([series, film], 'run-1', ask('2026-05-01T00:00:00Z', 'urn:x:episode:1')),
    recorded([series, film], 'run-2', ask('2026-08-01T00:00:00Z', 'urn:x:episode:1', 'urn:x:film')),
    recorded([series, film], 'run-2', ask('2026-08-01T00:00:00Z', 'urn:x:episode:2')),
    recorded([series, film], 'run-3', ask('2026-08-01T00:00:00Z', 'urn:x:film')),
    recorded([series, film], 'run-4', ask('2027-08-01T00:00:00Z', 'urn:x:episode:1')),
  ];

  test('by title and by job, with counts and the sentence; what no changed licence governs is not looked at', () => {
    expect(flips([series, film], [shorter, film], past)).toEqual({
      decisions: 5,
      affected: 4,
      toRefuse: 2,
      toPermit: 0,
      unreproduced: 0,
      titles: [
        { id: 'urn:x:episode:1', toRefuse: 1, toPermit: 0, sentence: expect.stringMatching(/^Refused: .*clause 4.2 .*until 30 Jun 2026; today is 1 Aug 2026/) as unknown },
        { id: 'urn:x:episode:2', toRefuse: 1, toPermit: 0, sentence: expect.any(String) as unknown },
      ],
      jobs: [{ id: 'run-2', toRefuse: 2, toPermit: 0, sentence: expect.any(String) as unknown }],
    });
  });

  test('the other way round, the titles that had been in the way are named', () => {
    const decided = past.map(({ request, scope }) => recorded([shorter, film], scope!, request));
    const { toPermit, toRefuse, titles } = flips([shorter, film], [series, film], decided);
    expect({ toPermit, toRefuse, titles: titles.map((title) => title.id) }).toEqual({ toPermit: 2, toRefuse: 0, titles: ['urn:x:episode:1', 'urn:x:episode:2'] });
  });

  test('a decision that the licences before do not give is said to be so, and is no flip', () => {
    expect(flips([series], [shorter], [{ request: ask('2026-05-01T00:00:00Z', 'urn:x:episode:1'), state, outcome: 'refuse' }])).toMatchObject({ toPermit: 0, unreproduced: 1 });
  });

  test('questions that nobody asked yet: the licences as they are say how they would have come out', () => {
    expect(flips([series], [shorter], [{ request: ask('2026-08-01T00:00:00Z', 'urn:x:episode:1'), state }])).toMatchObject({ toRefuse: 1, titles: [{ id: 'urn:x:episode:1' }], jobs: [] });
  });

  test('a draft alone is compared with the record, on what it governs', () => {
    expect(flips([], [shorter], past)).toMatchObject({ decisions: 5, affected: 4, toRefuse: 2, toPermit: 0, unreproduced: 0 });
  });

  test('a licence that ends altogether refuses what it had allowed', () => {
    expect(flips([series, film], [film], past)).toMatchObject({ toRefuse: 3 });
  });

  test('the same licence compiled again is no change', () => {
    expect(flips([series], [licence('series', 'urn:x:series', until('2026-12-31'))], past)).toMatchObject({ affected: 0 });
  });
});

test('thousands of decisions a second', () => {
  const many = function* (): Generator<Recorded> {
    for (let index = 0; index < 20_000; index += 1) yield { request: ask('2026-08-01T00:00:00Z', `urn:x:episode:${index % 500}`), state, outcome: 'permit', scope: `run-${index % 40}` };
  };
  const started = performance.now();
  const { toRefuse, titles, jobs } = flips([series, film], [shorter, film], many());
  expect([toRefuse, titles.length, jobs.length]).toEqual([20_000, 500, 40]);
  expect(performance.now() - started).toBeLessThan(10_000);
});
