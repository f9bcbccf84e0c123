import clsx from 'clsx';
import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { timecode } from '../../../../shared/timecode.js';
import { IconButton } from '../../ui/button.js';
import type { Playhead } from './playhead.js';
import { Still } from '../../ui/still.js';
import type { Range } from '../../lib/ranges.js';
import { inPixels, type Band } from './bands.js';
import type { Shots } from './shot-pages.js';
import { entryInWords, entryOf, placeAt, type Shot } from './shots.js';
import type { Sight } from './track-lanes.js';

const CLOSEST = 24; // pixels a frame
/** More shots in sight than this, about, are lines closer than a finger: they are not fetched to be drawn. */
const MOST_IN_SIGHT = 200;

interface TimelineProps {
  shots: Shots;
  frames: number;
  rate: number;
  playhead: Playhead;
  selected: string | undefined;
  /** Frames that are left out, in order. */
  bands: Band[];
  /** The frames that a member has marked. */
  chosen: Range | undefined;
  /** What can be done with marked frames. */
  tools?: ReactNode;
  /** What is drawn under it, of the stretch in sight. */
  below?: (sight: Sight) => ReactNode;
  onFrame: (frame: number) => void;
  onShot: (shot: Shot) => void;
  /** The frames in sight, where their shots are to be drawn. */
  onSight: (frames: [from: number, to: number] | undefined) => void;
}

