import { timecode } from '../../../../shared/timecode.js';
import { date, inWords, span, spaced } from '../../lib/format.js';
import { useCan } from '../../lib/session.js';
import { Facts } from '../../ui/page.js';
import { CaptionDoubts } from './caption-doubts.js';
import { CaptionField, type Known } from './caption-field.js';
import { ShotLabels, UndoCorrection } from './shot-labels.js';
import { entryInWords, type Shot } from './shots.js';

/** The fields of a caption in the order in which a person describes a shot. */
const fields: [string, string][] = [
  ['subject', 'Subject'],
  ['action', 'Action'],
  ['place', 'Place'],
  ['shotSize', 'Shot size'],
  ['cameraMove', 'Camera move'],
  ['lighting', 'Lighting'],
  ['style', 'Style'],
  ['onScreenText', 'On-screen text'],
];

/** What is known of one shot: caption, measures, what members corrected. */
export function ShotDetails({ shot, rate, byTwo }: { shot: Shot; rate: number; byTwo: boolean }) {
  const can = useCan();
  // What one of two reviewers writes, the other must not see: they write it in their decision.
  const canCorrect = can('correct Shot') && !byTwo;
  const caption = (shot.caption ?? {}) as Record<string, Known | undefined>;
  const more = Object.keys(caption).filter((name) => name !== 'sentence' && name !== 'disagreements' && !fields.some(([known]) => known === name));
  const length = shot.last - shot.first + 1;
  return (
    <div className="flex flex-col gap-5">
      <header>
        <h2 className="text-base font-semibold">Shot {shot.number + 1}</h2>
        <p className="figures mt-0.5 text-xs text-faint">
          Frames {shot.first} to {shot.last} · {length} frames, {span(length / rate)} · {timecode(shot.first, rate)}
          <br />
          {entryInWords(shot)}
        </p>
      </header>
      <div>
        <CaptionField key={`${shot.id} sentence`} shotId={shot.id} field="sentence" label="Sentence" known={sentenceOf(shot, caption)} canCorrect={canCorrect} long />
        <CaptionDoubts shot={shot} />
        <div className="mt-1 grid grid-cols-1 gap-x-4 border-t border-line pt-1 sm:grid-cols-2 lg:grid-cols-1 xl:grid-cols-2">
          {[...fields, ...more.map((name): [string, string] => [name, spaced(name)])].map(([name, label]) => (
            <CaptionField key={`${shot.id} ${name}`} shotId={shot.id} field={name} label={label} known={caption[name]} canCorrect={canCorrect} />
          ))}
        </div>
      </div>
      <ShotLabels shot={shot} canCorrect={canCorrect} />
      <Measures shot={shot} />
      <Corrections shot={shot} canCorrect={canCorrect} />
    </div>
  );
}

function sentenceOf(shot: Shot, caption: Record<string, Known | undefined>): Known | undefined {
  if (!shot.sentence) return undefined;
  const written = shot.corrections.find((correction) => correction.field === 'sentence');
  return { ...caption['sentence'], ...(written && { source: 'written' as const, by: written.memberName }), value: shot.sentence };
}

function Measures({ shot }: { shot: Shot }) {
  const measures = (shot.measures ?? {}) as Record<string, number | string | Record<string, number> | undefined>;
  const shown = Object.entries(measures).filter(([, value]) => typeof value === 'number' || typeof value === 'string');
  const bars = measures['letterbox'] as Record<string, number> | undefined;
  const barred = bars && Object.values(bars).some((edge) => edge > 0);
  if (shown.length === 0) return null;
  return (
    <details>
      <summary className="text-sm font-medium text-soft hover:text-ink">Measures</summary>
      <Facts
        className="mt-2"
        facts={[
          ...shown.map(([name, value]): [string, string] => [spaced(name), typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 3 }) : inWords(value)]),
          ...heard(measures['sound'] as Record<string, number> | undefined),
          ...(barred ? [['letterbox', Object.entries(bars).map(([edge, pixels]) => `${edge} ${pixels}`).join(', ')] as [string, string]] : []),
        ]}
      />
    </details>
  );
}

/** What is heard in a shot, with its units. */
function heard(sound: Record<string, number> | undefined): [string, string][] {
  if (!sound) return [];
  const level = (value: number | undefined, unit: string) => (value === undefined ? 'too quiet to measure' : `${value.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`);
  const share = (value: number) => value.toLocaleString('en', { style: 'percent' });
  const { loudness, peak, silence = 0, speech, speechStretches = 0, music, musicConfidence } = sound;
  return [
    ['loudness', level(loudness, 'LUFS')],
    ['peak', level(peak, 'dBFS')],
    ['silence', share(silence)],
    ...(speech === undefined ? [] : [['speech', speechStretches ? `${share(speech)} in ${speechStretches} ${speechStretches === 1 ? 'stretch' : 'stretches'}` : 'none heard'] as [string, string]]),
    ...(music === undefined ? [] : [['music', musicConfidence === undefined ? 'none heard' : `${share(music)}, ${share(musicConfidence)} sure`] as [string, string]]),
  ];
}

function Corrections({ shot, canCorrect }: { shot: Shot; canCorrect: boolean }) {
  if (shot.corrections.length === 0) return null;
  return (
    <details>
      <summary className="text-sm font-medium text-soft hover:text-ink">Corrections ({shot.corrections.length})</summary>
      <ol className="mt-2 flex flex-col gap-3 text-sm">
        {shot.corrections.map((correction) => (
          <li key={correction.id}>
            <span className="text-xs text-faint">
              {spaced(correction.field)} · {correction.memberName} · {date(correction.at)}
            </span>
            {canCorrect && correction.id === shot.corrections[0]?.id && <UndoCorrection id={correction.id} />}
            <div>
              <del className="text-faint">{plain(correction.before)}</del> <ins className="no-underline">{plain(correction.after)}</ins>
            </div>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** A corrected value: either the text itself or a field with its source. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return inWords(value !== null && typeof value === 'object' && 'value' in value ? value.value : value);
}
