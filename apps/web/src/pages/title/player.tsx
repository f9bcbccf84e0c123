import { ChevronFirst, ChevronLast, Pause, Play, StepBack, StepForward, Volume2, VolumeX } from 'lucide-react';
import { useState } from 'react';
import { timecode } from '../../../../shared/timecode.js';
import { IconButton } from '../../ui/button.js';
import { Why } from '../../ui/states.js';
import { useFrame, type Playhead } from './playhead.js';
import { PENDING, type Playback } from './use-playback.js';

interface PlayerProps {
  name: string;
  aspect: number;
  frames: number;
  rate: number;
  playback: Playback;
  playhead: Playhead;
  /** Why the frame is black, where it is one that is left out. */
  unseen: string | undefined;
  onPreviousShot: () => void;
  onNextShot: () => void;
}

/** The picture, the frame it is, and the keys that go through it. */
export function Player({ name, aspect, frames, rate, playback, playhead, unseen, onPreviousShot, onNextShot }: PlayerProps) {
  const [muted, setMuted] = useState(true);
  return (
    <section aria-label={`Player of ${name}`} className="overflow-hidden rounded-xl border border-line bg-black">
      <div className="relative grid max-h-[60dvh] place-items-center" style={{ aspectRatio: aspect }}>
        <video
          ref={playback.video}
          aria-label={name}
          playsInline
          muted={muted}
          preload="auto"
          onClick={playback.toggle}
          className="size-full max-h-[60dvh] cursor-pointer object-contain"
        />
        {!playback.ready && !playback.problem && (
          <p role="status" className="absolute animate-[breathe_1.6s_ease-in-out_infinite] text-sm text-faint">
            Opening the film…
          </p>
        )}
        {unseen && !playback.problem && <p className="pointer-events-none absolute inset-x-6 bottom-4 text-center text-sm text-soft">{unseen}</p>}
        {playback.problem && <Why reason={playback.problem} tone={playback.problem.code === PENDING ? 'kept' : 'stop'} className="absolute inset-x-6 top-6" />}
      </div>
      <div className="flex flex-wrap items-center gap-x-1 gap-y-2 border-t border-line bg-panel px-3 py-2">
        <IconButton label="Shot before (↑)" onClick={onPreviousShot}>
          <ChevronFirst size={18} aria-hidden />
        </IconButton>
        <IconButton label="One frame back (←)" onClick={() => playback.step(-1)}>
          <StepBack size={17} aria-hidden />
        </IconButton>
        <IconButton label={playback.playing ? 'Pause (space)' : 'Play (space)'} className="!text-ink" onClick={playback.toggle}>
          {playback.playing ? <Pause size={19} aria-hidden /> : <Play size={19} aria-hidden />}
        </IconButton>
        <IconButton label="One frame on (→)" onClick={() => playback.step(1)}>
          <StepForward size={17} aria-hidden />
        </IconButton>
        <IconButton label="Next shot (↓)" onClick={onNextShot}>
          <ChevronLast size={18} aria-hidden />
        </IconButton>
        <IconButton label={muted ? 'Sound on' : 'Sound off'} onClick={() => setMuted(!muted)}>
          {muted ? <VolumeX size={17} aria-hidden /> : <Volume2 size={17} aria-hidden />}
        </IconButton>
        {playback.playing && playback.speed !== 1 && <span className="figures px-1 text-xs text-tungsten">{playback.speed}×</span>}
        <Counter playhead={playhead} frames={frames} rate={rate} />
      </div>
    </section>
  );
}

function Counter({ playhead, frames, rate }: { playhead: Playhead; frames: number; rate: number }) {
  const frame = useFrame(playhead, (now) => now);
  return (
    <div className="ml-auto flex items-baseline gap-4 pr-2 font-mono text-sm">
      <span title="Timecode of the frame shown">{timecode(frame, rate)}</span>
      <span className="text-faint" title="Number of the frame shown, counted from 0">
        <span data-testid="frame" className="text-soft">
          {frame}
        </span>
        {' / '}
        {frames - 1}
      </span>
    </div>
  );
}
