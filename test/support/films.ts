import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Analysis, AnalyseOptions, Probe, Shot, Track } from '#libs/media';
import type { Catalogue, Title } from '#libs/catalogue';
import type { Media } from '#libs/curation';
import { newId, type Scope } from '#libs/platform';
import type { Rights } from '#libs/rights';

/** A policy in the profile that permits these actions to everybody, without end. */
export function policyOf(actions: string[], uid = 'urn:test:policy'): Record<string, unknown> {
  return {
    '@context': ['http://www.w3.org/ns/odrl.jsonld', { backlot: 'urn:backlot:profile:', dct: 'http://purl.org/dc/terms/' }],
    '@type': 'Agreement',
    uid,
    profile: 'urn:backlot:profile:',
    'dct:title': 'Test licence',
    'backlot:version': '1',
    assigner: 'urn:test:licensor',
    assignee: 'urn:test:licensee',
    target: '#titles',
    permission: [{ uid: '#p1', 'backlot:clause': '1', action: actions.map((action) => `backlot:${action}`) }],
  };
}

/** A signed licence of the studio for these actions; gives its id. */
export async function licence(rights: Rights, scope: Scope, actions = ['ingest', 'curate', 'fineTune']): Promise<string> {
  const policy = { ...policyOf(actions, `urn:uuid:${newId()}`), assignee: `urn:uuid:${scope.studioId}` };
  const { id } = await rights.licences.draft(scope, { name: actions.join(', '), licensor: 'Licensor', source: { policy } });
  await sign(rights, scope, id);
  return id;
}

/** Two members of the studio sign the draft in hand of a licence. */
export async function sign(rights: Rights, scope: Scope, licenceId: string): Promise<void> {
  for (let draft; (draft = (await rights.licences.draftsOf(scope, [licenceId])).get(licenceId)); ) {
    const [memberId] = await rights.licences.awaits(scope, draft);
    if (memberId === undefined) throw new Error('the studio lacks a second member who may sign');
    await rights.licences.sign({ studioId: scope.studioId, memberId }, licenceId, draft.version, draft.sha256);
  }
}

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Uploads bytes in parts and completes; gives the title. */
export async function upload(catalogue: Catalogue, scope: Scope, titleId: string, bytes: Buffer, fileName = 'film.mp4'): Promise<Title> {
  const { id, parts, partBytes } = await catalogue.createUpload(scope, { titleId, fileName, bytes: bytes.length });
  for (let number = 0; number < parts; number++) {
    const part = bytes.subarray(number * partBytes, (number + 1) * partBytes);
    await catalogue.putPart(scope, id, number, Readable.from([part]), sha256(part));
  }
  return catalogue.completeUpload(scope, id);
}

/** A probe's answer for 25 fps footage. */
export const probed: Probe = {
  container: 'mov,mp4,m4a,3gp,3g2,mj2',
  durationSeconds: 12,
  video: {
    index: 0, codec: 'h264', width: 848, height: 480, storedWidth: 848, storedHeight: 480, rotation: 0, mirrored: false, sar: '1:1', pixFmt: 'yuv420p', bitDepth: 8,
    frameRate: '25/1', variableFrameRate: false, timeBase: '1/12800', startPts: 0, interlaced: false, colour: {},
  },
  audio: [],
  otherStreams: [],
  warnings: [],
};

