import type { ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { Request, Response } from 'express';
import type { Principal, Tenant } from '#libs/access';
import { config } from '#libs/platform';
import type { RequestContext } from '../graphql/context.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** The member whose session's cookie came along, once it was looked up. */
    principal?: Principal | undefined;
    tenant?: Tenant | undefined;
  }
}

const COOKIE = 'backlot_session';

/** The secret of the session, from the cookie. */
export function sessionToken(request: Request): string | undefined {
  const header = request.headers.cookie;
  return header === undefined ? undefined : parseCookie(header)[COOKIE] || undefined;
}

/** Gives the browser a session, or takes it away. */
export function setSession(response: Response, session: { token: string; expiresAt: Date } | undefined): void {
  response.append(
    'set-cookie',
    stringifySetCookie({
      name: COOKIE,
      value: session?.token ?? '',
      expires: session?.expiresAt ?? new Date(0),
      path: '/',
      httpOnly: true,
      sameSite: 'strict',
      secure: config().BACKLOT_SECURE_COOKIES,
    }),
  );
}

/** Who asks, whether through GraphQL or an address. */
export function askerOf(context: ExecutionContext): { principal?: Principal | undefined } {
  return context.getType<string>() === 'graphql' ? GqlExecutionContext.create(context).getContext<RequestContext>() : context.switchToHttp().getRequest<Request>();
}
