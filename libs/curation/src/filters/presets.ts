import { type NumberRule, type Rule, STANDARD } from './rules.js';

/** What a published recipe asks for and a preset of ours does not do. */
export interface NotApplied {
  asks: string;
  why: string;
  source: string;
}

/** A set of rules to start from or to compare with. Only what is measured here is a rule of it; the rest is said, never guessed. */
export interface Preset {
  name: string;
  words: string;
  rules: readonly Rule[];
  notApplied: readonly NotApplied[];
}

const bound = (comparison: NumberRule['comparison']) => (id: string, measure: string, threshold: number, unit: string, words: string, source: string): NumberRule => ({ id, measure, comparison, threshold, values: null, unit, unknown: 'keep', words, source });
const atLeast = bound('at_least');
const atMost = bound('at_most');

const COSMOS = 'NVIDIA cosmos-curator and NeMo Curator, defaults of the video pipeline';
const OPEN_SORA = 'Open-Sora, tools/scene_cut/cut.py (min_seconds=2, max_seconds=15)';
const OPEN_SORA_PIPELINE = 'Open-Sora, docs/data_processing.md and its scoring tools';
const PANDA = 'Panda-70M, splitting/cutscene_detect.py (threshold 25, min_scene_len 15)';
const PANDA_STITCHING = 'Panda-70M, splitting/event_stitching.py';
const ULTRA = 'UltraVideo, arXiv 2506.13691, from a summary of the paper';
const ULTRA_CARD = 'UltraVideo, data set card: the least value among its published clips';
const OWN_SHOTS = 'Shots are found by the detector of this product, for every set alike.';
const NO_AESTHETICS = 'No aesthetic score is measured.';
const NO_TEXT = 'No threshold is published; a rule of your own can be about textArea.';
const NO_WATERMARK = 'Watermarks are not looked for.';

export const PRESETS: readonly Preset[] = [
  { name: 'standard', words: 'What is asked of a shot where a studio asks for nothing else.', rules: STANDARD, notApplied: [] },
  {
    name: 'cosmos-curator',
    words: 'Lengths of NVIDIA cosmos-curator; its motion, aesthetic and text filters are on scales that are not measured here.',
    rules: [
      atLeast('COSMOS_SECONDS', 'seconds', 2, 's', 'Shorter scenes are dropped by the splitting.', COSMOS),
      atLeast('COSMOS_FRAMES', 'frames', 48, 'frames', 'Scenes of fewer frames are dropped by the splitting.', COSMOS),
    ],
    notApplied: [
      { asks: 'TransNetV2 at threshold 0.4, with 0.5 s cropped at each end', why: OWN_SHOTS, source: COSMOS },
      { asks: 'at most 60 s', why: 'Longer scenes are cut there, not dropped; here clips are taken from the whole shot.', source: COSMOS },
      { asks: 'mean of H.264 motion vectors at least 0.00098, of the lowest patch at least 0.000001', why: 'Motion is measured as displacement of the picture, which is another scale.', source: COSMOS },
      { asks: 'aesthetic score at least 3.5, the minimum at 1 frame a second', why: NO_AESTHETICS, source: COSMOS },
      { asks: 'overlaid text found by PaddleOCR on every third frame', why: NO_TEXT, source: COSMOS },
      { asks: '14 questions to a vision-language model about watermarks and logos', why: NO_WATERMARK, source: COSMOS },
      { asks: 'one of near-duplicates at cosine 0.99 or more', why: 'Near-duplicates are no measure of one shot.', source: COSMOS },
      { asks: 'captions of 4 to 1,024 words without repeated trigrams', why: 'They are flagged there, not dropped; a rule of your own can be about captionWords.', source: COSMOS },
    ],
  },
  {
    name: 'open-sora',
    words: 'Lengths of Open-Sora; its scores are not measured here.',
    rules: [atLeast('OPEN_SORA_SECONDS', 'seconds', 2, 's', 'Shorter scenes are ignored when clips are cut.', OPEN_SORA)],
    notApplied: [
      { asks: 'PySceneDetect, adaptive threshold 3.0', why: OWN_SHOTS, source: OPEN_SORA_PIPELINE },
      { asks: 'at most 15 s', why: 'Of longer scenes the first 15 s are kept, none is dropped; here clips are taken from the whole shot.', source: OPEN_SORA },
      { asks: 'aesthetic score at least 4.5 to 5', why: NO_AESTHETICS, source: OPEN_SORA_PIPELINE },
      { asks: 'optical flow score', why: 'Motion is measured as displacement of the picture, which is another scale.', source: OPEN_SORA_PIPELINE },
      { asks: 'little text in one frame', why: NO_TEXT, source: OPEN_SORA_PIPELINE },
      { asks: 'a score of how well caption and picture match', why: 'It is not measured.', source: OPEN_SORA_PIPELINE },
    ],
  },
  {
    name: 'panda-70m',
    words: 'The least length of a scene of Panda-70M; its stitching has no counterpart here.',
    rules: [atLeast('PANDA_FRAMES', 'frames', 15, 'frames', 'Scenes of fewer frames are not cut apart.', PANDA)],
    notApplied: [
      { asks: 'PySceneDetect, content threshold 25', why: OWN_SHOTS, source: PANDA },
      { asks: 'events of at least 2.0 s (2.5 s when the data set was collected)', why: 'Events are scenes stitched together by how alike they look; here a shot stays one shot.', source: PANDA_STITCHING },
      { asks: 'first and last frame at most 1.0 apart in ImageBind, so that no transition is inside', why: 'ImageBind is not run; transitions are found by the detector.', source: PANDA_STITCHING },
      { asks: 'first and last frame at least 0.15 apart in ImageBind, so that something happens', why: 'ImageBind is not run.', source: PANDA_STITCHING },
      { asks: 'no event that is closer than 0.3 in ImageBind to one before', why: 'ImageBind is not run; near-duplicates are no measure of one shot.', source: PANDA_STITCHING },
    ],
  },
  {
    name: 'ultravideo',
    words: 'Size, length and text of UltraVideo; its other tests of single frames are not measured here.',
    rules: [
      atLeast('ULTRA_WIDTH', 'frameWidth', 3840, 'px', 'The data set is UHD.', ULTRA_CARD),
      atLeast('ULTRA_SECONDS', 'seconds', 3, 's', 'No published clip is shorter.', ULTRA_CARD),
      atMost('ULTRA_TEXT', 'textArea', 0.02, 'share', 'Text covers little of the picture.', ULTRA),
    ],
    notApplied: [
      { asks: 'mean of a border of 3 % at least 3', why: 'Bars are measured by their size, not by the mean of a border.', source: ULTRA },
      { asks: 'at most 12 % of the pixels above 250 or below 5', why: 'Shares of pixels are not measured.', source: ULTRA },
      { asks: 'variance of RGB at least 1.2', why: 'It is not measured.', source: ULTRA },
      { asks: 'at most 5 % of the frames bad by these tests', why: 'The tests of single frames are not measured.', source: ULTRA },
    ],
  },
];

export const presetOf = (name: string): Preset | undefined => PRESETS.find((preset) => preset.name === name);
