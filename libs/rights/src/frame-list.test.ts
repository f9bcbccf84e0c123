import { describe, expect, test } from '@jest/globals';
import { frameAt, readFrameList } from './frame-list.js';

describe('a timecode names a frame', () => {
  test.each([
    ['00:00:01:00', '24', 24],
    ['01:00:00:00', '24000/1001', 86_400],
    ['00:00:10:12', '25', 262],
    ['00:01:00;02', '30000/1001', 1800],
    ['00:10:00;00', '30000/1001', 17_982],
    ['01:00:00;00', '30000/1001', 107_892],
    ['00:01:00:00', '30000/1001', 1800],
    ['00:01:00;04', '60000/1001', 3600],
  ])('%s at %s is frame %d', (timecode, rate, frame) => expect(frameAt(timecode, rate)).toBe(frame));

  test.each([
    ['00:01:00;00', '30000/1001', /left out of drop-frame/],
    ['00:00:00;10', '24000/1001', /do not have/],
    ['00:00:00:24', '24', /no timecode at 24/],
    ['00:61:00:00', '24', /no timecode/],
    ['1h', '24', /neither a frame number nor a timecode/],
    ['00:00:01:00', null, /not evenly spaced/],
  ])('%s at %s is refused', (timecode, rate, message) => expect(() => frameAt(timecode, rate)).toThrow(message));
});

describe('a list', () => {
  test('of CSV: what reads is taken, what does not comes back with its line, its text and the reason', () => {
    const list = readFrameList('First,End,Why,Clause,Actions\r\n0,24,"logo, of the studio",4.1,\n00:00:02:00,00:00:03:00,song,,fineTune generate\nx,9,why\n\n5,,no end\n# a remark\n30,31,last\n', { rate: '24' });
    expect(list.rows.map(({ line, first, end, why, clause, actions }) => [line, first, end, why, clause, actions])).toEqual([
      [2, 0, 24, 'logo, of the studio', '4.1', []],
      [3, 48, 72, 'song', null, ['fineTune', 'generate']],
      [8, 30, 31, 'last', null, []],
    ]);
    expect(list.refused).toEqual([
      { line: 4, text: 'x,9,why', code: 'UNREADABLE', message: '"x" is neither a frame number nor a timecode' },
      { line: 6, text: '5,,no end', code: 'UNREADABLE', message: 'it gives no end' },
    ]);
  });

  test('of CSV with semicolons and a quote that never ends loses no row before it', () => {
    const list = readFrameList('\uFEFFfirst;end;why\n"00:01:00;02";"00:01:01;00";dropped\n7;9;"never closed\n8;9;swallowed', { rate: '30000/1001' });
    expect(list.rows.map(({ first, end, why }) => [first, end, why])).toEqual([[1800, 1828, 'dropped']]);
    expect(list.refused.map(({ text }) => text).join()).toContain('never closed');
  });

  test('of EDL: events by their record times, remarks as the reason, the start of the master taken off', () => {
    const edl = 'TITLE: OUT\nFCM: NON-DROP FRAME\n\n001  AX       V     C        00:00:00:00 00:00:02:00 01:00:01:00 01:00:03:00\n* COMMENT: guild archive\n* CLAUSE: 7.2\n002  AX       V     C        00:00:00:00\n003  AX       V     D    012 00:00:00:00 00:00:02:00 01:00:05:00 01:00:05:01\n';
    const list = readFrameList(edl, { rate: '24', start: '01:00:00:00', why: 'from the list' });
    expect(list.rows.map(({ line, first, end, why, clause }) => [line, first, end, why, clause])).toEqual([[4, 24, 72, 'guild archive', '7.2'], [8, 120, 121, 'from the list', null]]);
    expect(list.refused).toMatchObject([{ line: 7, code: 'UNREADABLE' }]);
  });

  test.each(['', 'in,out\n1,2', 'just words'])('that is neither is refused whole: %j', (text) => expect(() => readFrameList(text, { rate: '24' })).toThrow(expect.objectContaining({ code: 'BAD_LIST' })));
});
