import Hls from 'hls.js/light';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { FrameClock } from '../../lib/frames.js';
import type { Playhead } from './playhead.js';

export interface Playback {
  video: (element: HTMLVideoElement | null) => void;
  /** The first picture is there. */
  ready: boolean;
  playing: boolean;
  /** 1, 2, 4, 8 forwards; -1, -2 … backwards. */
  speed: number;
  problem: string | undefined;
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

/** Plays the proxy, and knows which frame is on the screen: frame n of the proxy is frame n of the master. */
export function usePlayback(playlistUrl: string | undefined, clock: FrameClock, playhead: Playhead): Playback {
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [ready, setReady] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [problem, setProblem] = useState<string>();
  const time = useRef(clock);
  time.current = clock;
  /** The frame asked for and not yet seen, and whether a seek to an earlier one must end first. */
  const wanted = useRef<number>(undefined);
  const waiting = useRef(false);
  /** Media time of the proxy's first frame: not 0 where frames are decoded before they are shown. */
  const origin = useRef(0);

  useEffect(() => {
    if (!video || !playlistUrl) return;
    setProblem(undefined);
    if (!Hls.isSupported()) {
      video.src = playlistUrl;
      return;
    }
    // The page's policy admits no worker from a blob.
    const hls = new Hls({ enableWorker: false, maxBufferLength: 20, backBufferLength: 30 });
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      const status = data.response?.code;
      setProblem(
        status === 403 ? 'The licence does not permit playing this.' : status === 404 ? 'There is no such film in your studio.' : 'The film could not be played. Load the page again.',
      );
    });
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
      if (frag.sn === hls.levels[0]?.details?.startSN && video.buffered.length > 0) origin.current = video.buffered.start(0);
    });
    hls.loadSource(playlistUrl);
    hls.attachMedia(video);
    return () => hls.destroy();
  }, [video, playlistUrl]);

  useEffect(() => {
    if (!video) return;
    let handle = 0;
    const seen = (_: number, frame: VideoFrameCallbackMetadata) => {
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
      // One seek at a time: of those asked for meanwhile only the last is carried out.
      waiting.current = video.seeking;
      if (!video.seeking) video.currentTime = origin.current + time.current.middleOf(wanted.current);
    },
    [video],
  );

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
      setSpeed(rate);
      video.playbackRate = rate;
      video.play().catch((error: unknown) => {
        // A pause that follows at once interrupts a play; that is no failure.
        if (!(error instanceof DOMException && error.name === 'AbortError')) setProblem('This browser refused to play the film.');
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

  return { video: setVideo, ready, playing: playing || speed < 0, speed, problem, toggle, stop, show, step, forwards, backwards };
}