/** Six shots of 2 s and one of half a second, told from the film's bytes as they are read from the address: no decoder, the same flow. */
export const plainMedia: Media = {
  async analyse(address: string, { proxy, onKeyframe, filmstrip, onProgress, signal }: AnalyseOptions): Promise<Analysis> {
    const film = await fetched(address);
    const shots: Shot[] = [];
    for (let index = 0; index < 7; index++) {
      signal?.throwIfAborted();
      const first = index * 50;
      const last = index === 6 ? first + 11 : first + 49;
      const keyframes = [{ frame: first + 5, pts: (first + 5) * 512, width: 320, height: 180 }];
      await onKeyframe?.({ shot: index, jpeg: Buffer.from(`still ${index} of ${sha256(film)}`), ...keyframes[0]! });
      proxy?.writable.write(Buffer.from(`fragment ${index}`));
      onProgress?.(index / 7, last);
      const measures = { brightness: 0.4, contrast: 0.2, motion: 1, blur: 0.1 * index, saturation: 0.2, blackFraction: index === 5 ? 0.9 : 0, frozenFraction: 0, letterbox: { top: 0, bottom: 0, left: 0, right: 0 } };
      shots.push({ index, first, last, startPts: first * 512, endPts: (last + 1) * 512, entry: { kind: index ? 'cut' : 'start', confidence: 1 }, measures, scene: index < 4 ? 0 : 1, keyframes });
    }
    proxy?.writable.end();
    await filmstrip?.onSheet({ sheet: 0, jpeg: Buffer.from('tiles'), tiles: [{ frame: 0, pts: 0 }] });
    return {
      frames: 312, timeBase: '1/12800', startPts: 0, durationPts: 312 * 512, times: Float64Array.from({ length: 313 }, (_, frame) => frame * 512), rate: '25', width: 848, height: 480, detector: 'test', shots,
      scenes: [{ first: 0, last: 3, startPts: 0, endPts: 200 * 512, cutRhythm: 30 }, { first: 4, last: 6, startPts: 200 * 512, endPts: 312 * 512, cutRhythm: 40 }],
      track: trackOf(13),
      proxy: { width: 636, height: 360, initBytes: 4, bytes: 70, codecs: 'avc1.64001e', hasAudio: false },
      proxyFragments: [{ offset: 4, bytes: 30, startPts: 0, durationSeconds: 4 }, { offset: 34, bytes: 36, startPts: 51200, durationSeconds: 8.48 }],
      filmstrip: { tileWidth: 160, tileHeight: 90, columns: 10, rows: 10, everySeconds: 1, sheets: 1, tiles: [{ frame: 0, pts: 0 }] },
      warnings: [],
    };
  },
  async cutClip(address, { startPts, offsetSeconds = 0, width, height, frames }) {
    const film = await fetched(address);
    return Buffer.from(`clip ${sha256(film)} ${startPts} ${offsetSeconds} ${width}x${height}x${frames}`);
  },
  async maskProxy(address, { stretches, proxy, times, writable }) {
    writable.write(Buffer.from(`masked ${JSON.stringify(stretches)} ${sha256(await fetched(address))}`));
    return { proxy, fragments: [{ offset: 4, bytes: 30, startPts: 0, durationSeconds: (times.length - 1) / 25 }] };
  },
  async maskSheet(jpeg, tiles) {
    return Buffer.from(`masked ${tiles.join()} ${sha256(jpeg)}`);
  },
  captionFor: ({ index }) => ({ subject: { value: index % 2 ? 'a fox' : 'a woman', source: 'modelled', by: 'test', confidence: 0.8 }, place: { value: 'outdoors', source: 'modelled', confidence: 0.7 } }),
  sentenceOf: (caption) => `${String(caption.subject?.value)} ${String(caption.place?.value)}`,
  captionIn: (length, { caption }) => `${length}: ${String(caption.subject?.value)}`,
};

/** As many seconds, each as bright as a hundredth of its number. */
export function trackOf(seconds: number): Track {
  const lane = (of: (n: number) => number | null): (number | null)[] => Array.from({ length: seconds }, (_, n) => of(n));
  const [some, none] = [lane(() => 0.5), lane(() => 0)];
  return { seconds, brightness: lane((n) => n / 100), contrast: some, clipped: none, crushed: none, saturation: some, motion: lane((n) => (n % 10 === 9 ? null : n % 7)), blur: some, noise: some, flicker: none, blackFraction: none, frozenFraction: none, cutRhythm: lane(() => 30) };
}

async function fetched(address: string): Promise<Buffer> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the address answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}
