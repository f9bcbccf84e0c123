// libs/media: everything that needs ffmpeg or a vision model. No database, no keys, no tenant: paths or loopback URLs in, facts out.
//
// Glossary
//   master       one media file of a title, as the studio delivered it.
//   frame number counted from 0 in the order frames are shown; equal to what `ffmpeg -fps_mode passthrough` decodes.
//   pts          presentation timestamp: an integer in the stream's time base ('1/24000'). Never rounded to seconds here.
//   display size after rotation and with square pixels; every width, height, letterbox and crop in this lib is in it.
//   probe        what a file is, and whether it is a playable film at all; refuses what is not, with a way out.
//   pass         the one decode of a master: shots, measures, keyframes, filmstrip, proxy all come from it.
//   shot         one continuous take between two transitions; first..last are both inside it.
//   transition   how a shot begins: start of the film, cut, dissolve, fade, wipe. A gradual one owns its frames: they are in no shot.
//   keyframe     a still that stands for a shot (three of them, more for long ones).
//   filmstrip    sheets of small stills at a fixed distance, for scrubbing.
//   proxy        a 360p H.264 copy with one frame per master frame, in fragments a player can ask for one by one.
//   clip         a training sample: 8k+1 frames at 16 fps cut from inside one shot.
//   label        what a model sees (people, faces, things, place), with confidence; absent when not known.
//   caption      structured fields plus one sentence built only from what is known.
export * from './types.js';
export { analyse } from './analyse.js';
export { probe } from './probe.js';
export { GivenShots } from './shots/given.js';
export { ClassicalDetector } from './shots/classical.js';
export { loadDetector } from './shots/judged.js';
export { TransNetDetector } from './shots/transnet.js';
export { captionFor, type Caption, type CaptionField, type Disagreement, type Said } from './caption/fields.js';
export { CAPTION_LENGTHS, captionIn, type CaptionLength, type Described, sentenceOf } from './caption/sentences.js';
export { captionFlags, captionQuality, type CaptionFlag, type CaptionQuality } from './caption/quality.js';
export { type Captioner, CaptionerAway, type CaptionedShot, MeasuredCaptioner } from './caption/captioner.js';
export { EndpointCaptioner, type Endpoint } from './caption/endpoint.js';
export { cutClip } from './clip.js';
export { maskProxy, maskSheet } from './mask.js';
export { loadSpeechModel } from './sound/speech.js';
export { loadVisionModels } from './vision/models.js';
export { loadSentenceModel, type SentenceModel } from './vision/sentence.js';
export { mirroredHash, perceptualHash, type LumaPicture } from './phash.js';
