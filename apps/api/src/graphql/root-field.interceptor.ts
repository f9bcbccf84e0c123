import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Database, isId, notFound, once, Refusal } from '#libs/platform';
import { type Rule, RULE } from '../guard/permission.js';
import type { RequestContext } from './context.js';
import { idsGiven } from './ids.js';

/**
 * Around every query and mutation. What is not an id at all is answered like an id that is not there, before any query sees it.
 * A mutation that comes again with the same `Idempotency-Key` is done once: its work and its answer commit together.
 */
@Injectable()
export class RootFieldInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<string>() !== 'graphql') return next.handle();
    const graphql = GqlExecutionContext.create(context);
    const info = graphql.getInfo<GraphQLResolveInfo>();
    if (!idsGiven(info, graphql.getArgs<Record<string, unknown>>()).every(isId)) throw notFound('thing');
    const { req, principal } = graphql.getContext<RequestContext>();
    const key = req.headers['idempotency-key'];
    const rule = this.reflector.getAllAndOverride<Rule>(RULE, [context.getHandler(), context.getClass()]);
    // Signing in and out is no studio's work: it happens each time, and its cookie comes with the answer.
    if (info.parentType.name !== 'Mutation' || !principal || key === undefined || !('can' in rule)) return next.handle();
    if (typeof key !== 'string' || key.length < 8 || key.length > 200) {
      throw new Refusal('BAD_IDEMPOTENCY_KEY', 'The Idempotency-Key is not usable.', 'Send one random key of 8 to 200 characters for each thing you want done.', 400);
    }
    // One document may hold several mutations: each is a request of its own.
    const request = createHash('sha256').update(`${key} ${info.fieldName} ${info.path.key}`).digest('base64url');
    return from(once(this.database, principal, request, () => lastValueFrom(next.handle())));
  }
}
