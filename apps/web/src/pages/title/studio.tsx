import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { FrameClock } from '../../lib/frames.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Panel } from '../../ui/page.js';
import { Failed, Skeleton } from '../../ui/states.js';
import { rangeInWords } from '../../lib/ranges.js';
import { DescribeAgain } from './describe-again.js';
import { ExclusionList } from './exclusion-list.js';
import { exclusionInWords, isUnseen, useExclusions } from './exclusions.js';
import { LeaveOutDialog } from './leave-out-dialog.js';
import { Player } from './player.js';
import { Playhead, useFrame } from './playhead.js';
import { DoublePanel } from './double-panel.js';
import { ReviewPanel } from './review-panel.js';
import { StaleShots } from './stale-shots.js';
import { ShotDetails } from './shot-details.js';
import { ShotList } from './shot-list.js';
import { useShotPages } from './shot-pages.js';
import type { Shot } from './shots.js';
import { Timeline } from './timeline.js';
import type { Title } from './title-query.js';
import { TrackLanes } from './track-lanes.js';
import { useChosen } from './use-chosen.js';
import { usePlayback } from './use-playback.js';
import { useDoubleReview } from './use-double-review.js';
import { useReview } from './use-review.js';
import { useShortcuts } from './use-shortcuts.js';

const route = getRouteApi('/titles/$titleId');
/** Shots before and after the one that is shown which are fetched with it: playing on does not wait for a page. */
const AROUND = 10;

interface StudioProps {
  title: Title;
  analysis: NonNullable<Title['analysis']>;
  below: (shown: { shots: { count: number; list: ReactNode }; leftOut: { count: number; list: ReactNode } }) => ReactNode;
}

/** Player, timeline and the shot under the playhead: all three always speak of the same frame. */
export function Studio({ title, analysis, below }: StudioProps) {
  const { pages, shots } = useShotPages(title.id);
  const { loaded, total, error } = shots;
  const starting = total === undefined && !error;

  const clock = useMemo(() => new FrameClock(analysis, knots(analysis, loaded)), [analysis, loaded]);
  const [playhead] = useState(() => new Playhead());
  const playback = usePlayback(analysis.playlistUrl ?? undefined, clock, playhead);
  const { frame: asked } = route.useSearch();
  // Whoever came for a frame sees it.
  useEffect(() => {
    if (asked !== undefined && !starting) playback.show(asked);
    // `playback` is another at each render and the same player.
  }, [asked, starting]);
  useEffect(() => {
    const follow = () => {
      const { frame } = playhead;
      const number = pages.view().holding(frame)?.number;
      pages.want('playhead', { frame, numbers: number === undefined ? undefined : [number - AROUND, number + AROUND] });
    };
    follow();
    return playhead.subscribe(follow);
  }, [pages, playhead]);
  const listSees = useCallback((from: number, to: number) => pages.want('list', { numbers: [from, to] }), [pages]);
  const timelineSees = useCallback((span: [number, number] | undefined) => pages.want('timeline', { span }), [pages]);
  const exclusions = useExclusions(title.id);
  const { chosen, choose, begin, end } = useChosen(playhead);
  const unseen = useFrame(playhead, (frame) => exclusions.list.nodes.find((exclusion) => isUnseen(exclusion, frame)));
  const [leavingOut, setLeavingOut] = useState(false);
  const can = useCan();
  const mayLeaveOut = can('change Exclusion');
  const mayReview = can('correct Shot') && !!total;
  const review = useReview({ titleId: title.id, pages, shots, playhead, playback });
  const double = useDoubleReview({ titleId: title.id, pages, shots, playhead, playback });
  const reviewing = double.open ? double : review;
  const shot = useFrame(playhead, (frame) => shots.holding(frame));

  const go = async (step: number) => {
    const { frame } = playhead;
    const from = await pages.reach(frame);
    // Back from inside a shot is its own beginning, as on a record player.
    const to = step < 0 && from && frame > from.first ? from : from && (await pages.numbered(from.number + step));
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
    ArrowUp: () => void go(-1),
    ArrowDown: () => void go(1),
    Home: () => playback.show(0),
    End: () => playback.show(analysis.frames - 1),
    i: begin,
    o: end,
    Escape: () => choose(undefined),
    ...(mayReview && (reviewing.on ? reviewing.keys : { r: reviewing.start })),
  });

  const renew = () => {
    exclusions.list.refresh(() => true);
    playback.reload();
  };
  const tools = mayLeaveOut && (
    <div className="flex flex-wrap items-center gap-1">
      {mayReview && !reviewing.on && (
        <Button look="bare" className="!min-h-8" onClick={reviewing.start}>
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
            onPreviousShot={() => void go(-1)}
            onNextShot={() => void go(1)}
          />
          <p className="mt-2 hidden text-xs text-faint md:block">
            Space plays · ← → one frame, with shift ten · ↑ ↓ shots · J K L backwards, stop, forwards · I O first and last frame of a choice · ctrl and wheel zoom the timeline
          </p>
        </div>
        <div className="min-w-0 lg:max-h-[calc(60dvh+3.5rem)] lg:overflow-y-auto">
          <Panel>
            {error ? <Failed error={error} retry={pages.retry} /> : shot ? <ShotDetails shot={shot} rate={clock.rate} byTwo={double.open ?? false} /> : total === 0 ? <p className="text-sm text-soft">No shot was found.</p> : <Skeleton className="h-64" />}
          </Panel>
        </div>
      </div>
      {mayReview && double.on && <DoublePanel double={double} titleId={title.id} />}
      {mayReview && review.on && !double.open && <ReviewPanel titleId={title.id} review={review} shots={total} onTwo={() => (double.again(), double.start())} below={<StaleShots titleId={title.id} review={review.progress} again={review.count} onMeasured={() => void pages.renew()} />} />}
      <div className="mt-5">
        <Timeline shots={shots} frames={analysis.frames} rate={clock.rate} playhead={playhead} selected={shot?.id} bands={exclusions.bands} chosen={chosen} tools={tools} below={(sight) => <TrackLanes titleId={title.id} clock={clock} sight={sight} />} onFrame={playback.show} onShot={showShot} onSight={timelineSees} />
      </div>
      {below({
        shots: {
          count: total ?? 0,
          list: (
            <>
              {!!total && !double.open && <DescribeAgain titleId={title.id} onDescribed={() => void pages.renew()} />}
              <ShotList shots={shots} rate={clock.rate} selected={shot?.id} onShot={showShot} onSight={listSees} />
            </>
          ),
        },
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

/** Every frame whose timestamp is known here: edges of shots and tiles of the filmstrip. */
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
