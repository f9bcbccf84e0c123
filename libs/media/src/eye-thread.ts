// The thread of an EyeThread: one a pass, ended with it.
import { workerData } from 'node:worker_threads';
import { Looker, type EyeAnswer, type EyeData, type EyeQuestion, type Look } from './eye.js';
import { ClassicalDetector } from './shots/classical.js';
import { loadDetector } from './shots/judged.js';
import { SMALL_BYTES, smallFrame } from './small.js';
import { answerAll } from './thread.js';
import type { Warning } from './types.js';

const { ring, slots, clock, network } = workerData as EyeData;
const warnings: Warning[] = [];
let looks: Look[] = [];
const looker = new Looker(network ? await loadDetector(network, warnings) : new ClassicalDetector(), clock, (look) => looks.push(look));
const frames = Array.from({ length: slots }, (_, slot) => new Uint8Array(ring, slot * SMALL_BYTES, SMALL_BYTES));
let next = 0;

answerAll(async (question: EyeQuestion): Promise<EyeAnswer> => {
  if (question === 'detector') {
    const { name, version, lag } = looker.detector;
    return { detector: { name, version, lag }, warnings };
  }
  if (question === 'end') return looker.end();
  for (const pts of question.pts) await looker.take(smallFrame(next, pts, frames[next++ % slots]!));
  const answer = looks;
  looks = [];
  return answer;
});