/** Every shot at its frames, to scale: a shot of 40 frames is twice as wide as one of 20. Only what is in sight is drawn, and of a long film only once it is close enough. */
export function Timeline({ shots, frames, rate, playhead, selected, bands, chosen, tools, below, onFrame, onShot, onSight }: TimelineProps) {
  const strip = useRef<HTMLDivElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ left: 0, width: 0 });
  const [zoom, setZoom] = useState(1);
  const fit = view.width / frames;
  const scale = Math.min(Math.max(fit, CLOSEST), fit * zoom);

  useLayoutEffect(() => {
    const element = strip.current;
    if (!element) return;
    const look = () => setView({ left: element.scrollLeft, width: element.clientWidth });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);

  // The line follows the frame without a render; a line that leaves the sight takes the sight along.
  useEffect(() => {
    const place = () => {
      const [element, mark] = [strip.current, line.current];
      if (!element || !mark) return;
      const at = (playhead.frame + 0.5) * scale;
      mark.style.transform = `translateX(${at}px)`;
      if (at < element.scrollLeft || at > element.scrollLeft + element.clientWidth) element.scrollLeft = at - element.clientWidth / 4;
    };
    place();
    return playhead.subscribe(place);
  }, [playhead, scale]);

  /** Zooms and keeps the frame under `x` (pixels from the strip's left) where it is. */
  const zoomTo = useCallback(
    (next: number, x?: number) => {
      const element = strip.current;
      if (!element || fit === 0) return;
      const held = x ?? Math.min(Math.max((playhead.frame + 0.5) * scale - element.scrollLeft, 0), element.clientWidth);
      const frame = (element.scrollLeft + held) / scale;
      const wanted = Math.min(Math.max(next, 1), Math.max(1, CLOSEST / fit));
      setZoom(wanted);
      requestAnimationFrame(() => (element.scrollLeft = frame * fit * wanted - held));
    },
    [fit, scale, playhead],
  );

  useEffect(() => {
    const element = strip.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomTo(zoom * Math.exp(-event.deltaY / 300), event.clientX - element.getBoundingClientRect().left);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [zoom, zoomTo]);

  const firstFrame = view.left / scale;
  const lastFrame = (view.left + view.width) / scale;
  const { loaded, total = 0 } = shots;
  const close = scale > 0 && (total * (lastFrame - firstFrame)) / frames <= MOST_IN_SIGHT;
  const [from, to] = [Math.max(0, Math.floor(firstFrame)), Math.min(frames - 1, Math.ceil(lastFrame))];
  useEffect(() => onSight(close ? [from, to] : undefined), [close, from, to, onSight]);
  const seen = scale > 0 ? loaded.slice(Math.max(0, placeAt(loaded, from) - 1), placeAt(loaded, lastFrame) + 2) : [];

  return (
    <section aria-label="Timeline" className="rounded-xl border border-line bg-panel">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-2">
        <h2 className="text-sm font-semibold">Timeline</h2>
        <p className="mr-auto text-xs text-faint">{scale > 0 && !close && 'Zoom in to see its shots.'}</p>
        {tools}
        <div className="flex items-center">
          <IconButton label="Farther" disabled={zoom <= 1} onClick={() => zoomTo(zoom / 1.6)}>
            <ZoomOut size={16} aria-hidden />
          </IconButton>
          <IconButton label="Closer" disabled={scale >= CLOSEST} onClick={() => zoomTo(zoom * 1.6)}>
            <ZoomIn size={16} aria-hidden />
          </IconButton>
          <IconButton label="Whole film" disabled={zoom <= 1} onClick={() => zoomTo(1)}>
            <Maximize2 size={15} aria-hidden />
          </IconButton>
        </div>
      </div>
      <div ref={strip} className="relative overflow-x-auto overflow-y-hidden px-0 pb-3">
        <div className="relative h-[7.5rem]" style={{ width: Math.max(frames * scale, 1) }}>
          <Ruler from={firstFrame} to={lastFrame} scale={scale} rate={rate} frames={frames} onFrame={onFrame} />
          <div aria-hidden className="absolute inset-x-0 top-7 h-20 bg-raised/40" />
          {seen.map((shot) => (
            <Block key={shot.id} shot={shot} scale={scale} selected={shot.id === selected} onShot={onShot} />
          ))}
          {inPixels(bands, scale, firstFrame, lastFrame).map((band) => (
            <LeftOut key={band.id} band={band} onFrame={onFrame} />
          ))}
          {chosen && (
            <div
              aria-hidden
              className="pointer-events-none absolute top-7 z-7 h-20 border-x-2 border-tungsten bg-tungsten/20"
              style={{ left: chosen.first * scale, width: Math.max((chosen.end - chosen.first) * scale, 2) }}
            />
          )}
          <div ref={line} aria-hidden className="pointer-events-none absolute inset-y-0 left-0 z-10 w-px bg-tungsten">
            <div className="absolute top-0 left-1/2 size-2.5 -translate-x-1/2 rounded-full bg-tungsten" />
          </div>
        </div>
      </div>
      {scale > 0 && below?.({ first: firstFrame, last: Math.min(frames, lastFrame), scale })}
    </section>
  );
}

function Block({ shot, scale, selected, onShot }: { shot: Shot; scale: number; selected: boolean; onShot: (shot: Shot) => void }) {
  const width = (shot.last - shot.first + 1) * scale;
  const { kind, first, last } = entryOf(shot);
  const gradual = first !== undefined && last !== undefined;
  const keyframe = shot.keyframes[0];
  return (
    <>
      {gradual && (
        <div
          title={entryInWords(shot)}
          className="absolute top-7 h-20 overflow-hidden rounded-sm bg-[repeating-linear-gradient(135deg,var(--color-edge)_0_2px,transparent_2px_7px)] text-center"
          style={{ left: first * scale, width: Math.max((last - first + 1) * scale, 2) }}
        >
          {(last - first + 1) * scale > 52 && <span className="mt-7 inline-block rounded-sm bg-panel px-1 text-[0.6875rem] text-soft">{kind}</span>}
        </div>
      )}
      <button
        type="button"
        tabIndex={-1}
        data-shot={shot.number}
        title={`Shot ${shot.number + 1}, frames ${shot.first} to ${shot.last}. ${entryInWords(shot)}.`}
        onClick={() => onShot(shot)}
        className={clsx('absolute top-7 h-20 overflow-hidden bg-raised text-left outline-none', width > 3 && 'border-l', selected ? 'z-5 border-tungsten after:absolute after:inset-0 after:border-2 after:border-tungsten' : 'border-panel hover:brightness-125')}
        style={{ left: shot.first * scale, width: Math.max(width, 1.5) }}
      >
        {width > 14 && keyframe && <Still url={keyframe.url} className="pointer-events-none size-full object-cover opacity-85" />}
        {width > 26 && <span className="figures absolute bottom-1 left-1 rounded-sm bg-room/80 px-1 text-[0.6875rem] leading-4">{shot.number + 1}</span>}
      </button>
    </>
  );
}

/** Frames that are left out: hatched over their shots, and a bar under them that leads there. */
function LeftOut({ band, onFrame }: { band: ReturnType<typeof inPixels>[number]; onFrame: (frame: number) => void }) {
  return (
    <>
      <div
        aria-hidden
        className="pointer-events-none absolute top-7 z-6 h-20 bg-room/60 bg-[repeating-linear-gradient(135deg,var(--color-stop)_0_1.5px,transparent_1.5px_8px)]"
        style={{ left: band.left, width: band.width }}
      />
      <button
        type="button"
        tabIndex={-1}
        title={band.says}
        data-left-out={`${band.first}-${band.end}`}
        className="absolute top-[6.8rem] h-2 rounded-full bg-stop outline-none hover:brightness-125"
        style={{ left: band.left, width: band.width }}
        onClick={() => onFrame(band.first)}
      />
    </>
  );
}

const steps = (rate: number) => [1, 2, 5, 10, rate, 2 * rate, 5 * rate, 10 * rate, 30 * rate, 60 * rate, 300 * rate, 600 * rate, 1800 * rate, 3600 * rate].map(Math.round);

function Ruler({ from, to, scale, rate, frames, onFrame }: { from: number; to: number; scale: number; rate: number; frames: number; onFrame: (frame: number) => void }) {
  // Labels of eleven letters need about 110 pixels.
  const step = steps(rate).find((one) => one * scale >= 110) ?? Math.round(3600 * rate);
  const ticks: number[] = [];
  if (scale > 0) for (let frame = Math.floor(from / step) * step; frame * scale <= Math.min(to, frames) * scale - 84; frame += step) ticks.push(frame);
  return (
    <div
      className="absolute inset-x-0 top-0 h-7 cursor-pointer"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        onFrame(Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left) / scale));
      }}
      onPointerMove={(event) => {
        if (event.buttons === 1) onFrame(Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left) / scale));
      }}
    >
      {ticks.map((frame) => (
        <span key={frame} className="absolute top-1.5 border-l border-edge pl-1.5 font-mono text-[0.6875rem] leading-none whitespace-nowrap text-faint" style={{ left: frame * scale }}>
          {timecode(frame, rate)}
        </span>
      ))}
    </div>
  );
}
