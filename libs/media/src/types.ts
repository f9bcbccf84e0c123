// The shapes that libs/media speaks in. The glossary is in index.ts.
import type { Writable } from 'node:stream';

/** A ratio as ffmpeg writes it: '24000/1001', '1/90000'. */
export type Ratio = string;

/** Something a person should know about a file that is analysed all the same. */
export interface Warning {
  code: string;
  message: string;
}

/** Where ffmpeg and ffprobe are. Left out: BACKLOT_FFMPEG / BACKLOT_FFPROBE, then the names on PATH. */
export interface Tools {
  ffmpeg?: string;
  ffprobe?: string;
}

export interface Colour {
  primaries?: string;
  transfer?: string;
  space?: string;
  range?: string;
  /** Set when the picture is PQ, HLG or Dolby Vision; proxy and keyframes are tone-mapped to BT.709 then. */
  hdr?: 'pq' | 'hlg' | 'dolby-vision';
}

export interface VideoStream {
  /** Stream index in the container: the one that every function of this lib decodes. */
  index: number;
  codec: string;
  profile?: string;
  /** Size as shown: after rotation and with square pixels. */
  width: number;
  height: number;
  /** Size as coded. */
  storedWidth: number;
  storedHeight: number;
  /** Degrees the stored picture is turned clockwise to be shown: 0, 90, 180 or 270. */
  rotation: 0 | 90 | 180 | 270;
  /** The display matrix also reflects the picture. */
  mirrored: boolean;
  /** Sample aspect ratio, '1:1' when square or not told. */
  sar: string;
  pixFmt: string;
  bitDepth: number;
  /** Average rate, '24000/1001'. */
  frameRate: Ratio;
  variableFrameRate: boolean;
  timeBase: Ratio;
  /** Timestamp of the first frame that decodes, in timeBase. */
  startPts: number;
  /** What the container claims, when it does. */
  claimedFrames?: number;
  durationSeconds?: number;
  /** What the file says; whether its pictures are is measured (Measures.fields). */
  interlaced: boolean;
  colour: Colour;
}

export interface AudioStream {
  index: number;
  codec: string;
  channels: number;
  sampleRate: number;
  language?: string;
  /** The container marks it as the one to play. */
  isDefault?: boolean;
  /** This ffmpeg has no decoder for it. */
  undecodable?: boolean;
}

export interface Probe {
  /** ffmpeg's name of the demuxer, 'mov,mp4,m4a,3gp,3g2,mj2'. */
  container: string;
  durationSeconds: number;
  bytes?: number;
  video: VideoStream;
  audio: AudioStream[];
  otherStreams: { index: number; type: string; codec?: string }[];
  warnings: Warning[];
}

export type TransitionKind = 'start' | 'cut' | 'dissolve' | 'fade' | 'wipe' | 'other';

/** How a shot begins. */
export interface Transition {
  kind: TransitionKind;
  /** First and last frame of a gradual transition (frames that belong to neither shot). */
  first?: number;
  last?: number;
  /** 0..1 */
  confidence: number;
}

/** One boundary as a detector reports it. `frame` is the first frame that shows the new shot alone. */
export interface Boundary {
  frame: number;
  entry: Transition;
}

