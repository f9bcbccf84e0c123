import { Link } from '@tanstack/react-router';
import { ScanSearch } from 'lucide-react';
import { memo } from 'react';
import { Still } from '../../ui/still.js';
import { IconButton } from '../../ui/button.js';
import type { Hit } from './search-query.js';

/** A shot that was found: its picture, its sentence, where it is, and why it is here. */
export const HitCard = memo(function HitCard({ hit, onLike }: { hit: Hit; onLike: (shotId: string) => void }) {
  const { shot, title } = hit;
  const picture = shot.keyframes[Math.floor(shot.keyframes.length / 2)]?.url;
  const why = whyOf(hit);
  return (
    <article className="group relative" data-shot={shot.id}>
      <Link to="/titles/$titleId" params={{ titleId: title.id }} search={{ frame: shot.first }} className="block rounded-lg">
        <div className="aspect-video overflow-hidden rounded-lg bg-panel ring-1 ring-line ring-inset">
          <Still reason="in words" url={picture} className="size-full object-cover transition-opacity group-hover:opacity-85" />
        </div>
        <p className="mt-2 line-clamp-2 h-10 text-sm leading-5" title={shot.sentence}>
          {shot.sentence ? marked(shot.sentence, hit.words) : <span className="text-faint">No caption</span>}
        </p>
        <p className="mt-0.5 truncate text-xs text-faint">
          {title.name} · shot {shot.number + 1}
        </p>
      </Link>
      <p className="figures truncate text-xs text-soft" title={why}>
        {why}
      </p>
      <IconButton label={`More like shot ${shot.number + 1} of ${title.name}`} onClick={() => onLike(shot.id)} className="absolute top-2 right-2 bg-room/80">
        <ScanSearch size={16} aria-hidden />
      </IconButton>
    </article>
  );
});

/** Why a shot was found, in words. */
function whyOf({ words, meaning, look, facts }: Hit): string {
  const because = [
    words.length ? `says ${words.join(', ')}` : '',
    meaning == null ? '' : `means alike ${percent(meaning)}`,
    look == null ? '' : `looks alike ${percent(look)}`,
    ...facts.map(({ measure, value }) => `${measure.words} ${typeof value === 'number' ? `${Number(value.toPrecision(3))}${measure.unit ? ` ${measure.unit}` : ''}` : Array.isArray(value) ? value.join(', ') : 'not known'}`),
  ];
  return because.filter(Boolean).join(' · ');
}

const percent = (cosine: number): string => `${Math.max(0, Math.round(cosine * 100))} %`;

/** The sentence with the words that match. */
function marked(sentence: string, words: readonly string[]) {
  if (!words.length) return sentence;
  const wanted = new Set(words);
  return sentence.split(/([\p{L}\p{N}'’-]+)/u).map((part, at) =>
    wanted.has(part.toLowerCase()) ? (
      <mark key={at} className="bg-transparent font-medium text-tungsten">
        {part}
      </mark>
    ) : (
      part
    ),
  );
}
