import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compilePolicy, evaluate, permittedRanges, vocabulary, type CompiledPolicy, type Mark, type PolicyRequest, type Segment, type WorldState } from './index.js';
import { frameAt, holds, touches } from './segments.js';

const context = ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:' }];
const compiled = (more: object, parents: CompiledPolicy[] = []): CompiledPolicy =>
  compilePolicy({ '@context': context, '@type': 'Set', uid: `urn:x:p${parents.length}`, ...more }, { parents: new Map(parents.map((parent) => [parent.id, parent])) });
const film = 'urn:x:film';
const framesOf = (first: number, end: number, rate: string): object => ({ '@type': 'Asset', uid: film, 'backlot:segment': { first, end, rate } });
const all = { uid: '#all', action: 'use', target: film };
const nothing: WorldState = { performed: [] };
const request: PolicyRequest = { action: 'fineTune', assignee: [], now: '2026-05-01T00:00:00Z', targets: [] };
const target = { id: film, ancestors: [] };
const ranges = (policies: CompiledPolicy[], extent: Segment, marks: Mark[] = [], state = nothing, more: Partial<typeof target> & { facts?: Record<string, string[]> } = {}): ReturnType<typeof permittedRanges> => permittedRanges(policies, request, state, { target: { ...target, ...more }, extent, marks });
const plain = ({ permitted, excluded }: ReturnType<typeof permittedRanges>): object => ({ permitted, excluded: excluded.map(({ first, end }) => ({ first, end })) });

describe('frames of one rate in those of another', () => {
  test.each([
    [24, '24', '25', 25, 25],
    [1, '24', '25', 1, 2],
    [23, '24', '25', 23, 24],
    [24_000, '24000/1001', '24', 24_024, 24_024],
    [1, '24000/1001', '24', 1, 2],
    [30_000, '30000/1001', '25', 25_025, 25_025],
    [100, '24', '24', 100, 100],
    [0, '30000/1001', '24000/1001', 0, 0],
    [5, '30000/1001', '24000/1001', 4, 4],
    [7, '30000/1001', '24000/1001', 5, 6],
    [9_007_199_254_740_991, '24', '48', 18_014_398_509_481_982, 18_014_398_509_481_982],
  ])('frame %i at %s begins, at %s, in frame %i and at or before %i', (frame, rate, other, floor, ceil) => {
    expect(frameAt(frame, rate, other)).toEqual({ floor, ceil });
  });

  test.each<[string, [number, number, string], [number, number, string], boolean, boolean]>([
    ['the same', [10, 20, '24'], [10, 20, '24'], true, true],
    ['next to each other', [10, 20, '24'], [20, 30, '24'], false, false],
    ['one frame in common', [10, 21, '24'], [20, 30, '24'], true, false],
    ['inside', [10, 30, '24'], [11, 29, '24'], true, true],
    ['around', [11, 29, '24'], [10, 30, '24'], true, false],
    ['a second is a second', [24, 48, '24'], [25, 50, '25'], true, true],
    ['the last frame ends later', [24, 48, '24'], [25, 51, '25'], true, false],
    ['the first begins earlier', [24, 48, '24'], [24, 50, '25'], true, false],
    ['after the second, to the frame', [24, 48, '24'], [50, 60, '25'], false, false],
    ['before the second, to the frame', [24, 48, '24'], [0, 25, '25'], false, false],
    ['drop-frame rates', [1001, 2002, '24'], [1000, 2000, '24000/1001'], true, true],
    ['drop-frame rates, one frame later', [1001, 2002, '24'], [1000, 2001, '24000/1001'], true, false],
  ])('%s', (_, [first, end, rate], [askedFirst, askedEnd, askedRate], touched, held) => {
    const [a, b] = [{ first, end, rate }, { first: askedFirst, end: askedEnd, rate: askedRate }];
    expect([touches(a, b), touches(b, a), holds(a, b)]).toEqual([touched, touched, held]);
  });
});

