/**
 * training: a studio's private models.
 *
 * - base model: a local diffusers folder of the Wan family with its licence; the starter ships with the product
 * - run: one fine-tune of a base model on a frozen dataset version, in the studio's own GPU tenant
 * - lease: the right of one agent to work on a run for a while; its epoch makes a late writer harmless
 * - run specification: what the trainer does, signed; keys travel beside it and leave the vault only under a fresh decision
 * - model: the adapter a run ended with, sealed under a key of its own, versioned by name
 */
export { describeBase } from './bases.js';
export { claim, derivedId, finish, type Hold, holding, pollUntil, renew, requeue, stopFor } from './leases.js';
export { type Behind, failure, fromTenant } from './tenant.js';
export { Training } from './training.js';
export type { Agent, BaseModel, BaseSpec, Model, RunInput, RunMetric, RunSample, RunSettings, RunState, TrainDocument, TrainingRun, TrainLease } from './types.js';
