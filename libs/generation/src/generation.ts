import type { Database, Page, Paged, ReleasedKey, Scope, Vault } from '#libs/platform';
import type { Rights } from '#libs/rights';
import type { Agent, Training, TrainLease } from '#libs/training';
import type { Readable } from 'node:stream';
import type { Delivery, GenerateLease, GenerationInput, GenerationRecord, Output } from './types.js';

/** Shape for those who write against it; the implementation replaces this file. */
export declare class Generation {
  constructor(parts: { database: Database; vault: Vault; rights: Rights; training: Training; keysFolder: string });

  /** Throws Refusal NOT_FOUND (model), BAD_PROMPT, BAD_SETTINGS, and LicenceRefused. `actor`: the member's name. */
  generate(scope: Scope, input: GenerationInput, actor: string): Promise<GenerationRecord>;
  /** Throws Refusal NOT_FOUND. */
  generation(scope: Scope, id: string): Promise<GenerationRecord>;
  generationsById(scope: Scope, ids: string[]): Promise<GenerationRecord[]>;
  generations(scope: Scope, page: Page, filter?: { modelId?: string | null }): Promise<Paged<GenerationRecord>>;
  countGenerations(scope: Scope, filter?: { modelId?: string | null }): Promise<number>;
  /** By generation id; absent until it is completed. */
  outputsOf(scope: Scope, generationIds: string[]): Promise<Map<string, Output>>;
  outputsById(scope: Scope, ids: string[]): Promise<Output[]>;
  /** Newest 50 by output id. */
  deliveriesOf(scope: Scope, outputIds: string[]): Promise<Map<string, Delivery[]>>;

  /** `scope.memberId` is needed, here and below. Throws Refusal NOT_FOUND. */
  reviewOutput(scope: Scope, id: string, approve: boolean): Promise<Output>;
  /** Throws Refusal NOT_FOUND, NOT_APPROVED, and LicenceRefused (action `export`). `actor`: the member's name. */
  deliver(scope: Scope, outputId: string, actor: string): Promise<Delivery>;
  /**
   * GET /deliveries/:id?expires=…&signature=…: checks signature, studio, expiry and the licences of this moment, counts and logs the
   * download, and gives what to stream with vault.open. Throws Refusal NOT_FOUND (alike for a wrong signature), DELIVERY_EXPIRED (410), and LicenceRefused.
   */
  openDelivery(scope: Scope, id: string, query: { expires: string; signature: string }, actor: string): Promise<ReleasedKey>;

  // ── the tenant's side ──
  /** POST /agent/lease: the next run or generation for this agent, waiting up to `waitSeconds` (0..60); undefined → 204. `signal`: the agent hung up. */
  lease(agent: Agent, ask: { instance: string; capabilities: ('train' | 'generate')[]; waitSeconds: number }, signal?: AbortSignal): Promise<TrainLease | GenerateLease | undefined>;
  /** All of these as Training's, for /agent/generate/:id/… and kind=generate. */
  heartbeat(agent: Agent, id: string, epoch: number): Promise<{ action: 'continue' | 'cancel' }>;
  events(agent: Agent, id: string, batch: { epoch: number; events: unknown[] }): Promise<void>;
  receive(agent: Agent, id: string, upload: { epoch: number; objectId: string; bytes: Readable }): Promise<void>;
  complete(agent: Agent, id: string, end: { epoch: number; result: unknown }): Promise<void>;
  fail(agent: Agent, id: string, end: { epoch: number; error: unknown }): Promise<void>;
}
