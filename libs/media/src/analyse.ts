import { Refusal } from '#libs/platform';
import { Crowd } from './crowd.js';
import { FieldsBranch } from './fields.js';
import { EyeThread, Looker, type Eye, type Look } from './eye.js';
import { timeOfDay } from './measures/daylight.js';
import { pictureOf, ShotMeter, type Picture, type ShotLook } from './measures/shot.js';
import { rhythmAt, TrackMeter } from './measures/track.js';
import { perceptualHash } from './phash.js';
import { runPass, stillEvery, type PassResult, type Still } from './pass.js';
import { heardStream, ratio } from './probe.js';
import { evenRate } from './rate.js';
import { scenesOf } from './scenes.js';
import { SMALL_H, SMALL_W } from './small.js';
import { SoundBranch } from './sound/branch.js';
import { Filmstrip, jpegSize, resized, StillStore, toJpeg, toRgb } from './stills.js';
import { TEXT_MODEL } from './vision/text.js';
import type { Analysis, AnalyseOptions, Boundary, Letterbox, Probe, RgbImage, Scene, Shot, Track, Transition, Warning } from './types.js';

/** Shots and tiles whose pictures, labels and callbacks are under way; more make the pass wait, so that memory stays bounded. */
const QUEUE = 12;
/**
 * Of a pass that may use two cores. With two threads the decoder stands still while ffmpeg scales a frame; with six, at the same CPU, a pass
 * takes 1.24 bare decodes and not 1.33.
 */
const DECODER_THREADS = 6;

/**
 * The one decode of a master: shots, measures, keyframes, labels, filmstrip and proxy. Memory is bounded whatever the length.
 * Rejects with Refusal (UNDECODABLE) when nothing decodes, with the signal's reason when aborted. A decoder that stops half-way is
 * no refusal: what was decoded is kept and a warning names the rest.
 */
export async function analyse(input: string, options: AnalyseOptions): Promise<Analysis> {
  options.signal?.throwIfAborted();
  const { timeBase, frameRate } = options.probe.video;
  const clock = { tick: ratio(timeBase), fps: Math.min(240, Math.max(5, ratio(frameRate))) };
  const seen = (look: Look): void => pass.seen(look);
  const eye = typeof options.detector === 'object' ? new Looker(options.detector, clock, seen) : new EyeThread(clock, options.network, seen);
  const pass = new Pass(options, eye);
  try {
    const result = await runPass(input, {
      ...options,
      threads: options.threads === 1 ? 1 : DECODER_THREADS,
      stallSeconds: options.stallSeconds ?? 120,
      proxy: options.proxy && { height: options.proxy.height ?? 360, writable: options.proxy.writable },
      onFrame: (frame) => eye.take(frame),
      onStill: pass.wantsStills ? (still) => pass.still(still) : undefined,
      busy: () => pass.busy(),
      outputs: [...(pass.sound ? [pass.sound] : []), pass.fields],
    });
    return await pass.finish(result);
  } finally {
    await eye.close();
  }
}

class Pass {
  readonly wantsStills: boolean;
  private readonly probe: Probe;
  private readonly tick: number;
  private readonly stills = new StillStore();
  private readonly track = new TrackMeter();
  private readonly picture: Picture;
  private readonly looks: (ShotLook | undefined)[] = [];
  readonly sound: SoundBranch | undefined;
  readonly fields: FieldsBranch;
  private readonly filmstrip: Filmstrip | undefined;
  private readonly warnings: Warning[] = [];
  private readonly shots: Shot[] = [];
  private readonly times = new Times();
  /** Frames that may still turn out to belong to the next shot; older ones are summed up in `meter`. */
  private readonly notes: Look[] = [];
  private notesFrom = 0;
  /** Not for boundaries that a person gave. */
  private readonly crowd: Crowd | undefined;
  /** Boundaries whose shot is not closed yet, because stills of it are still to be read. */
  private readonly boundaries: Boundary[] = [];
  private meter = new ShotMeter();
  private open: { first: number; startPts: number; entry: Transition } | undefined;
  private frames = 0;
  private firstPts = 0;
  private lastPts = 0;
  private lastStep = 0;
  private told = 0;
  private queue: Promise<void> = Promise.resolve();
  private queued = 0;
  private failure: Error | undefined;

