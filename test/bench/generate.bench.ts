import { trainerBench } from './trainer.js';

export default trainerBench('generate', 'a bare warm pipeline call; aim at most 1.1');
