import path from 'node:path';
import { timecode } from '../../../shared/timecode.js';
import { entryFrames, type Found, type FoundShot, rateOf } from './found.js';

/** JPEGs of each shot in the order shown, by the shot's place in the film. */
export type Pictures = ReadonlyMap<number, readonly Buffer[]>;

/**
 * One web page that needs nothing else: each shot's pictures in a row, between them how the next one begins, drawn as editing
 * systems draw it (a line for a cut, a cross for a dissolve, two wedges for a fade, a slope for a wipe). A film of 2,000 shots is some 20 MB.
 */
export function page(film: Found, pictures: Pictures): string {
  const kinds = Map.groupBy(film.shots, ({ entry }) => entry.kind);
  const counted = [...kinds].filter(([kind]) => kind !== 'start').map(([kind, shots]) => `${shots.length} ${plural(kind, shots.length)}`);
  const facts = [`${film.frames} frames at ${film.frameRate}`, `${film.width} x ${film.height}`, `${film.shots.length} ${plural('shot', film.shots.length)}`, ...counted, film.detector];
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(path.basename(film.file))}: shots</title>
<style>${STYLE}</style>
<header><h1>${escaped(path.basename(film.file))}</h1><p>${facts.map(escaped).join(' · ')}</p>${film.warnings.map(({ message }) => `<p class="warning">${escaped(message)}</p>`).join('')}</header>
<main>
${film.shots.map((shot, at) => cardOf(film, shot, at, pictures.get(at) ?? [])).join('\n')}
</main></html>
`;
}

function cardOf(film: Found, shot: FoundShot, at: number, pictures: readonly Buffer[]): string {
  const rate = rateOf(film);
  const length = shot.last - shot.first + 1;
  const images = pictures.map((jpeg) => `<img src="data:image/jpeg;base64,${jpeg.toString('base64')}" alt="">`).join('');
  return `<section>${at === 0 && shot.entry.kind === 'start' ? '' : markOf(shot)}<figure><div class="pictures">${images}</div>
<figcaption><b>${at + 1}</b> <span>${timecode(shot.first, rate)}</span> <span>${shot.first} to ${shot.last}</span> <span>${(length / rate).toFixed(1)} s</span><p>${escaped(shot.sentence)}</p></figcaption></figure></section>`;
}

/** How a shot begins: its kind, its length in frames where it has one, how sure the detector is. */
function markOf(shot: FoundShot): string {
  const { kind, first, last, confidence } = shot.entry;
  const length = entryFrames(shot);
  const shape = SHAPES[kind] ?? '';
  const told = `${kind}${length ? `, frames ${first} to ${last}` : ` at frame ${shot.first}`}, sure to ${Math.round(100 * confidence)} %`;
  return `<div class="mark ${kind}" title="${told}"><svg viewBox="0 0 24 40" role="img" aria-label="${told}">${shape}</svg><span>${kind}${length ? `<br>${length} f` : ''}</span></div>`;
}

const SHAPES: Partial<Record<FoundShot['entry']['kind'], string>> = {
  cut: '<path d="M12 2v36" stroke-width="2"/>',
  dissolve: '<path d="M2 2h20v36H2zM2 2l20 36M22 2L2 38"/>',
  fade: '<path class="filled" d="M2 2L12 20L2 38zM22 2L12 20L22 38z"/>',
  wipe: '<path d="M2 2h20v36H2z"/><path class="filled" d="M2 2h20L2 38z"/>',
  other: '<path d="M2 2h20v36H2z"/>',
};

const STYLE = `
:root{color-scheme:dark;background:#111214;color:#ebe9e4;font:14px/1.45 ui-sans-serif,system-ui,sans-serif}
body{margin:0;padding:20px 24px}h1{font-size:18px;margin:0;overflow-wrap:anywhere}header p{margin:4px 0 16px;color:#b4b8be}header .warning{color:#e6b068}
main{display:flex;flex-wrap:wrap;gap:16px 0}section{display:flex;align-items:flex-start;max-width:100%;content-visibility:auto;contain-intrinsic-size:520px 150px}
figure{margin:0;min-width:0}.pictures{display:flex;gap:1px;background:#2f3338;border-radius:3px;overflow:hidden}.pictures img{height:88px;min-width:0;flex:0 1 auto;object-fit:cover;display:block}
figcaption{width:0;min-width:100%;padding-top:4px;color:#949aa3;font-variant-numeric:tabular-nums}figcaption b{color:#ebe9e4}figcaption span{margin-left:6px;white-space:nowrap}figcaption p{margin:2px 0 0;color:#b4b8be}
.mark{width:60px;flex:none;text-align:center;color:#949aa3;font-size:11px;line-height:1.25}.mark svg{display:block;height:64px;margin:12px auto 2px;fill:none;stroke:#e6b068;stroke-width:1}.mark .filled{fill:#e6b068}.mark.cut svg{stroke:#6b727c}`;

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign]!);
const plural = (noun: string, count: number): string => (count === 1 ? noun : `${noun}s`);
