import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { FrameClock } from '../../lib/frames.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Panel } from '../../ui/page.js';
import { Failed, Skeleton } from '../../ui/states.js';
import { rangeInWords } from '../../lib/ranges.js';
import { ExclusionList } from './exclusion-list.js';
import { exclusionInWords, isUnseen, useExclusions } from './exclusions.js';
import { LeaveOutDialog } from './leave-out-dialog.js';
import { Player } from './player.js';
import { Playhead, useFrame } from './playhead.js';
import { ReviewPanel } from './review-panel.js';
import { StaleShots } from './stale-shots.js';
import { ShotDetails } from './shot-details.js';
import { ShotList } from './shot-list.js';
import { placeAt, titleShots, type Shot } from './shots.js';
import { Timeline } from './timeline.js';
import type { Title } from './title-query.js';
import { TrackLanes } from './track-lanes.js';
import { useChosen } from './use-chosen.js';
import { usePlayback } from './use-playback.js';
import { SHOTS_A_PAGE, useReview } from './use-review.js';
import { useShortcuts } from './use-shortcuts.js';

const route = getRouteApi('/titles/$titleId');

interface StudioProps {
  title: Title;
  analysis: NonNullable<Title['analysis']>;
  below: (shown: { shots: { count: number; list: ReactNode }; leftOut: { count: number; list: ReactNode } }) => ReactNode;
}

