import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import sharp from 'sharp';
import { analyse, type KeyframeImage, loadSpeechModel, loadVisionModels, type Models, probe, TransNetDetector } from '#libs/media';
import { Refusal, repositoryRoot } from '#libs/platform';
import { type Found, found } from '../shots/found.js';
import { csv, edl, otio } from '../shots/lists.js';
import { page, type Pictures } from '../shots/page.js';

interface Options {
  json?: boolean;
  csv?: boolean;
  edl?: boolean;
  otio?: boolean;
  html?: boolean;
  out?: string;
  models: boolean;
  detector: 'backlot' | 'classical' | 'transnetv2';
  detectorModel?: string;
}

interface Looked {
  film: Found;
  /** Empty unless a page was asked for. */
  pictures: Pictures;
}

/** Pixels: twice what the page shows, for dense screens. */
const PICTURE_HEIGHT = 176;

/** `backlot shots`: the one pass on plain files, without server, database or licence; the files are one's own and are only read. */
export function shotsCommand(): Command {
  return new Command('shots')
    .description('shots, transitions, measures and captions of film files; a line a shot unless a format is asked for')
    .argument('<file...>', 'film files')
    .option('--json', 'one JSON document a file, a line each: frames, timeBase, shots with entry, measures, caption')
    .option('--csv', 'a line a shot, for spreadsheets')
    .option('--edl', 'CMX 3600 edit list')
    .option('--otio', 'OpenTimelineIO timeline')
    .option('--html', 'a page to look at: the pictures of each shot, and between them the transitions')
    .option('--out <dir>', 'write each list to NAME.json, .csv, .edl, .otio or .html in this folder instead of printing it')
    .option('--no-models', 'without people, faces, things, places and speech: the measures alone, faster')
    .addOption(new Option('--detector <name>', 'what finds the transitions').choices(['backlot', 'classical', 'transnetv2']).default('backlot'))
    .option('--detector-model <file>', 'the TransNetV2 file, written by libs/media/tools/detector/export_transnetv2.py')
    .action(shots);
}

const formats = ['json', 'csv', 'edl', 'otio', 'html'] as const;
/** Of these a document is one film. */
const ofOne = ['edl', 'html'] as const;

async function shots(files: string[], options: Options): Promise<void> {
  const asked = formats.filter((format) => options[format]);
  if (asked.length > 1 && !options.out) throw new Refusal('BAD_ARGUMENT', `${asked.map((format) => `--${format}`).join(' and ')} cannot be printed together.`, 'Ask for one, or give --out a folder.');
  const single = ofOne.find((format) => options[format]);
  if (single && !options.out && files.length > 1) throw new Refusal('BAD_ARGUMENT', `What --${single} prints is of one film.`, 'Give one file, or --out a folder.');
  if (options.detector === 'transnetv2' && !options.detectorModel) throw new Refusal('BAD_ARGUMENT', 'transnetv2 needs its file.', 'Give --detector-model; libs/media/tools/detector/export_transnetv2.py writes it.');
  const folder = (name: string): string => path.join(repositoryRoot, 'models', name);
  const models: Models = {
    ...(options.models && { models: await loadVisionModels(folder('vision')), speech: await loadSpeechModel(folder('sound')) }),
    ...(options.detector === 'backlot' && { network: folder('shots') }),
  };
  const waiting = [...files.entries()];
  const done: (Looked | undefined)[] = [];
  let written = 0;
  // What is done is told in the order given, as soon as all before it is.
  const tell = async (): Promise<void> => {
    while (written < files.length && written in done) {
      const film = done[written++];
      if (film) await write(film, asked, options, written === 1);
    }
  };
  let telling = Promise.resolve();
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [at, file] = next;
      done[at] = await one(file, models, files.length > 1 ? 1 : 2, options);
      telling = telling.then(tell);
    }
  };
  // Two films at once use two cores fully; one film alone decodes with both.
  await Promise.all([work(), work()]);
  await telling;
  await models.models?.close();
  await models.speech?.close();
}

/** A file's shots, or undefined where it is refused: the reason is told and the rest goes on. */
async function one(file: string, models: Models, threads: number, { html, detector: named, detectorModel }: Options): Promise<Looked | undefined> {
  const progress = (note: string): void => void (process.stderr.isTTY && process.stderr.write(`\r${note.slice(0, (process.stderr.columns || 80) - 1).padEnd((process.stderr.columns || 80) - 1)}`));
  try {
    const probed = await probe(file);
    const pictures = new Map<number, Buffer[]>();
    const onKeyframe = async ({ shot, jpeg }: KeyframeImage): Promise<void> => {
      const small = await sharp(jpeg).resize({ height: PICTURE_HEIGHT, withoutEnlargement: true }).jpeg({ quality: 72 }).toBuffer();
      pictures.set(shot, [...(pictures.get(shot) ?? []), small]);
    };
    const detector = named === 'transnetv2' && detectorModel ? await TransNetDetector.load(detectorModel) : undefined;
    const analysis = await analyse(file, { probe: probed, threads, ...models, ...(detector && { detector }), ...(html && { onKeyframe }), onProgress: (fraction, frames) => progress(`${path.basename(file)} ${Math.round(100 * fraction)} %, ${frames} frames`) });
    progress('');
    for (const { message } of analysis.warnings) process.stderr.write(`${file}: ${message}\n`);
    return { film: found(file, probed, analysis), pictures };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${file}: ${error.message} ${error.wayOut} (${error.code})\n`);
    process.exitCode = 1;
    return undefined;
  }
}

async function write({ film, pictures }: Looked, asked: readonly (typeof formats)[number][], { out }: Options, first: boolean): Promise<void> {
  const text = {
    json: () => `${JSON.stringify(film)}\n`,
    csv: () => (out || first ? csv([film]) : csv([film]).replace(/^[^\r]*\r\n/, '')),
    edl: () => edl(film),
    html: () => page(film, pictures),
    otio: () => `${JSON.stringify(otio(film), null, out ? 2 : undefined)}\n`,
  };
  if (asked.length === 0) process.stdout.write(lines(film));
  for (const format of asked) {
    if (out) await writeFile(path.join(out, `${path.parse(film.file).name}.${format}`), text[format]());
    else process.stdout.write(text[format]());
  }
}

/** For people: first and last frame, how it begins, what is in it. */
function lines(film: Found): string {
  const width = String(film.frames).length;
  const rows = film.shots.map(({ first, last, entry, sentence }) => `  ${String(first).padStart(width)} to ${String(last).padEnd(width)}  ${entry.kind.padEnd(8)}  ${sentence}`);
  return `${film.file}: ${film.frames} frames at ${film.frameRate}, ${film.shots.length} shots\n${rows.join('\n')}\n`;
}
