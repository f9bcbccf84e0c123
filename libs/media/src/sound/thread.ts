// The speech thread: started by loadSpeechModel, ended with it.
import { workerData } from 'node:worker_threads';
import { answerAll } from '../thread.js';
import { openSilero } from './silero.js';
import type { Loaded, Question } from './speech.js';

const silero = openSilero((workerData as { dir: string }).dir);

answerAll(async (question: Question): Promise<Loaded | Float32Array> => {
  const { warnings, loaded, probabilities } = await silero;
  return question === 'loaded' ? { warnings, loaded } : probabilities(question.samples);
});