/** Player, timeline and the shot under the playhead: all three always speak of the same frame. */
export function Studio({ title, analysis, below }: StudioProps) {
  const list = usePagedList(titleShots, { id: title.id }, (data) => data.title?.shots, SHOTS_A_PAGE);
  const { nodes: shots, more, loadMore, loadingMore, error } = list;
  // The timeline shows the whole film, so every page is fetched, one after the other.
  useEffect(() => {
    if (more && !loadingMore && !error) loadMore();
  }, [more, loadingMore, error, loadMore, shots]);

  const clock = useMemo(() => new FrameClock(analysis, knots(analysis, shots)), [analysis, shots]);
  const [playhead] = useState(() => new Playhead());
  const playback = usePlayback(analysis.playlistUrl ?? undefined, clock, playhead);
  const { frame: asked } = route.useSearch();
  // Whoever came for a frame sees it, once the clock knows the edges of shots.
  useEffect(() => {
    if (asked !== undefined && !list.starting) playback.show(asked);
    // `playback` is another at each render and the same player.
  }, [asked, list.starting]);
  const exclusions = useExclusions(title.id);
  const { chosen, choose, begin, end } = useChosen(playhead);
  const unseen = useFrame(playhead, (frame) => exclusions.list.nodes.find((exclusion) => isUnseen(exclusion, frame)));
  const [leavingOut, setLeavingOut] = useState(false);
  const can = useCan();
  const mayLeaveOut = can('change Exclusion');
  const mayReview = can('correct Shot') && shots.length > 0;
  const review = useReview({ titleId: title.id, shots, playhead, playback });
  const place = useFrame(playhead, (frame) => placeAt(shots, frame));
  const shot = shots[place];

  const go = (step: number) => {
    const from = shots[placeAt(shots, playhead.frame)];
    // Back from inside a shot is its own beginning, as on a record player.
    const to = step < 0 && from && playhead.frame > from.first ? from : shots[placeAt(shots, playhead.frame) + step];
    if (to) playback.show(to.first);
  };
  const showShot = (one: Shot) => playback.show(one.first);
  useShortcuts({
    ' ': playback.toggle,
    k: playback.stop,
    l: playback.forwards,
    j: playback.backwards,
    ArrowLeft: () => playback.step(-1),
    ArrowRight: () => playback.step(1),
    'Shift+ArrowLeft': () => playback.step(-10),
    'Shift+ArrowRight': () => playback.step(10),
    ArrowUp: () => go(-1),
    ArrowDown: () => go(1),
    Home: () => playback.show(0),
    End: () => playback.show(analysis.frames - 1),
    i: begin,
    o: end,
    Escape: () => choose(undefined),
    ...(mayReview && (review.on ? review.keys : { r: review.start })),
  });

  const renew = () => {
    exclusions.list.refresh(() => true);
    playback.reload();
  };
  const tools = mayLeaveOut && (
    <div className="flex flex-wrap items-center gap-1">
      {mayReview && !review.on && (
        <Button look="bare" className="!min-h-8" onClick={review.start}>
          Review <kbd className="font-mono text-xs text-faint">R</kbd>
        </Button>
      )}
      {chosen ? (
        <>
          <span className="figures px-1 text-xs text-soft" data-testid="chosen">
            {rangeInWords(chosen)}
          </span>
          <Button look="bare" className="!min-h-8" onClick={() => choose(undefined)}>
            Let go
          </Button>
          <Button look="danger" className="!min-h-8" onClick={() => setLeavingOut(true)}>
            Leave out
          </Button>
        </>
      ) : (
        shot && (
          <Button look="bare" className="!min-h-8" onClick={() => choose({ first: shot.first, end: shot.last + 1 })}>
            Choose this shot’s frames
          </Button>
        )
      )}
    </div>
  );

  return (
    <>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_22rem] xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="min-w-0">
          <Player
            name={title.name}
            aspect={analysis.width / analysis.height}
            frames={analysis.frames}
            rate={clock.rate}
            playback={playback}
            playhead={playhead}
            unseen={unseen && exclusionInWords(unseen)}
            onPreviousShot={() => go(-1)}
            onNextShot={() => go(1)}
          />
          <p className="mt-2 hidden text-xs text-faint md:block">
            Space plays · ← → one frame, with shift ten · ↑ ↓ shots · J K L backwards, stop, forwards · I O first and last frame of a choice · ctrl and wheel zoom the timeline
          </p>
        </div>
        <div className="min-w-0 lg:max-h-[calc(60dvh+3.5rem)] lg:overflow-y-auto">
          <Panel>
            {shot ? <ShotDetails shot={shot} rate={clock.rate} /> : error ? <Failed error={error} retry={() => list.refresh()} /> : list.starting ? <Skeleton className="h-64" /> : <p className="text-sm text-soft">No shot was found.</p>}
          </Panel>
        </div>
      </div>
      {review.on && mayReview && <ReviewPanel review={review} shots={list.total ?? shots.length} below={<StaleShots titleId={title.id} stale={shots.filter((one) => one.review.stale).length} onMeasured={() => list.refresh(() => true)} />} />}
      <div className="mt-5">
        <Timeline shots={shots} frames={analysis.frames} rate={clock.rate} playhead={playhead} selected={shot?.id} bands={exclusions.bands} chosen={chosen} tools={tools} below={(sight) => <TrackLanes titleId={title.id} clock={clock} sight={sight} />} onFrame={playback.show} onShot={showShot} />
      </div>
      {below({
        shots: { count: list.total ?? shots.length, list: <ShotList shots={shots} rate={clock.rate} selected={shot?.id} onShot={showShot} /> },
        leftOut: { count: exclusions.list.total ?? 0, list: <ExclusionList titleId={title.id} rate={clock.rate} list={exclusions.list} onFrame={playback.show} onChange={renew} /> },
      })}
      {leavingOut && chosen && (
        <LeaveOutDialog
          titleId={title.id}
          range={chosen}
          onClose={() => setLeavingOut(false)}
          onDone={() => {
            choose(undefined);
            renew();
          }}
        />
      )}
    </>
  );
}

/** Every frame whose timestamp is known: edges of shots and tiles of the filmstrip. */
function knots(analysis: StudioProps['analysis'], shots: Shot[]): { frame: number; pts: number }[] {
  const strip = analysis.filmstrip as { tiles?: { frame: number; pts: number }[] } | null | undefined;
  return [
    ...shots.flatMap((shot) => [
      { frame: shot.first, pts: Number(shot.startPts) },
      { frame: shot.last + 1, pts: Number(shot.endPts) },
    ]),
    ...(strip?.tiles ?? []).filter(({ pts }) => Number.isFinite(pts)),
  ];
}
