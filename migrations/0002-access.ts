import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Studios, members, sessions, agents. Look-ups that come before a studio is known go through functions of the gate role. */
export class Access1700000000002 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table studio (
        id uuid primary key,
        studio_id uuid not null generated always as (id) stored,
        name text not null,
        slug text not null unique,
        created_at timestamptz not null default now()
      );
      call protect('studio', 'select, insert, update');

      create table member (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        email text not null,
        name text not null,
        roles text[] not null check (roles <@ array['archivist', 'compliance', 'editor', 'admin'] and cardinality(roles) > 0),
        password_hash text not null,
        created_at timestamptz not null default now(),
        disabled_at timestamptz
      );
      create unique index member_email on member (lower(email));
      create index on member (studio_id, id);
      call protect('member', 'select, insert, update');

      create table session (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        member_id uuid not null references member (id),
        token_sha256 bytea not null unique,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        revoked_at timestamptz
      );
      create index on session (studio_id, member_id);
      call protect('session', 'select, insert, update');

      create table agent (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null,
        token_sha256 bytea not null unique,
        created_at timestamptz not null default now(),
        seen_at timestamptz,
        unique (studio_id, name)
      );
      call protect('agent');

      -- Failed sign-ins by e-mail and by address; no studio's rows, and the app reaches them only through the functions below.
      create table sign_in_failure (key text not null, at timestamptz not null default now());
      create index on sign_in_failure (key, at);
      grant select, insert, delete on sign_in_failure to backlot_gate;

      grant select on studio, member, session, agent to backlot_gate;
      create policy gate on studio for select to backlot_gate using (true);
      create policy gate on member for select to backlot_gate using (true);
      create policy gate on session for select to backlot_gate using (true);
      create policy gate on agent for select to backlot_gate using (true);

      create function sign_in_lookup(given_email text) returns table (member_id uuid, studio_id uuid, password_hash text)
        language sql stable security definer set search_path = public
        as $$ select id, m.studio_id, m.password_hash from member m where lower(email) = lower(given_email) and disabled_at is null $$;

      create function session_lookup(given_sha256 bytea) returns table (session_id uuid, member_id uuid, studio_id uuid, roles text[], name text, expires_at timestamptz)
        language sql stable security definer set search_path = public
        as $$ select s.id, m.id, s.studio_id, m.roles, m.name, s.expires_at from session s join member m on m.id = s.member_id
              where s.token_sha256 = given_sha256 and s.revoked_at is null and s.expires_at > now() and m.disabled_at is null $$;

      create function agent_lookup(given_sha256 bytea) returns table (agent_id uuid, studio_id uuid)
        language sql stable security definer set search_path = public
        as $$ select id, a.studio_id from agent a where token_sha256 = given_sha256 $$;

      -- For jobs that visit every studio (publishing logs): ids only, a page at a time.
      create function studio_ids(after uuid, batch int) returns setof uuid
        language sql stable security definer set search_path = public
        as $$ select id from studio where after is null or id > after order by id limit batch $$;

      create function sign_in_failures(given_keys text[], since timestamptz) returns table (key text, failures bigint)
        language sql stable security definer set search_path = public
        as $$ select f.key, count(*) from sign_in_failure f where f.key = any(given_keys) and f.at > since group by f.key $$;

      create function note_sign_in_failure(given_keys text[]) returns void
        language sql security definer set search_path = public
        as $$ delete from sign_in_failure where key = any(given_keys) and at < now() - interval '1 day';
              insert into sign_in_failure (key) select unnest(given_keys) $$;

      create function forget_sign_in_failures(given_key text) returns void
        language sql security definer set search_path = public
        as $$ delete from sign_in_failure where key = given_key $$;
    `);
    for (const name of ['sign_in_lookup', 'session_lookup', 'agent_lookup', 'studio_ids', 'sign_in_failures', 'note_sign_in_failure', 'forget_sign_in_failures']) {
      await db.query(`alter function ${name} owner to backlot_gate; revoke all on function ${name} from public; grant execute on function ${name} to backlot_app`);
    }
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop function forget_sign_in_failures, note_sign_in_failure, sign_in_failures, studio_ids, agent_lookup, session_lookup, sign_in_lookup;
      drop table sign_in_failure, agent, session, member, studio`);
  }
}
