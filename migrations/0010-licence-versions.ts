import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Licences in versions that two members sign, what happened to them, and what a draft would change. */
export class LicenceVersions1700000000010 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table licence_version (
        licence_id uuid not null references licence (id),
        version int not null check (version > 0),
        studio_id uuid not null,
        policy jsonb not null,
        sha256 text not null,
        -- The contract template that it was made from, and its values.
        template jsonb,
        kind text not null check (kind in ('original', 'amendment', 'tightening')),
        -- Ids of the rules that an amendment says it loosens.
        loosens text[] not null default '{}',
        changes jsonb not null default '[]',
        -- The licences that its policy inherits from.
        parents uuid[] not null default '{}',
        begins_at timestamptz,
        ends_at timestamptz,
        drafted_by uuid,
        created_at timestamptz not null default now(),
        signed_at timestamptz,
        effective_from timestamptz,
        discarded_at timestamptz,
        primary key (licence_id, version),
        check ((signed_at is null) or (effective_from is not null and discarded_at is null))
      );

      -- The owner is bound by row security as well: what licences there are would not be seen.
      alter table licence no force row level security;
      insert into licence_version (licence_id, version, studio_id, policy, sha256, kind, drafted_by, created_at, signed_at, effective_from)
        select id, 1, studio_id, policy, sha256, 'original', created_by, created_at, created_at, created_at from licence;
      alter table licence add column uid text, add column suspended_at timestamptz, add column withdrawn_at timestamptz;
      update licence l set uid = case when exists (select from licence o where o.studio_id = l.studio_id and o.policy->>'uid' = l.policy->>'uid' and o.id < l.id) then 'urn:uuid:' || id else coalesce(policy->>'uid', policy->>'@id', 'urn:uuid:' || id) end;
      alter table licence alter column uid set not null, drop column version, drop column policy, drop column sha256;
      alter table licence force row level security;
      create unique index licence_uid on licence (studio_id, uid);

      -- One draft in hand a licence, and the list of those that wait for signatures.
      create unique index licence_draft on licence_version (licence_id) where signed_at is null and discarded_at is null;
      create index licence_waiting on licence_version (studio_id, licence_id) where signed_at is null and discarded_at is null;
      create index licence_ending on licence_version (studio_id, ends_at, licence_id) where signed_at is not null and ends_at is not null;
      create index licence_version_sha256 on licence_version (studio_id, sha256);
      call protect('licence_version', 'select, insert, update');

      -- A signature is for the text that was read: one of another hash does not count, and none is ever taken back.
      create table licence_signature (
        licence_id uuid not null,
        version int not null,
        sha256 text not null,
        member_id uuid not null references member (id),
        studio_id uuid not null,
        roles text[] not null,
        at timestamptz not null default clock_timestamp(),
        primary key (licence_id, version, sha256, member_id),
        foreign key (licence_id, version) references licence_version (licence_id, version)
      );
      call protect('licence_signature', 'select, insert');

      create index licence_stopped on licence (studio_id, id) where suspended_at is not null or withdrawn_at is not null;

      create table licence_event (
        id uuid primary key,
        licence_id uuid not null references licence (id),
        version int,
        studio_id uuid not null,
        event text not null check (event in ('drafted', 'revised', 'discarded', 'countersign', 'signed', 'suspended', 'resumed', 'withdrawn', 'attached', 'detached')),
        why text not null,
        member_id uuid,
        at timestamptz not null default clock_timestamp()
      );
      create index on licence_event (licence_id, id);
      call protect('licence_event', 'select, insert');

      -- What a decision was made under ('licence:version', sorted), and the state of the world beside its request: both for asking again.
      alter table decision add column licences text[], add column state jsonb;

      -- How the licences of titles, and those they inherit from, stand now: the version that decides, or '-' where none does.
      create function licences_standing(titles uuid[]) returns text[] language sql stable set search_path = public as $$
        with recursive standing (id, version, parents) as (
          select l.id, f.version, f.parents
          from (select distinct licence_id from licence_title where studio_id = current_studio() and title_id = any(titles)) t
          join licence l on l.id = t.licence_id
          left join lateral (select v.version, v.parents from licence_version v where v.licence_id = l.id and v.signed_at is not null and v.effective_from <= statement_timestamp() and l.suspended_at is null and l.withdrawn_at is null order by v.version desc limit 1) f on true
          union
          select l.id, f.version, f.parents
          from standing s cross join unnest(s.parents) p (id) join licence l on l.id = p.id
          left join lateral (select v.version, v.parents from licence_version v where v.licence_id = l.id and v.signed_at is not null and v.effective_from <= statement_timestamp() and l.suspended_at is null and l.withdrawn_at is null order by v.version desc limit 1) f on true
        )
        select coalesce(array_agg(id || ':' || coalesce(version::text, '-') order by id::text collate "C"), '{}') from standing
      $$;
      grant execute on function licences_standing to backlot_app, backlot_gate;
      grant select on licence, licence_title, licence_version to backlot_gate;

      -- Whether a decision was made under the licences as they are now. A signature, a suspension and a withdrawal all end what was decided before.
      create function decision_stands(given_decision uuid) returns boolean language sql stable set search_path = public as $$
        select d.licences is not null and not exists (select from unnest(d.licences) one where one like '%:-')
          and d.licences = licences_standing(array(select t.title_id from decision_target t where t.decision_id = d.id))
        from decision d where d.id = given_decision and d.studio_id = current_studio()
      $$;
      grant execute on function decision_stands to backlot_app, backlot_gate;

      create table simulation (
        id uuid primary key,
        studio_id uuid not null,
        licence_id uuid not null references licence (id),
        version int not null,
        policy jsonb not null,
        sha256 text not null,
        against text not null check (against in ('catalogue', 'decisions')),
        from_at timestamptz,
        until_at timestamptz,
        -- Everything up to here was asked again; a run that was killed goes on behind it.
        reached uuid,
        total bigint not null default 0,
        asked bigint not null default 0,
        opened bigint not null default 0,
        closed bigint not null default 0,
        not_comparable bigint not null default 0,
        created_by uuid,
        created_at timestamptz not null default now(),
        finished_at timestamptz
      );
      create index on simulation (studio_id, licence_id, id);
      call protect('simulation');

      create table simulation_flip (
        simulation_id uuid not null references simulation (id) on delete cascade,
        number bigint not null,
        studio_id uuid not null,
        action text not null,
        permitted boolean not null,
        title_id uuid,
        decision_id uuid,
        scope_kind text not null,
        scope_id uuid not null,
        actor text not null,
        before text not null,
        after text not null,
        primary key (simulation_id, number)
      );
      call protect('simulation_flip', 'select, insert, delete');

      create table simulation_title (
        simulation_id uuid not null references simulation (id) on delete cascade,
        title_id uuid not null,
        studio_id uuid not null,
        opened bigint not null,
        closed bigint not null,
        primary key (simulation_id, title_id)
      );
      call protect('simulation_title');

      create table simulation_job (
        simulation_id uuid not null references simulation (id) on delete cascade,
        scope_kind text not null,
        scope_id uuid not null,
        actor text not null,
        studio_id uuid not null,
        opened bigint not null,
        closed bigint not null,
        primary key (simulation_id, scope_id, actor)
      );
      call protect('simulation_job');
    `);
    await db.query(releaseKey(`if not coalesce(decision_stands(granted.id), false) then return query select null::bytea, 'a licence has changed since the decision'; return; end if;`));
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(releaseKey(''));
    await db.query(`
      drop table simulation_job, simulation_title, simulation_flip, simulation;
      drop function decision_stands, licences_standing;
      alter table decision drop column licences, drop column state;
      alter table licence no force row level security;
      alter table licence_version no force row level security;
      alter table licence add column version int not null default 1, add column policy jsonb, add column sha256 text;
      update licence l set (version, policy, sha256) = (select v.version, v.policy, v.sha256 from licence_version v where v.licence_id = l.id order by signed_at is not null desc, v.version desc limit 1);
      alter table licence alter column policy set not null, alter column sha256 set not null, drop column uid, drop column suspended_at, drop column withdrawn_at;
      alter table licence force row level security;
      drop table licence_event, licence_signature, licence_version;`);
  }
}

/** release_key() of migration 4 with one more check before the holds. */
const releaseKey = (check: string): string => `
  create or replace function release_key(given_decision uuid, given_object uuid) returns table (wrapped bytea, refusal text)
    language plpgsql security definer set search_path = public as $$
  declare
    object sealed_object;
    granted decision;
    salt bytea := uuid_send(gen_random_uuid());
    at_text text := to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
    payload jsonb;
    payload_text text;
  begin
    select * into object from sealed_object o where o.id = given_object and o.studio_id = current_studio() and o.destroyed_at is null;
    if object is null then return query select null::bytea, 'there is no such object'; return; end if;
    select * into granted from decision d where d.id = given_decision and d.studio_id = current_studio();
    if granted is null then return query select null::bytea, 'there is no such decision'; return; end if;
    if granted.outcome <> 'permit' then return query select null::bytea, 'the decision refuses'; return; end if;
    if granted.valid_until <= now() then return query select null::bytea, 'the decision is no longer valid'; return; end if;
    if granted.scope_id <> object.scope_id then return query select null::bytea, 'the decision is about something else'; return; end if;
    if not exists (select from release_rule r where r.kind = object.kind and r.action = granted.action) then
      return query select null::bytea, 'the decision''s action does not open this kind of object'; return;
    end if;
${check}
    if exists (select from hold h where h.studio_id = current_studio() and h.lifted_at is null
               and (h.scope_id in (object.scope_id, current_studio()) or h.scope_id in (select t.title_id from decision_target t where t.decision_id = granted.id))) then
      return query select null::bytea, 'a hold is on it'; return;
    end if;

    insert into key_release (studio_id, decision_id, object_id) values (current_studio(), granted.id, object.id);
    -- RFC 8785 canonical JSON by hand: keys in order, values are ids and words that need no escapes.
    payload_text := format('{"action":"%s","decision":"%s","kind":"%s","object":"%s","scope":"%s"}', granted.action, granted.id, object.kind, object.id, object.scope_id);
    payload := payload_text::jsonb;
    insert into audit_entry (studio_id, at, type, leaf, salt, payload) values (
      current_studio(), now(), 'key.release',
      convert_to(format('{"at":"%s","commitment":"%s","type":"key.release","v":1}', at_text,
        encode(sha256(salt || convert_to(payload_text, 'UTF8')), 'base64')), 'UTF8'),
      salt, payload);
    return query select k.wrapped, null::text from sealed_key k where k.object_id = object.id;
  end $$;
`;