describe('the frames that a request may have', () => {
  const extent = { first: 0, end: 1000, rate: '24' };

  test('a prohibition leaves out its frames and no other; neighbours are one range', () => {
    expect(ranges([compiled({ permission: [all], prohibition: [{ uid: '#x', action: 'backlot:train', target: [framesOf(100, 150, '24'), framesOf(150, 200, '24')] }] })], extent)).toEqual({
      permitted: [{ first: 0, end: 100 }, { first: 200, end: 1000 }],
      excluded: [
        { first: 100, end: 150, rules: ['urn:x:p0#x'], sentence: 'Refused: rule #x prohibits training (which includes fine-tuning) of frames 100 to 149 at 24 a second.' },
        { first: 150, end: 200, rules: ['urn:x:p0#x'], sentence: 'Refused: rule #x prohibits training (which includes fine-tuning) of frames 150 to 199 at 24 a second.' },
      ],
    });
    expect(plain(ranges([compiled({ permission: [{ ...all, target: [framesOf(0, 100, '24'), framesOf(100, 300, '24')] }] })], extent))).toEqual({ permitted: [{ first: 0, end: 300 }], excluded: [{ first: 300, end: 1000 }] });
  });

  test.each<[string, string, number, number, number, number]>([
    ['25', '24', 100, 200, 96, 192],
    ['25', '24', 101, 199, 96, 192],
    ['24', '25', 96, 192, 100, 200],
    ['24000/1001', '24', 1000, 1001, 1001, 1003],
    ['24', '24000/1001', 1001, 1002, 1000, 1001],
    ['30000/1001', '25', 300, 301, 250, 252],
    ['25', '30000/1001', 250, 251, 299, 301],
    ['30000/1001', '24000/1001', 5, 10, 4, 8],
  ])('what is left out at %s of a film at %s is rounded outward, to the frame', (rate, of, first, end, from, to) => {
    const policy = compiled({ permission: [all], prohibition: [{ action: 'use', target: framesOf(first, end, rate) }] });
    expect(plain(ranges([policy], { first: 0, end: 2000, rate: of }))).toEqual({ permitted: [{ first: 0, end: from }, { first: to, end: 2000 }], excluded: [{ first: from, end: to }] });
    const exclusions = [{ id: 'urn:x:e', target: film, segment: { first, end, rate }, why: 'a scene' }];
    expect(plain(ranges([compiled({ permission: [all] })], { first: 0, end: 2000, rate: of }, [], { performed: [], exclusions }))).toEqual({ permitted: [{ first: 0, end: from }, { first: to, end: 2000 }], excluded: [{ first: from, end: to }] });
  });

  test('what is allowed at another rate is rounded inward', () => {
    expect(plain(ranges([compiled({ permission: [{ ...all, target: framesOf(101, 199, '25') }] })], extent))).toEqual({ permitted: [{ first: 97, end: 191 }], excluded: [{ first: 0, end: 97 }, { first: 191, end: 1000 }] });
  });

  test('marks say what is true of their frames, several of them together', () => {
    const policy = compiled({ permission: [all], prohibition: [{ uid: '#a', action: 'use', target: film, constraint: [{ leftOperand: 'backlot:appearsPerformer', operator: 'isAllOf', rightOperand: ['urn:x:a', 'urn:x:b'] }] }] });
    const mark = (first: number, end: number, performer: string, rate = '24'): Mark => ({ segment: { first, end, rate }, facts: { appearsPerformer: [performer] } });
    const nobody = { facts: { appearsPerformer: [] } };
    expect(plain(ranges([policy], extent, [mark(100, 300, 'urn:x:a'), mark(200, 400, 'urn:x:b')], nothing, nobody))).toEqual({ permitted: [{ first: 0, end: 200 }, { first: 300, end: 1000 }], excluded: [{ first: 200, end: 300 }] });
    expect(plain(ranges([policy], extent, [mark(0, 10, 'urn:x:a'), mark(5, 10, 'urn:x:b'), mark(900, 2000, 'urn:x:b'), mark(950, 960, 'urn:x:a', '25'), mark(1000, 1001, 'urn:x:a')], nothing, nobody))).toEqual({
      permitted: [{ first: 0, end: 5 }, { first: 10, end: 912 }, { first: 922, end: 1000 }],
      excluded: [{ first: 5, end: 10 }, { first: 912, end: 922 }],
    });
    expect(plain(ranges([policy], extent, [mark(500, 600, 'urn:x:a'), mark(100, 300, 'urn:x:a'), mark(550, 560, 'urn:x:b'), mark(150, 160, 'urn:x:b')], nothing, nobody))).toEqual({
      permitted: [{ first: 0, end: 150 }, { first: 160, end: 550 }, { first: 560, end: 1000 }],
      excluded: [{ first: 150, end: 160 }, { first: 550, end: 560 }],
    });
    // Who appears elsewhere is not known unless somebody says so.
    expect(plain(ranges([policy], extent, [mark(100, 200, 'urn:x:c')]))).toEqual({ permitted: [{ first: 100, end: 200 }], excluded: [{ first: 0, end: 100 }, { first: 200, end: 1000 }] });
  });

  test('marks that contradict each other settle nothing', () => {
    const policy = compiled({ permission: [{ ...all, constraint: [{ leftOperand: 'backlot:modelFamily', operator: 'eq', rightOperand: 'wan' }] }] });
    const mark = (first: number, end: number, modelFamily: string): Mark => ({ segment: { first, end, rate: '24' }, facts: { modelFamily } });
    expect(plain(ranges([policy], extent, [mark(0, 200, 'wan'), mark(100, 300, 'other'), mark(150, 1000, 'wan')]))).toEqual({ permitted: [{ first: 0, end: 100 }, { first: 300, end: 1000 }], excluded: [{ first: 100, end: 200 }, { first: 200, end: 300 }] });
  });

  test('yes and no, or two amounts, settle nothing; two values that are the same, or are several anyway, do', () => {
    const words = vocabulary.extend({ leftOperands: { 'urn:x:flag': { type: 'boolean', words: 'the flag' } } });
    const over = (constraint: object, ...facts: Mark['facts'][]): object => {
      const policy = compilePolicy({ '@context': context, '@type': 'Set', uid: 'urn:x:p', permission: [{ ...all, constraint: [constraint] }] }, { vocabulary: words });
      return ranges([policy], { first: 0, end: 10, rate: '24' }, facts.map((one) => ({ segment: { first: 0, end: 10, rate: '24' }, facts: one }))).permitted;
    };
    const [allowed, refused] = [[{ first: 0, end: 10 }], []];
    const flag = { leftOperand: 'urn:x:flag', operator: 'eq', rightOperand: true };
    expect([over(flag, { 'urn:x:flag': true }, { 'urn:x:flag': true }), over(flag, { 'urn:x:flag': true }, { 'urn:x:flag': false }), over(flag, { 'urn:x:flag': false }, { 'urn:x:flag': true })]).toEqual([allowed, refused, refused]);
    const size = { leftOperand: 'resolution', operator: 'gt', rightOperand: { '@value': '1', '@type': 'xsd:decimal' } };
    expect([over(size, { 'odrl:resolution': 5 }, { 'odrl:resolution': 5 }), over(size, { 'odrl:resolution': 5 }, { 'odrl:resolution': 6 }), over(size, { 'odrl:resolution': { value: 5, unit: 'urn:x:dpi' } }, { 'odrl:resolution': 6 })]).toEqual([allowed, refused, refused]);
    const performers = { leftOperand: 'backlot:appearsPerformer', operator: 'isAllOf', rightOperand: ['urn:x:a', 'urn:x:b'] };
    expect([over(performers, { appearsPerformer: 'urn:x:a' }, { appearsPerformer: ['urn:x:b'] }), over(performers, { appearsPerformer: ['urn:x:a'] }, { appearsPerformer: ['urn:x:a'] })]).toEqual([allowed, refused]);
  });

  test("a parent's frames count as the child's do, and the extent may begin anywhere", () => {
    const parent = compiled({ permission: [all], prohibition: [{ action: 'use', target: framesOf(500, 600, '24') }] });
    const child = compiled({ inheritFrom: parent.id, prohibition: [{ action: 'use', target: framesOf(550, 700, '24') }] }, [parent]);
    expect(plain(ranges([child], { first: 550, end: 800, rate: '24' }))).toEqual({ permitted: [{ first: 700, end: 800 }], excluded: [{ first: 550, end: 700 }] });
    expect(plain(ranges([child], extent))).toEqual({ permitted: [{ first: 0, end: 500 }, { first: 700, end: 1000 }], excluded: [{ first: 500, end: 550 }, { first: 550, end: 700 }] });
    expect(plain(ranges([child], { first: 0, end: 500, rate: '24' }))).toEqual({ permitted: [{ first: 0, end: 500 }], excluded: [] });
  });

  test('no range of frames is a mistake of who asks', () => {
    expect(() => ranges([], { first: 5, end: 5, rate: '24' })).toThrow(RangeError);
    expect(() => ranges([], extent, [{ segment: { first: 0, end: 1, rate: 'x' }, facts: {} }])).toThrow('not a range of frames');
  });

  test('every frame is in exactly one range, and is what deciding it by itself gives', () => {
    const rate = fc.constantFrom('24', '25', '24000/1001', '30000/1001');
    const segment = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 25 }), rate).map(([first, length, at]) => ({ first, end: first + length, rate: at }));
    const rule = fc.record({ action: fc.constant('use'), target: fc.oneof(fc.constant(film), segment.map(({ first, end, rate: at }) => framesOf(first, end, at))), constraint: fc.constantFrom([], [{ leftOperand: 'backlot:appearsPerformer', operator: 'isNoneOf', rightOperand: ['urn:x:a'] }]) });
    const mark = fc.record({ segment, facts: fc.constantFrom<{ appearsPerformer: string[] }>({ appearsPerformer: ['urn:x:a'] }, { appearsPerformer: ['urn:x:b'] }) });
    fc.assert(
      fc.property(fc.record({ permission: fc.array(rule, { minLength: 1, maxLength: 3 }), prohibition: fc.array(rule, { maxLength: 2 }) }), segment, fc.array(mark, { maxLength: 3 }), fc.array(segment, { maxLength: 2 }), (document, extent, marks, left) => {
        const policy = compiled(document);
        const state = { performed: [], exclusions: left.map((one, at) => ({ id: `urn:x:e${at}`, target: film, segment: one, why: 'a scene' })) };
        const { permitted, excluded } = ranges([policy], extent, marks, state);
        for (let frame = extent.first; frame < extent.end; frame += 1) {
          const own = { first: frame, end: frame + 1, rate: extent.rate };
          const performers = [...new Set(marks.filter((one) => touches(one.segment, own)).flatMap((one) => one.facts.appearsPerformer))];
          const { outcome } = evaluate([policy], { ...request, targets: [{ ...target, segment: own, ...(performers.length > 0 ? { facts: { appearsPerformer: performers } } : {}) }] }, state);
          const isIn = (list: { first: number; end: number }[]): number => list.filter(({ first, end }) => first <= frame && frame < end).length;
          expect([isIn(permitted), isIn(excluded)]).toEqual(outcome === 'permit' ? [1, 0] : [0, 1]);
        }
      }),
      { numRuns: 150 },
    );
  });
});
