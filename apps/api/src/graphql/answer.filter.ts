import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { GqlArgumentsHost } from '@nestjs/graphql';
import type { Request, Response } from 'express';
import { getNamedType, GraphQLError, type GraphQLResolveInfo, isNonNullType, isUnionType } from 'graphql';
import { Access, type Principal } from '#libs/access';
import { isId, type Refusal, type Scope } from '#libs/platform';
import { LicenceRefused } from '#libs/rights';
import { refusalOf } from '../failures.js';
import type { RequestContext } from './context.js';
import { idsGiven } from './ids.js';

type Through = Parameters<Access['noteRefusal']>[1]['through'];

/** Where an address belongs, in the words of the log. */
const THROUGH: Record<string, Through> = { uploads: 'upload', objects: 'playback', titles: 'playback', deliveries: 'download', agent: 'agent' };

/** Answers whatever is thrown, alike everywhere: a refusal in words a person can act on, never a stack trace. */
@Catch()
export class AnswerFilter implements ExceptionFilter {
  constructor(private readonly access: Access) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<unknown> {
    return host.getType<string>() === 'graphql' ? this.inGraphql(error, GqlArgumentsHost.create(host)) : this.overHttp(error, host.switchToHttp().getRequest<Request>(), host.switchToHttp().getResponse<Response>());
  }

  /** Mutations answer with the union's Refused; a query for what is not there (or not yours) with null; the rest with an error. */
  private async inGraphql(error: unknown, host: GqlArgumentsHost): Promise<unknown> {
    const info = host.getInfo<GraphQLResolveInfo>();
    const context = host.getContext<RequestContext>();
    const refusal = refusalOf(error, `${info.parentType.name}.${info.fieldName}`);
    if (refusal.code === 'DATABASE_AWAY') context.databaseAway = true;
    const ids = idsGiven(info, host.getArgs<Record<string, unknown>>());
    await this.note(refusal, context.principal, info.fieldName, 'graphql', ids[0]);
    const { reason } = refusal;
    // A bug and an ended session are no answers to the question asked.
    const expected = refusal.code !== 'INTERNAL' && refusal.code !== 'UNAUTHENTICATED';
    if (expected && isUnionType(getNamedType(info.returnType))) {
      return { __typename: 'Refused', ...reason, decisionId: refusal instanceof LicenceRefused ? refusal.decision.id : null };
    }
    if (refusal.code === 'NOT_FOUND' && !isNonNullType(info.returnType)) return null;
    return new GraphQLError(reason.message, { extensions: { code: reason.code, wayOut: reason.wayOut } });
  }

  private async overHttp(error: unknown, request: Request, response: Response): Promise<void> {
    const refusal = refusalOf(error, `${request.method} ${request.path}`);
    const [, area = '', ...rest] = request.path.split('/');
    const through = THROUGH[area];
    if (through) await this.note(refusal, request.principal ?? request.tenant, `${request.method} ${request.route ? String((request.route as { path: unknown }).path) : area}`, through, rest.find(isId));
    if (response.headersSent) {
      // Half of a stream is out: cutting it is the only way left to say that it is not whole.
      response.destroy();
      return;
    }
    // An upload that was refused is not read to its end.
    if (!request.complete) response.set('connection', 'close');
    response.status(refusal.status).set('cache-control', 'no-store').json(refusal.reason);
  }

  /** What was refused because it is not there, not theirs or not their role goes into the asker's own log. */
  private async note(refusal: Refusal, asker: Principal | Scope | undefined, what: string, through: Through, id: unknown): Promise<void> {
    if (!asker || !['NOT_FOUND', 'FORBIDDEN'].includes(refusal.code)) return;
    try {
      await this.access.noteRefusal(asker, { what, through, id: isId(id) ? id : '' });
    } catch (error) {
      process.stderr.write(`a refusal could not be logged: ${(error as Error).message}\n`);
    }
  }
}
