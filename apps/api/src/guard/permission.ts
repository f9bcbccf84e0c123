import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Permission, Principal, Tenant } from '#libs/access';
import type { Request } from 'express';
import { askerOf } from './asker.js';

type Pair<P = Permission> = P extends `${infer Action} ${infer Subject}` ? [action: Action, subject: Subject] : never;

/** What a resolver or an address asks of whoever calls it. One without any is refused. */
export type Rule = { can: Pair } | { public: string } | { agent: true };

export const RULE = 'backlot:rule';

/** A signed-in member whose roles allow this. */
export const Can = (...can: Pair): MethodDecorator & ClassDecorator => SetMetadata(RULE, { can } satisfies Rule);

/** Anyone, for the reason given. */
export const Public = (reason: string): MethodDecorator & ClassDecorator => SetMetadata(RULE, { public: reason } satisfies Rule);

/** An agent with the token of its studio. */
export const ForAgent = (): MethodDecorator & ClassDecorator => SetMetadata(RULE, { agent: true } satisfies Rule);

/** The signed-in member, who is also the scope of what they ask for. */
export const Me = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = askerOf(context);
  if (!principal) throw new Error('@Me where nobody needs to be signed in');
  return principal;
});

/** The agent's studio. */
export const AsTenant = createParamDecorator((_: unknown, context: ExecutionContext): Tenant => {
  const { tenant } = context.switchToHttp().getRequest<Request>();
  if (!tenant) throw new Error('@AsTenant where no agent was asked for');
  return tenant;
});
