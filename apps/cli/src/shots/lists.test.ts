import { expect, test } from '@jest/globals';
import type { Found, FoundShot } from './found.js';
import { csv, edl, otio } from './lists.js';
import { page } from './page.js';

const measures = { brightness: 0.4, contrast: 0.2, motion: 1, blur: 0.1, saturation: 0.1, blackFraction: 0, frozenFraction: 0, letterbox: { top: 0, bottom: 0, left: 0, right: 0 } };
const shot = (first: number, last: number, entry: FoundShot['entry'], sentence = 'A shot.'): FoundShot => ({ first, last, startPts: first * 1001, endPts: (last + 1) * 1001, entry, measures, caption: {}, sentence });
/** A cut at 48, a dissolve over 96 to 107, a wipe over 200 to 203. */
const film: Found = {
  file: '/films/Reel "A".mov', frames: 300, timeBase: '1/24000', frameRate: '24000/1001', startPts: 0, durationPts: 300_300, width: 64, height: 36, detector: 'classical 1', warnings: [], scenes: [],
  track: { seconds: 0, brightness: [], contrast: [], clipped: [], crushed: [], saturation: [], motion: [], blur: [], noise: [], flicker: [], blackFraction: [], frozenFraction: [], cutRhythm: [] },
  shots: [shot(0, 47, { kind: 'start', confidence: 1 }), shot(48, 95, { kind: 'cut', confidence: 0.9 }, 'A shot, "quoted".'), shot(108, 199, { kind: 'dissolve', first: 96, last: 107, confidence: 0.8 }), shot(204, 299, { kind: 'wipe', first: 200, last: 203, confidence: 0.7 })],
};

test('a CSV line a shot, with quotes doubled and the frame after the last as its end', () => {
  const [head, , second] = csv([film]).split('\r\n');
  expect(head!.startsWith('file,shot,first,last,start,end')).toBe(true);
  expect(second).toBe('"/films/Reel ""A"".mov",2,48,95,00:00:02:00,00:00:04:00,48048,96096,1/24000,cut,,,0.9,0.4,0.2,1,,,0.1,,,0.1,,,,,0,0,,,,,,,,,,"A shot, ""quoted""."');
});

test('a text that a spreadsheet would run is not one any more', () => {
  expect(csv([{ ...film, file: '=cmd()' }])).toContain("\r\n'=cmd(),1,");
});

test('an EDL runs on without a gap, and a transition is two lines of one event', () => {
  const events = edl(film).split('\r\n').filter((line) => /^\d{3} /.test(line));
  expect(events).toEqual([
    '001  REELA    V     C        00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00',
    '002  REELA    V     C        00:00:02:00 00:00:04:00 00:00:02:00 00:00:04:00',
    '003  REELA    V     C        00:00:04:00 00:00:04:00 00:00:04:00 00:00:04:00',
    '003  REELA    V     D    012 00:00:04:00 00:00:08:08 00:00:04:00 00:00:08:08',
    '004  REELA    V     C        00:00:08:08 00:00:08:08 00:00:08:08 00:00:08:08',
    '004  REELA    V     W001 004 00:00:08:08 00:00:12:12 00:00:08:08 00:00:12:12',
  ]);
});

test('at 29.97 an EDL says that it is drop-frame', () => {
  expect(edl({ ...film, frameRate: '30000/1001' })).toContain('FCM: DROP FRAME');
  expect(edl(film)).toContain('FCM: NON-DROP FRAME');
});

test('an OTIO track covers every frame once: clips and the transitions between them', () => {
  interface Item { OTIO_SCHEMA: string; source_range?: { start_time: { value: number }; duration: { value: number } }; in_offset?: { value: number }; out_offset?: { value: number } }
  const { tracks } = otio(film) as { tracks: { children: [{ children: Item[] }] } };
  const items = tracks.children[0].children;
  expect(items.map((item) => item.OTIO_SCHEMA)).toEqual(['Clip.2', 'Clip.2', 'Transition.1', 'Clip.2', 'Transition.1', 'Clip.2']);
  let next = 0;
  for (const { source_range: range } of items) {
    if (!range) continue;
    expect(range.start_time.value).toBe(next);
    next += range.duration.value;
  }
  expect(next).toBe(300);
  expect(items.filter((item) => item.in_offset).map((item) => item.in_offset!.value + item.out_offset!.value)).toEqual([12, 4]);
});

test('a page shows each shot with its pictures and what it begins with, and says nothing as markup that a film says', () => {
  const named: Found = { ...film, file: '/films/<script>x.mov', warnings: [{ code: 'X', message: 'a <b> & "c"' }] };
  const html = page(named, new Map([[1, [Buffer.from('one'), Buffer.from('two')]]]));
  expect(html.match(/<section>/g)).toHaveLength(4);
  expect(html.match(/class="mark [a-z]+"/g)).toEqual(['class="mark cut"', 'class="mark dissolve"', 'class="mark wipe"']);
  expect(html).toContain('title="dissolve, frames 96 to 107, sure to 80 %"');
  expect(html).toContain(`<img src="data:image/jpeg;base64,${Buffer.from('two').toString('base64')}" alt="">`);
  expect(html).not.toContain('<script');
  expect(html).toContain('<h1>&lt;script&gt;x.mov</h1>');
  expect(html).toContain('a &lt;b&gt; &amp; &quot;c&quot;');
  expect(html).toContain('A shot, &quot;quoted&quot;.');
});
