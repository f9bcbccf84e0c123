/**
 * generation: from a prompt to a clip that goes back to its rights holder.
 *
 * - generation: one prompt, seed and settings on one model; decided over every licence that fed the model
 * - output: the sealed clip it made, with a member's review
 * - delivery: a signed, expiring address for one approved output, bound to the studio; decided anew at each download
 */
export { Generation } from './generation.js';
export type { Delivery, GenerateLease, GenerateRequest, GenerationInput, GenerationRecord, GenerationSettings, Output, Review } from './types.js';