  constructor(
    private readonly options: AnalyseOptions,
    private readonly eye: Eye,
  ) {
    this.probe = options.probe;
    this.tick = ratio(this.probe.video.timeBase);
    this.picture = pictureOf(this.probe.video, { width: SMALL_W, height: SMALL_H });
    if (typeof options.detector !== 'object') this.crowd = new Crowd();
    this.wantsStills = Boolean(options.onKeyframe || options.models || options.filmstrip);
    const heard = heardStream(this.probe);
    this.sound = heard && new SoundBranch(this.probe, heard, options.speech);
    this.fields = new FieldsBranch(this.probe);
    if (options.filmstrip) {
      const every = Math.min(10, Math.max(0.5, this.probe.durationSeconds / 200));
      this.filmstrip = new Filmstrip(this.probe.video, every, this.tick, this.probe.video.startPts);
    }
  }

  seen(look: Look): void {
    const { pts } = look;
    if (this.frames === 0) {
      this.firstPts = pts;
      this.open = { first: 0, startPts: pts, entry: { kind: 'start', confidence: 1 } };
    } else if (pts > this.lastPts) this.lastStep = pts - this.lastPts;
    this.lastPts = Math.max(this.lastPts, pts);
    this.frames++;
    this.times.push(pts);
    this.track.add(look.facts);
    this.notes.push(look);
    this.boundaries.push(...look.boundaries);
    this.settle();
    this.progress();
  }

  still(still: Still): void {
    this.stills.add(still, this.undecided());
    this.settle();
    if (!this.filmstrip?.due(still)) return;
    const [{ frame, pts }, image] = [still, toRgb(still)];
    this.enqueue(() => this.tile({ frame, pts }, image));
  }

  /** How many of the newest frames may still belong to the next shot. */
  private undecided(): number {
    return this.eye.detector ? this.eye.detector.lag + this.eye.behind + 2 * stillEvery(ratio(this.probe.video.frameRate)) : Infinity;
  }

  /** Closes the shots whose stills are read, and sums up the frames that no boundary can part any more. */
  private settle(): void {
    while (this.boundaries[0] && (!this.wantsStills || this.stills.newest >= this.boundaries[0].frame)) this.boundary(this.boundaries.shift()!);
    if (this.boundaries.length) return;
    while (this.notes.length > this.undecided()) this.settleNote();
  }

  /** While too much is queued: what to wait for. Throws what a callback threw. */
  busy(): Promise<unknown> | undefined {
    if (this.failure) throw this.failure;
    return this.queued > QUEUE ? this.queue : undefined;
  }

  async finish(result: PassResult): Promise<Analysis> {
    const last = await this.eye.end();
    if (this.frames === 0) {
      throw new Refusal('UNDECODABLE', `No frame of the film decodes${result.lastError ? `: ${result.lastError}` : '.'}`, 'Export the master again and check that it plays to the end before uploading.');
    }
    const endPts = this.lastPts + this.lastDuration();
    for (const boundary of [...this.boundaries, ...last]) this.boundary(boundary);
    this.closeShot(this.frames - 1, endPts);
    if (this.filmstrip) this.enqueue(() => this.sheet());
    await this.queue;
    if (this.failure) throw this.failure;
    this.judge(result, endPts);
    const scenes = this.scenes(endPts);
    const track = this.track.result(this.shots.map(({ startPts }) => startPts * this.tick));
    await this.listen(endPts, track);
    for (const { startPts, endPts: end, measures } of this.shots) {
      const fields = this.fields.between(startPts, end);
      if (fields) Object.assign(measures, { combing: fields.combing, ...(fields.order && { fields: fields.order }) });
    }
    this.warnings.push(...this.fields.warnings(this.firstPts, endPts));
    const times = this.times.until(endPts);
    const detector = this.eye.detector!;
    const { video, audio } = this.probe;
    const [num = 1] = video.timeBase.split('/').map(Number);
    const fragments = result.index?.fragments((time) => this.firstPts + time / num, endPts, this.tick) ?? [];
    this.options.onProgress?.(1, this.frames);
    return {
      frames: this.frames,
      timeBase: video.timeBase,
      startPts: this.firstPts,
      durationPts: endPts - this.firstPts,
      times,
      rate: evenRate(times, this.tick, video.frameRate),
      width: video.width,
      height: video.height,
      detector: `${detector.name} ${detector.version}`,
      shots: this.shots,
      scenes,
      track,
      ...(result.index && {
        proxy: { ...result.base, initBytes: result.index.initBytes, bytes: result.index.bytes, codecs: result.index.codecs, hasAudio: audio.length > 0 && result.index.codecs.includes('mp4a') },
      }),
      proxyFragments: fragments,
      ...(this.filmstrip && { filmstrip: this.filmstrip.layout() }),
      warnings: [...this.probe.warnings, ...this.eye.warnings, ...(this.crowd?.warnings() ?? []), ...(this.options.models?.warnings ?? []), ...((this.sound && this.options.speech?.warnings) ?? []), ...this.warnings],
    };
  }

