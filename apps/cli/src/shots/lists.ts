import path from 'node:path';
import { timecode } from '../../../shared/timecode.js';
import { entryFrames, type Found, rateOf } from './found.js';

/** Shot lists in the formats that editing systems import. All count from frame 0 of the file as 00:00:00:00. */

const nameOf = (film: Found): string => path.parse(film.file).name;

/** A line a shot (RFC 4180). */
export function csv(films: readonly Found[]): string {
  const head = ['file', 'shot', 'first', 'last', 'start', 'end', 'startPts', 'endPts', 'timeBase', 'entry', 'entryFirst', 'entryLast', 'confidence', 'brightness', 'contrast', 'motion', 'camera', 'cameraDirection', 'blur', 'noise', 'flicker', 'saturation', 'colourTemperature', 'timeOfDay', 'cutRhythm', 'scene', 'blackFraction', 'frozenFraction', 'combing', 'fields', 'loudness', 'peak', 'silence', 'speech', 'music', 'textArea', 'text', 'sentence'];
  const lines = films.flatMap((film) =>
    film.shots.map((shot, index) => {
      const { entry, measures } = shot;
      const clock = (frame: number): string => timecode(frame, rateOf(film));
      return [
        film.file, index + 1, shot.first, shot.last, clock(shot.first), clock(shot.last + 1), shot.startPts, shot.endPts, film.timeBase, entry.kind, entry.first ?? '', entry.last ?? '', entry.confidence,
        measures.brightness, measures.contrast, measures.motion, measures.motionKind ?? '', measures.motionDirection ?? '', measures.blur, measures.noise ?? '', measures.flicker ?? '', measures.saturation, measures.colourTemperature ?? '', measures.timeOfDay ?? '', measures.cutRhythm ?? '', shot.scene === undefined ? '' : shot.scene + 1, measures.blackFraction, measures.frozenFraction, measures.combing ?? '', measures.fields ?? '',
        measures.sound?.loudness ?? '', measures.sound?.peak ?? '', measures.sound?.silence ?? '', measures.sound?.speech ?? '', measures.sound?.music ?? '', measures.textArea ?? '', shot.labels?.text?.value.join(' / ') ?? '', shot.sentence,
      ];
    }),
  );
  return [head, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number): string {
  // A spreadsheet takes a text that begins like this for a formula.
  const text = typeof value === 'string' ? value.replace(/^(?=[=+\-@\t\r])/, "'") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An EDL as CMX 3600 has it: an event a shot, source and record times alike. A dissolve or fade is a D event of its length, a wipe W001. */
export function edl(film: Found): string {
  const rate = rateOf(film);
  const clock = (frame: number): string => timecode(frame, rate);
  // Eight letters or digits are what a reel's name may have; the whole name stands in the comment.
  const reel = nameOf(film).replace(/[^A-Za-z0-9]/g, '').slice(0, 8).toUpperCase().padEnd(8) || 'AX      ';
  const lines = [`TITLE: ${nameOf(film).replace(/[\r\n]+/g, ' ').slice(0, 70)}`, `FCM: ${clock(0).includes(';') ? 'DROP FRAME' : 'NON-DROP FRAME'}`];
  for (const [index, shot] of film.shots.entries()) {
    const number = String(index + 1).padStart(3, '0');
    const length = entryFrames(shot);
    // An event with a transition begins where the transition does, so that the record side has no gap.
    const times = [clock(shot.first - length), clock(shot.last + 1)];
    const event = (kind: string, at: string[]): string => `${number}  ${reel} V     ${kind.padEnd(8)} ${[...at, ...at].join(' ')}`;
    const kind = length === 0 ? 'C' : `${shot.entry.kind === 'wipe' ? 'W001' : 'D   '} ${String(length).padStart(3, '0')}`;
    // A transition is two lines of one event: where the shot before is left, then the new one.
    const left = length === 0 ? [] : [event('C', [times[0]!, times[0]!])];
    lines.push('', ...left, event(kind, times), `* FROM CLIP NAME: ${path.basename(film.file)}`, `* COMMENT: ${shot.sentence}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** An OpenTimelineIO timeline (Timeline.1): a clip a shot, with transitions between them, metadata under "backlot". */
export function otio(film: Found): unknown {
  const rate = rateOf(film);
  const time = (value: number): object => ({ OTIO_SCHEMA: 'RationalTime.1', rate, value });
  const range = (first: number, frames: number): object => ({ OTIO_SCHEMA: 'TimeRange.1', start_time: time(first), duration: time(frames) });
  const children = film.shots.flatMap((shot, index) => {
    const length = entryFrames(shot);
    // Half of a transition is handed to each side: clips then follow one another without a gap.
    const before = Math.floor(length / 2);
    const next = film.shots[index + 1];
    const tail = next ? Math.ceil(entryFrames(next) / 2) : 0;
    const first = shot.first - before;
    const clip = {
      OTIO_SCHEMA: 'Clip.2',
      name: `shot ${index + 1}`,
      source_range: range(first, shot.last + 1 + tail - first),
      media_references: { DEFAULT_MEDIA: { OTIO_SCHEMA: 'ExternalReference.1', target_url: film.file, available_range: range(0, film.frames) } },
      active_media_reference_key: 'DEFAULT_MEDIA',
      metadata: { backlot: { first: shot.first, last: shot.last, startPts: shot.startPts, endPts: shot.endPts, timeBase: film.timeBase, entry: shot.entry, measures: shot.measures, sentence: shot.sentence } },
    };
    if (length === 0 || index === 0) return [clip];
    const kind = shot.entry.kind === 'wipe' ? 'Custom_Transition' : 'SMPTE_Dissolve';
    return [{ OTIO_SCHEMA: 'Transition.1', name: shot.entry.kind, transition_type: kind, in_offset: time(length - before), out_offset: time(before), metadata: {} }, clip];
  });
  return {
    OTIO_SCHEMA: 'Timeline.1',
    name: nameOf(film),
    global_start_time: time(0),
    tracks: { OTIO_SCHEMA: 'Stack.1', name: 'tracks', children: [{ OTIO_SCHEMA: 'Track.1', name: 'video', kind: 'Video', children }] },
    metadata: { backlot: { detector: film.detector, frames: film.frames, warnings: film.warnings } },
  };
}