/** Picture geometry inside the frame, in display pixels (after rotation, square pixels). */
export interface Letterbox {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export type FieldOrder = 'progressive' | 'telecined' | 'interlaced';

export type MotionKind = 'static' | 'pan' | 'tilt' | 'zoom' | 'dolly' | 'handheld';

export type MotionDirection = 'left' | 'right' | 'up' | 'down' | 'in' | 'out';

/** What the camera does, and how sure that is, 0..1. */
export interface CameraMove {
  kind: MotionKind;
  direction?: MotionDirection;
  confidence: number;
}

/** A colour of a picture, '#rrggbb', and how much of it has that colour, 0..1. */
export interface PaletteColour {
  hex: string;
  share: number;
}

/** What is measured of a shot, inside its bars. Levels are of 8-bit luma (16 black, 235 white). A field that is not known is absent. */
export interface Measures {
  /** Mean luma, 0 black .. 1 white. */
  brightness: number;
  /** Standard deviation of luma over all pixels of the shot, 0..0.5. */
  contrast: number;
  /** Exposure: share of pixels at or above white, 0..1. */
  clipped?: number;
  /** Exposure: share of pixels at black (18 levels or below), 0..1. */
  crushed?: number;
  /** Mean displacement of what has texture, camera and things together, in percent of the picture's width a second. */
  motion: number;
  /** The same without the motion of the camera: what moves by itself. */
  subjectMotion?: number;
  /** Camera motion where it is plain, else absent. Pans, tilts and zooms hold for most of the shot. */
  motionKind?: MotionKind;
  /** Where the camera turns or goes to; absent for static and handheld. */
  motionDirection?: MotionDirection;
  /** How sure the kind is, .6 (evidence just suffices) .. .95. */
  motionConfidence?: number;
  /** 0 sharp .. 1 blurred, of the sharpest tenth of the frames; blur narrower than some 1/250 of the width is not seen. */
  blur: number;
  /** Standard deviation of noise in levels where the picture is flattest (Immerkær 1996); absent where nearly all is black or white. Fine texture everywhere reads as noise. */
  noise?: number;
  /** Amplitude of mean luma swinging faster than some three times a second, in levels; absent below half a second. */
  flicker?: number;
  /** Mean chroma distance from grey, 0..1. */
  saturation: number;
  /** Correlated colour temperature of the mean colour in kelvin, 2000..12500 (McCamy 1992). It is that of the light only if the scene is grey on the mean: a red wall reads as warm light. Absent where the mean is tinted (green, pink). */
  colourTemperature?: number;
  /** Outdoors, where it is plain; absent for rooms and where it is not. Night needs the vision models. */
  timeOfDay?: 'day' | 'night';
  /** How sure that is, 0..1. */
  timeOfDayConfidence?: number;
  /** Up to five colours, most of the picture first (k-means in OKLab). */
  palette?: PaletteColour[];
  /** Shots that begin in the minute around the shot's middle; less of the film counts in proportion. */
  cutRhythm?: number;
  /** Share of the shot's frames that are black, 0..1. */
  blackFraction: number;
  /** Share of the shot's frames that repeat the frame before, 0..1. */
  frozenFraction: number;
  letterbox: Letterbox;
  /** Share of frames whose two fields are of different moments, 0..1, of the frames that were looked at (some two a second) and in which something moves; absent where there are none. Known when the pass has ended, like `fields` and `sound`. */
  combing?: number;
  /** What that comes to: whole pictures, 24 brought to 30 by pulldown (two combed in five), or fields. Absent where it is none of them plainly. */
  fields?: FieldOrder;
  /** Share of the middle keyframe under lines of text that were read, 0..1; absent where nobody looked. */
  textArea?: number;
  /** Absent where the film has no sound that decodes. Known when the pass has ended, not yet in onShot. */
  sound?: SoundMeasures;
}

/** What is heard in a shot. Where the stream has ended there is silence. */
export interface SoundMeasures {
  /** Integrated loudness, LUFS (ITU-R BS.1770-4: K-weighted, gated at -70 LUFS and at 10 LU below the mean). Absent under 0.4 s and below the gate. */
  loudness?: number;
  /** Highest sample of any channel, dBFS: 0 is full scale, above it a player clips. Absent where every sample is 0. */
  peak?: number;
  /** Share of the time, in tenths of a second, in which no channel reaches -60 dBFS (RMS), 0..1. */
  silence: number;
  /** Share of the time that stretches of speech cover, 0..1, and how many of them there are; absent without the speech model. */
  speech?: number;
  speechStretches?: number;
  /** Share of the time in which music is plain, 0..1: notes that hold their pitch and follow each other. 0 only where all is silent; else absent where none is plain, which does not mean that none is there. */
  music?: number;
  /** How sure that is, .6 (evidence just suffices) .. .95; absent where music is 0. */
  musicConfidence?: number;
}

/** A value a second, null where it is not known. */
export type Lane = (number | null)[];

/** Measures by the second: second n is [start + n, start + n + 1) of the film's own clock. Units as in Measures. */
export interface Track {
  /** How many there are. */
  seconds: number;
  brightness: Lane;
  contrast: Lane;
  clipped: Lane;
  crushed: Lane;
  saturation: Lane;
  motion: Lane;
  blur: Lane;
  noise: Lane;
  flicker: Lane;
  /** Shares of the second's frames. */
  blackFraction: Lane;
  frozenFraction: Lane;
  /** Shots that begin in the minute around the second. */
  cutRhythm: Lane;
  /** K-weighted loudness of the second, LUFS; null below -70. This and what follows is absent where the film has no sound that decodes. */
  loudness?: Lane;
  /** Share of the second in which nothing is heard. */
  silence?: Lane;
  /** Share of the second that speech covers; absent without the speech model. */
  speech?: Lane;
  /** Share of the second in which music is plain; null where it is neither plain nor silent. */
  music?: Lane;
}

/** Consecutive shots of one place and time, as far as their looks tell. */
export interface Scene {
  /** Indices of its first and last shot. */
  first: number;
  last: number;
  startPts: number;
  endPts: number;
  /** Shots a minute. */
  cutRhythm: number;
}

export interface KeyframeRef {
  frame: number;
  pts: number;
  /** Size of the JPEG. */
  width: number;
  height: number;
  /** Perceptual hash of the picture inside its bars, 16 hex digits; absent where it is flat (black, white, one colour). */
  hash?: string;
}

export interface KeyframeImage extends KeyframeRef {
  shot: number;
  jpeg: Buffer;
}

/** How a fact came to be known. */
export type FactSource = 'measured' | 'modelled' | 'written';

export interface Fact<T> {
  value: T;
  source: FactSource;
  /** Name and version of what measured or modelled it, or the member who wrote it. */
  by?: string;
  /** 0..1 */
  confidence: number;
}

/** What the models see in a shot. A field that is not known is absent, never guessed. */
export interface Labels {
  /** People present; 'several' above two, because counts above two are not to be trusted. Absent: none was seen, which does not mean none is there. */
  people?: Fact<1 | 2 | 'several'>;
  faces?: Fact<1 | 2 | 'several'>;
  /** Things, by COCO name, most certain first. */
  objects?: Fact<string>[];
  /** Best ImageNet label where its probability is above .2. */
  scene?: Fact<string>;
  place?: Fact<'indoors' | 'outdoors'>;
  shotSize?: Fact<ShotSize>;
  /** What is written in the picture: titles, burnt-in subtitles, signs. Absent: none was read, which does not mean none is there. */
  text?: ShownText;
  /** Mean 1280-number look vector of the keyframes (EfficientNet-lite0), for search by example. */
  vector?: Float32Array;
}

/** Lines of at least three letters that were read with confidence above .8, in the shot's middle keyframe, from top to bottom. */
export interface ShownText extends Fact<string[]> {
  /** Where each line is, in shares of the whole picture (bars included), 0..1. */
  boxes: { left: number; top: number; width: number; height: number }[];
  /** Share of the picture that the lines cover, 0..1. */
  area: number;
}

export type ShotSize =
  | 'extreme close-up'
  | 'close-up'
  | 'medium close-up'
  | 'medium shot'
  | 'medium long shot'
  | 'long shot';

export interface Shot {
  /** 0, 1, 2 … in the order shown. */
  index: number;
  /** First and last frame, counted from 0 in the order shown, both inside the shot. */
  first: number;
  last: number;
  startPts: number;
  /** Timestamp of the first frame after the shot (at the end of the film: last + its duration). */
  endPts: number;
  entry: Transition;
  /** 0, 1, 2 …: the scene that it is in; known when the film has ended. */
  scene?: number;
  measures: Measures;
  keyframes: KeyframeRef[];
  labels?: Labels;
}

/** A piece of the proxy for an HLS byte-range playlist: one moof and its mdat. */
export interface ProxyFragment {
  offset: number;
  bytes: number;
  /** Timestamp of its first video frame, in the master's time base. */
  startPts: number;
  durationSeconds: number;
}

export interface ProxyLayout {
  width: number;
  height: number;
  /** Bytes 0..initBytes-1 are the initialisation segment (ftyp and moov). */
  initBytes: number;
  bytes: number;
  /** RFC 6381 codecs, for the playlist: 'avc1.64001e,mp4a.40.2'. */
  codecs: string;
  hasAudio: boolean;
}

/** One JPEG sheet of small pictures, read row by row. */
export interface FilmstripSheet {
  sheet: number;
  jpeg: Buffer;
  tiles: { frame: number; pts: number }[];
}

export interface FilmstripLayout {
  tileWidth: number;
  tileHeight: number;
  columns: number;
  rows: number;
  /** A tile every so many seconds. */
  everySeconds: number;
  sheets: number;
  tiles: { frame: number; pts: number }[];
}

/** What a detector needs of one frame: a small picture. Rows are packed. */
export interface SmallFrame {
  frame: number;
  pts: number;
  width: number;
  height: number;
  /** Luma, width x height. */
  y: Uint8Array;
  /** Chroma, half size each way (rounded up). */
  u: Uint8Array;
  v: Uint8Array;
}

/** Port: finds boundaries in a stream of frames, with bounded memory and a bounded lag. */
export interface ShotDetector {
  readonly name: string;
  readonly version: string;
  /** A boundary is told at most this many frames after its frame. */
  readonly lag: number;
  /**
   * Takes the next frame (its arrays are reused by the caller after the call, promise or not); gives the boundaries that are certain by
   * now, in order. The next frame comes when the promise is kept.
   */
  push(frame: SmallFrame): Boundary[] | Promise<Boundary[]>;
  /** The film has ended: what is left. */
  end(): Boundary[] | Promise<Boundary[]>;
}

export interface VisionModels {
  /** Models that could not be loaded: missing, changed, refused by the runtime. */
  warnings: Warning[];
  /** Name and version of each loaded model, 'nanodet-g 3.0.4'. */
  loaded: string[];
  /** Labels of one shot from its keyframes (RGB, rows packed), bars already cropped; text is read in `whole`, a keyframe with its bars. Takes the pictures: they may be empty afterwards. */
  label(keyframes: RgbImage[], context: { motion: number; whole?: RgbImage }): Promise<Labels>;
  close(): Promise<void>;
}

export interface SpeechModel {
  /** The model could not be loaded: missing, changed. */
  warnings: Warning[];
  /** Its name and version, 'silero-vad 5'; none where it was not loaded. */
  loaded: string[];
  /** A listener for one film; undefined where the model was not loaded. */
  listen(): SpeechStream | undefined;
  close(): Promise<void>;
}

/** Takes the sound of a film, one channel at 16 kHz, in order and without gaps. */
export interface SpeechStream {
  push(samples: Float32Array): Promise<void>;
  /** Stretches of speech in order, none touching another, in seconds from the first sample. */
  finish(): Promise<{ start: number; end: number }[]>;
}

export interface RgbImage {
  width: number;
  height: number;
  data: Uint8Array;
}

/** What a pass can see and hear with. */
export type Models = Pick<AnalyseOptions, 'models' | 'speech' | 'network'>;

export interface AnalyseOptions extends Tools {
  probe: Probe;
  /** Fraction 0..1 of the film (by timestamp), frames so far. Called at most some ten times a second. */
  onProgress?(fraction: number, frames: number): void;
  signal?: AbortSignal;
  /** Left out: the product's own. */
  detector?: ShotDetector;
  /** Folder of that detector's network (models/shots). Left out: transitions are found by comparing frames alone. */
  network?: string;
  /** Fragmented mp4: one H.264 frame per master frame; its time 0 is the first frame's pts, and it keeps every distance. */
  proxy?: { height?: number; writable: Writable };
  /** Whether a shot is to be described; one that is not gets measures alone: no pictures, no labels, no callback. Absent: every one. */
  wanted?(shot: Shot): boolean;
  /** In order; the pass waits for a promise. */
  onShot?(shot: Shot): void | Promise<void>;
  onKeyframe?(image: KeyframeImage): void | Promise<void>;
  filmstrip?: { onSheet(sheet: FilmstripSheet): void | Promise<void> };
  models?: VisionModels;
  /** Left out: sound is measured, but nobody looks for speech in it. */
  speech?: SpeechModel;
  /** Cores that decoding may use, 1 or 2 (default 2). */
  threads?: number;
  /** Seconds without a byte from ffmpeg after which the pass is given up (default 120). */
  stallSeconds?: number;
}

export interface Analysis {
  frames: number;
  timeBase: Ratio;
  startPts: number;
  /** From the first frame's timestamp to the end of the last frame, in timeBase. */
  durationPts: number;
  /** Timestamp of every frame and of the end, in timeBase. */
  times: Float64Array;
  /** Frames a second where they are evenly spaced, '24000/1001'; else undefined. */
  rate: Ratio | undefined;
  width: number;
  height: number;
  detector: string;
  shots: Shot[];
  /** Every shot is in one, in order. */
  scenes: Scene[];
  track: Track;
  proxy?: ProxyLayout;
  proxyFragments: ProxyFragment[];
  filmstrip?: FilmstripLayout;
  warnings: Warning[];
}

/** What is black and silent in a masked proxy. */
export interface MaskSpec extends Tools {
  /** Half-open frames, in order, none touching another. */
  stretches: readonly { first: number; end: number }[];
  /** Timestamp of every frame of the master and of the end, in timeBase. */
  times: ArrayLike<number>;
  timeBase: Ratio;
  /** Of the proxy that is masked. */
  proxy: ProxyLayout;
  writable: Writable;
  signal?: AbortSignal;
  onProgress?(fraction: number): void;
}

export interface ClipSpec extends Tools {
  probe: Probe;
  /** The shot: frames first..last are startPts <= pts < endPts. */
  startPts: number;
  endPts: number;
  fps: number;
  /** 8k+1 */
  frames: number;
  /** Multiples of 32. */
  width: number;
  height: number;
  /** Bars to take away before the centre crop, in display pixels. */
  letterbox?: Letterbox;
  /** Seconds after startPts where the clip begins (default 0). */
  offsetSeconds?: number;
  signal?: AbortSignal;
}