  /** What is known of the shots only when all of them are. */
  private scenes(endPts: number): Scene[] {
    const scenes = scenesOf(this.shots, this.looks, this.tick);
    for (const [scene, { first, last }] of scenes.entries()) for (const shot of this.shots.slice(first, last + 1)) shot.scene = scene;
    const starts = this.shots.map(({ startPts }) => startPts * this.tick);
    const film = { from: this.firstPts * this.tick, to: endPts * this.tick };
    for (const { startPts, endPts: end, measures } of this.shots) measures.cutRhythm = rhythmAt(((startPts + end) / 2) * this.tick, starts, film);
    return scenes;
  }

  /** Sound may come later than the picture it belongs to, so shots get theirs when all is heard. */
  private async listen(endPts: number, track: Track): Promise<void> {
    const heard = await this.sound?.finish((endPts - this.probe.video.startPts) * this.tick);
    if (!heard) return;
    this.warnings.push(...heard.warnings);
    const seconds = (pts: number): number => (pts - this.probe.video.startPts) * this.tick;
    for (const shot of this.shots) {
      const sound = heard.between?.(seconds(shot.startPts), seconds(shot.endPts));
      if (sound) shot.measures.sound = sound;
    }
    Object.assign(track, heard.track?.(seconds(this.firstPts), track.seconds));
  }

  private lastDuration(): number {
    const nominal = 1 / (Math.max(1, ratio(this.probe.video.frameRate)) * this.tick);
    return Math.max(1, this.lastStep || Math.round(nominal));
  }

  private judge(result: PassResult, endPts: number): void {
    const decoded = (endPts - this.firstPts) * this.tick;
    const claimed = this.probe.video.durationSeconds ?? this.probe.durationSeconds;
    const missing = claimed - decoded;
    if (result.stalled || (missing > 1 && missing > 0.02 * claimed)) {
      this.warnings.push({
        code: 'DECODER_STOPPED',
        message: `The film decodes to ${decoded.toFixed(1)} s of ${claimed.toFixed(1)} s (${this.frames} frames); the rest is not analysed.`,
      });
    } else if (result.errors > 0) {
      this.warnings.push({ code: 'DECODE_ERRORS', message: `ffmpeg reported ${result.errors} errors while decoding, the last one: ${result.lastError}` });
    }
  }

  private progress(): void {
    const now = Date.now();
    if (!this.options.onProgress || now - this.told < 100) return;
    this.told = now;
    const length = this.probe.durationSeconds || 1;
    this.options.onProgress(Math.min(0.999, ((this.lastPts - this.firstPts) * this.tick) / length), this.frames);
  }

  private settleNote(): void {
    this.meter.add(this.notes.shift()!.facts);
    this.notesFrom++;
  }

  private boundary(boundary: Boundary): void {
    const at = (this.notes[boundary.frame - this.notesFrom]!.pts - this.firstPts) * this.tick;
    if (this.crowd && !this.crowd.passes(at)) return;
    const lastOfShot = (boundary.entry.first ?? boundary.frame) - 1;
    if (!this.open || lastOfShot < this.open.first) {
      // A film may begin inside a transition: then there is no shot before it.
      if (this.open) this.skipTo(boundary);
      return;
    }
    const startPts = this.notes[boundary.frame - this.notesFrom]!.pts;
    this.closeShot(lastOfShot, this.notes[lastOfShot + 1 - this.notesFrom]!.pts);
    this.skipTo(boundary, startPts);
  }

  private skipTo(boundary: Boundary, startPts = this.notes[boundary.frame - this.notesFrom]!.pts): void {
    this.meter = new ShotMeter();
    this.notes.splice(0, boundary.frame - this.notesFrom);
    this.notesFrom = boundary.frame;
    this.open = { first: boundary.frame, startPts, entry: boundary.entry };
  }

