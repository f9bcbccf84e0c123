import Hls from 'hls.js/light';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { FrameClock } from '../../lib/frames.js';
import { refusalOf } from '../../lib/refusal.js';
import type { ReasonLike } from '../../ui/states.js';
import type { Playhead } from './playhead.js';

export interface Playback {
  video: (element: HTMLVideoElement | null) => void;
  /** The first picture is there. */
  ready: boolean;
  playing: boolean;
  /** 1, 2, 4, 8 forwards; -1, -2 … backwards. */
  speed: number;
  problem: ReasonLike | undefined;
  /** Asks again what may be seen, and shows the same frame of it. */
  reload: () => void;
  toggle: () => void;
  stop: () => void;
  /** Shows exactly this frame. */
  show: (frame: number) => void;
  /** Goes so many frames from the one that is shown or being sought. */
  step: (frames: number) => void;
  /** L: forwards, faster with each press. */
  forwards: () => void;
  /** J: backwards, faster with each press. */
  backwards: () => void;
}

const FASTEST = 8;
const broken = { code: 'NO_FILM', message: 'The film could not be played.', wayOut: 'Load the page again.' };
/** The copy without the frames that are left out is being made. */
export const PENDING = 'MASK_PENDING';
/** What is left out changed after the playlist was read. */
const OUTDATED = 'FRAMES_LEFT_OUT';

/** Plays the proxy, and knows which frame is on the screen: frame n of the proxy is frame n of the master. */
export function usePlayback(playlistUrl: string | undefined, clock: FrameClock, playhead: Playhead): Playback {
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [ready, setReady] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [problem, setProblem] = useState<ReasonLike>();
  const [loaded, setLoaded] = useState(0);
  const reload = useCallback(() => setLoaded((times) => times + 1), []);
  const time = useRef(clock);
  time.current = clock;
  /** The frame asked for and not yet seen, and whether a seek to an earlier one must end first. */
  const wanted = useRef<number>(undefined);
  const waiting = useRef(false);
  /** The frame that was asked for last, while the film rests on it, and the media time of the one that is shown. */
  const resting = useRef<number>(undefined);
  const mediaTime = useRef<number>(undefined);
  /** Media time of the proxy's first frame: not 0 where frames are decoded before they are shown. */
  const origin = useRef(0);

  useEffect(() => {
    if (!video || !playlistUrl) return;
    if (!Hls.isSupported()) {
      video.src = playlistUrl;
      return;
    }
    // The page's policy admits no worker from a blob.
    const at = playhead.frame;
    const hls = new Hls({ enableWorker: false, maxBufferLength: 20, backBufferLength: 30, startPosition: at > 0 ? origin.current + time.current.middleOf(at) : -1 });
    let again: ReturnType<typeof setTimeout> | undefined;
    let closed = false;
    hls.on(Hls.Events.ERROR, (_, data) => {
      // The loader goes on past a refusal, which is one for every stretch of the film.
      const status = data.response?.code ?? 0;
      const refused = status >= 400 && status < 500;
      if (!data.fatal && !refused) return;
      hls.stopLoad();
      void refusalOf(data.frag?.url ?? playlistUrl, broken).then((reason) => {
        if (closed) return;
        if (reason.code === PENDING || reason.code === OUTDATED) again = setTimeout(reload, reason.code === PENDING ? 2000 : 500);
        if (reason.code !== OUTDATED) setProblem(reason);
      });
    });
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
      setProblem(undefined);
      if (frag.sn === hls.levels[0]?.details?.startSN && video.buffered.length > 0) origin.current = video.buffered.start(0);
    });
    hls.loadSource(playlistUrl);
    hls.attachMedia(video);
    return () => {
      closed = true;
      clearTimeout(again);
      hls.destroy();
    };
  }, [video, playlistUrl, loaded, playhead, reload]);

  useEffect(() => {
    if (!video) return;
    let handle = 0;
    const seen = (_: number, frame: VideoFrameCallbackMetadata) => {
      mediaTime.current = frame.mediaTime;
      playhead.set(time.current.frameAt(frame.mediaTime - origin.current));
      if (playhead.frame === wanted.current || !video.paused) wanted.current = undefined;
      handle = video.requestVideoFrameCallback(seen);
    };
    handle = video.requestVideoFrameCallback(seen);
    const sync = () => setPlaying(!video.paused);
    const settled = () => {
      if (!waiting.current || wanted.current === undefined) return;
      waiting.current = false;
      video.currentTime = origin.current + time.current.middleOf(wanted.current);
    };
    const events = { loadeddata: () => setReady(true), play: sync, pause: sync, ended: sync, seeked: settled };
    for (const [name, act] of Object.entries(events)) video.addEventListener(name, act);
    return () => {
      video.cancelVideoFrameCallback(handle);
      for (const [name, act] of Object.entries(events)) video.removeEventListener(name, act);
    };
  }, [video, playhead]);

  const stop = useCallback(() => {
    setSpeed(1);
    if (!video) return;
    video.playbackRate = 1;
    video.pause();
  }, [video]);

  const seek = useCallback(
    (frame: number) => {
      if (!video) return;
      wanted.current = Math.min(Math.max(frame, 0), time.current.frames - 1);
      resting.current = wanted.current;
      // One seek at a time: of those asked for meanwhile only the last is carried out.
      waiting.current = video.seeking;
      if (!video.seeking) video.currentTime = origin.current + time.current.middleOf(wanted.current);
    },
    [video],
  );

  // The clock learns the edges of shots as they arrive: at a variable rate the frame that was asked for may lie elsewhere than was thought.
  useEffect(() => {
    if (!video || mediaTime.current === undefined) return;
    const at = resting.current;
    if (at === undefined) playhead.set(clock.frameAt(mediaTime.current - origin.current));
    else if (clock.frameAt(video.currentTime - origin.current) !== at) seek(at);
  }, [clock, video, playhead, seek]);

  const show = useCallback(
    (frame: number) => {
      stop();
      seek(frame);
    },
    [stop, seek],
  );

  const step = useCallback((frames: number) => show((wanted.current ?? playhead.frame) + frames), [show, playhead]);

  // No browser plays backwards: at -1 this shows ten frames a second, each `rate / 10` before the last.
  useEffect(() => {
    if (speed >= 0) return;
    const timer = setInterval(() => {
      const from = wanted.current ?? playhead.frame;
      if (from <= 0) return stop();
      seek(Math.floor(from + (speed * time.current.rate) / 10));
    }, 100);
    return () => clearInterval(timer);
  }, [speed, seek, stop, playhead]);

  const play = useCallback(
    (rate: number) => {
      if (!video) return;
      resting.current = undefined;
      setSpeed(rate);
      video.playbackRate = rate;
      video.play().catch((error: unknown) => {
        // A pause that follows at once interrupts a play; that is no failure.
        if (!(error instanceof DOMException && error.name === 'AbortError')) setProblem({ code: 'BROWSER', message: 'This browser refused to play the film.', wayOut: 'Press play again.' });
      });
    },
    [video],
  );

  const forwards = useCallback(() => play(video && !video.paused ? Math.min(speed * 2, FASTEST) : 1), [play, video, speed]);
  const backwards = useCallback(() => {
    video?.pause();
    setSpeed((now) => (now < 0 ? Math.max(now * 2, -FASTEST) : -1));
  }, [video]);
  const toggle = useCallback(() => {
    if (!video) return;
    if (video.paused && speed > 0) play(1);
    else stop();
  }, [video, speed, play, stop]);

  return { video: setVideo, ready, playing: playing || speed < 0, speed, problem, reload, toggle, stop, show, step, forwards, backwards };
}
