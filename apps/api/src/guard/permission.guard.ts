import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { abilityFor, Access } from '#libs/access';
import { Refusal } from '#libs/platform';
import { askerOf, sessionToken } from './asker.js';
import { type Rule, RULE } from './permission.js';

/** Stands before every resolver and address. Lets nobody through where no rule says who may. */
@Injectable()
export class PermissionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly access: Access,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<Rule | undefined>(RULE, [context.getHandler(), context.getClass()]);
    if (!rule) throw new Refusal('FORBIDDEN', 'Nobody may ask this: it has no rule of who may.', 'Tell your operator; this is a mistake of the product.', 403);
    if ('public' in rule) return true;
    if ('agent' in rule) return this.admitAgent(context.switchToHttp().getRequest<Request>());
    const asker = askerOf(context);
    if (context.getType() === 'http') {
      const request = context.switchToHttp().getRequest<Request>();
      const token = sessionToken(request);
      request.principal = token === undefined ? undefined : await this.access.session(token);
    }
    if (!asker.principal) throw new Refusal('UNAUTHENTICATED', 'Nobody is signed in here, or the session has ended.', 'Sign in.', 401);
    const [action, subject] = rule.can;
    if (!abilityFor(asker.principal.roles).can(action, subject)) {
      throw new Refusal('FORBIDDEN', `Your role (${asker.principal.roles.join(', ')}) does not include: ${action} ${subject}.`, 'Ask a member with a role that does, or your administrator.', 403);
    }
    return true;
  }

  private async admitAgent(request: Request): Promise<boolean> {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    request.tenant = token === undefined ? undefined : await this.access.agent(token);
    if (!request.tenant) throw new Refusal('UNAUTHENTICATED', 'This is for agents, and the token is not one we gave.', 'Give the agent the token of its studio (BACKLOT_AGENT_TOKENS).', 401);
    return true;
  }
}