  private closeShot(last: number, endPts: number): void {
    const open = this.open!;
    while (this.notesFrom <= last) this.settleNote();
    const measures = this.meter.result(this.picture);
    this.looks.push(this.meter.look(this.picture.linear));
    const shot: Shot = { index: this.shots.length, first: open.first, last, startPts: open.startPts, endPts, entry: open.entry, measures, keyframes: [] };
    this.shots.push(shot);
    const seconds = (endPts - open.startPts) * this.tick;
    const stills = this.stills.take(open.first, last, seconds > 20 ? 5 : 3);
    if (this.options.wanted?.(shot) ?? true) this.enqueue(() => this.describe(shot, stills).finally(() => this.stills.giveBack(stills)));
    else this.stills.giveBack(stills);
  }

  private enqueue(work: () => Promise<void>): void {
    this.queued++;
    this.queue = this.queue.then(async () => {
      try {
        // The film may have ended while a dozen shots wait for their labels: who cancels then does not wait for those.
        this.options.signal?.throwIfAborted();
        if (!this.failure) await work();
      } catch (error) {
        this.failure = error instanceof Error ? error : new Error(String(error));
      } finally {
        this.queued--;
      }
    });
  }

  private async describe(shot: Shot, stills: Still[]): Promise<void> {
    const { models, onKeyframe } = this.options;
    const seen: RgbImage[] = [];
    const barred = Object.values(shot.measures.letterbox).some((bar) => bar > 0);
    for (const still of stills) {
      const size = jpegSize(still);
      const hash = perceptualHash({ width: still.width, height: still.height, y: still.data, bars: this.barsIn(still, shot.measures.letterbox) });
      shot.keyframes.push({ frame: still.frame, pts: still.pts, ...size, ...(hash && { hash }) });
      if (!models && !onKeyframe) continue;
      const image = toRgb(still);
      if (models) seen.push(barred ? await this.withoutBars(image, shot.measures.letterbox) : image);
      if (onKeyframe) await onKeyframe({ shot: shot.index, frame: still.frame, pts: still.pts, ...size, jpeg: await toJpeg(image) });
    }
    const middle = stills.length >> 1;
    if (models && stills.length) {
      shot.labels = await models.label(seen, { motion: shot.measures.motion, whole: barred ? toRgb(stills[middle]!) : seen[middle]! });
      if (models.loaded.includes(TEXT_MODEL)) shot.measures.textArea = Number((shot.labels.text?.area ?? 0).toFixed(4));
    }
    Object.assign(shot.measures, timeOfDay(shot.measures, this.looks[shot.index], shot.labels?.place));
    await this.options.onShot?.(shot);
  }

  /** The film's bars in pixels of a picture of it. */
  private barsIn(picture: { width: number; height: number }, bars: Letterbox): Letterbox {
    const kx = picture.width / this.probe.video.width;
    const ky = picture.height / this.probe.video.height;
    return { top: Math.ceil(bars.top * ky), bottom: Math.ceil(bars.bottom * ky), left: Math.ceil(bars.left * kx), right: Math.ceil(bars.right * kx) };
  }

  private async withoutBars(image: RgbImage, bars: Letterbox): Promise<RgbImage> {
    const { left, top, right, bottom } = this.barsIn(image, bars);
    const crop = { left, top, width: image.width - left - right, height: image.height - top - bottom };
    return resized(image, crop, crop);
  }

  private async tile(at: { frame: number; pts: number }, image: RgbImage): Promise<void> {
    const sheet = await this.filmstrip!.add(at, image);
    if (sheet) await this.options.filmstrip!.onSheet(sheet);
  }

  private async sheet(): Promise<void> {
    const sheet = await this.filmstrip!.finish();
    if (sheet) await this.options.filmstrip!.onSheet(sheet);
  }
}

/** Timestamps in the order shown, eight bytes each: ten hours at 60 frames a second are 17 MB. */
class Times {
  private times = new Float64Array(4096);
  private count = 0;

  push(pts: number): void {
    if (this.count === this.times.length) {
      const longer = new Float64Array(2 * this.count);
      longer.set(this.times);
      this.times = longer;
    }
    this.times[this.count++] = pts;
  }

  /** All of them and the end. */
  until(endPts: number): Float64Array {
    this.push(endPts);
    return this.times.subarray(0, this.count);
  }
}
