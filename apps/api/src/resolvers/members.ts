import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Access, allowed, type Member, type Studio } from '#libs/access';
import { sessionToken, setSession } from '../guard/asker.js';
import { Public } from '../guard/permission.js';
import type { RequestContext } from '../graphql/context.js';

@Resolver()
export class SignInResolver {
  constructor(private readonly access: Access) {}

  @Query()
  @Public('tells whether anyone is signed in')
  me(@Context() { principal, load }: RequestContext): Promise<Member | null> | null {
    return principal ? load.member.load(principal.memberId) : null;
  }

  @Mutation()
  @Public('signing in comes before everything')
  async signIn(@Args('email') email: string, @Args('password') password: string, @Context() { req, res }: RequestContext): Promise<Member> {
    const { member, ...session } = await this.access.signIn(email, password, req.ip ?? 'unknown');
    setSession(res, session);
    return member;
  }

  @Mutation()
  @Public('signing out of no session does nothing')
  async signOut(@Context() { req, res, principal }: RequestContext): Promise<boolean> {
    if (principal) await this.access.signOut(principal, sessionToken(req)!);
    setSession(res, undefined);
    return true;
  }
}

@Resolver('Member')
export class MemberResolver {
  constructor(private readonly access: Access) {}

  @ResolveField()
  @Public('a member sees what they may do right after signing in')
  can(@Parent() member: Member): string[] {
    return allowed(member.roles);
  }

  @ResolveField()
  @Public('a member sees their studio right after signing in')
  studio(@Parent() member: Member): Promise<Studio> {
    return this.access.studio(member);
  }
}
