// The vision thread: started by loadVisionModels, ended with it.
import { workerData } from 'node:worker_threads';
import { answerAll } from '../thread.js';
import type { Labels } from '../types.js';
import type { Loaded, Question } from './models.js';
import { openSights } from './sight.js';

const sights = openSights((workerData as { dir: string }).dir);

answerAll(async (question: Question): Promise<Loaded | Labels> => {
  const { warnings, loaded, label } = await sights;
  return question === 'loaded' ? { warnings, loaded } : label(question.keyframes, question.whole);
});
