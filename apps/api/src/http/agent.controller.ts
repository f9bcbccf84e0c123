import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Tenant } from '#libs/access';
import { Generation } from '#libs/generation';
import { notFound, Refusal, Vault } from '#libs/platform';
import { Training } from '#libs/training';
import { AsTenant, ForAgent } from '../guard/permission.js';
import { KnownId } from './known-id.pipe.js';
import { stream } from './send.js';

const kinds = z.enum(['train', 'generate']);
const epoch = z.coerce.number().int().min(0);
const leaseAsk = z.object({ instance: z.string().min(1).max(200), capabilities: z.array(kinds).min(1), waitSeconds: z.number().min(0).max(60).default(0) });
const beat = z.object({ epoch });
const batch = z.object({ epoch, events: z.array(z.unknown()).max(10_000) });
const ending = z.object({ epoch, result: z.unknown() });
const failing = z.object({ epoch, error: z.unknown() });
const sent = z.object({ kind: kinds, id: z.uuid(), epoch });

/** What the agent of a GPU tenant may do: lease its own studio's work, report on it, fetch what it needs and send what it made. */
@Controller('agent')
@ForAgent()
export class AgentController {
  private readonly stopping = new AbortController();

  constructor(
    private readonly training: Training,
    private readonly generation: Generation,
    private readonly vault: Vault,
  ) {}

  /** Answers every agent that waits for work, so that the API can end. */
  letGo(): void {
    this.stopping.abort();
  }

  /** Waits for work up to `waitSeconds`; 204 when there is none. Waiting ends when the agent hangs up. */
  @Post('lease')
  async lease(@AsTenant() tenant: Tenant, @Body() body: unknown, @Res() response: Response): Promise<void> {
    const hungUp = new AbortController();
    response.on('close', () => hungUp.abort());
    const lease = await this.generation.lease(tenant, checked(leaseAsk, body), AbortSignal.any([hungUp.signal, this.stopping.signal]));
    if (response.closed) return;
    if (lease) response.status(200).set('cache-control', 'no-store').json(lease);
    else response.status(204).end();
  }

  @Post(':kind/:id/heartbeat')
  @HttpCode(200)
  heartbeat(@AsTenant() tenant: Tenant, @Param('kind') kind: string, @Param('id', KnownId) id: string, @Body() body: unknown): Promise<{ action: string }> {
    return this.worksOn(kind).heartbeat(tenant, id, checked(beat, body).epoch);
  }

  @Post(':kind/:id/events')
  @HttpCode(204)
  events(@AsTenant() tenant: Tenant, @Param('kind') kind: string, @Param('id', KnownId) id: string, @Body() body: unknown): Promise<void> {
    return this.worksOn(kind).events(tenant, id, checked(batch, body));
  }

  @Post(':kind/:id/complete')
  @HttpCode(204)
  complete(@AsTenant() tenant: Tenant, @Param('kind') kind: string, @Param('id', KnownId) id: string, @Body() body: unknown): Promise<void> {
    return this.worksOn(kind).complete(tenant, id, checked(ending, body));
  }

  @Post(':kind/:id/fail')
  @HttpCode(204)
  fail(@AsTenant() tenant: Tenant, @Param('kind') kind: string, @Param('id', KnownId) id: string, @Body() body: unknown): Promise<void> {
    return this.worksOn(kind).fail(tenant, id, checked(failing, body));
  }

  /** Sealed bytes of what the tenant made, under the key of its lease. Object ids of samples hold slashes and come URI-encoded. */
  @Put('objects/:objectId')
  @HttpCode(204)
  receive(@AsTenant() tenant: Tenant, @Param('objectId') objectId: string, @Query() query: unknown, @Req() request: Request): Promise<void> {
    const { kind, id, epoch: of } = checked(sent, query);
    return this.worksOn(kind).receive(tenant, id, { epoch: of, objectId, bytes: request });
  }

  /** Sealed bytes as they lie: without the key of a lease they are noise. */
  @Get('datasets/:objectId')
  async dataset(@AsTenant() tenant: Tenant, @Param('objectId', KnownId) objectId: string, @Res() response: Response): Promise<void> {
    const object = await this.training.sealedFor(tenant, objectId);
    response.set({ 'content-type': 'application/octet-stream', 'content-length': String(object.sealedBytes), 'cache-control': 'no-store' });
    await stream(this.vault.sealedBytes(object), response);
  }

  private worksOn(kind: string): Training | Generation {
    if (kind === 'train') return this.training;
    if (kind === 'generate') return this.generation;
    throw notFound('kind of work');
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Refusal('BAD_REQUEST', `${issue.path.join('.') || 'The request'}: ${issue.message}`, 'Send what the agent endpoints take; agent and API must be of one version.', 400);
}
