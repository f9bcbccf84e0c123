import { trainerBench } from './trainer.js';

export default trainerBench('train', 'a bare diffusers + peft loop on the same clips; aim at most 1.05');
