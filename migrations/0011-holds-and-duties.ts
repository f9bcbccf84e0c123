import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Holds of every kind and what they stop, the news that revokes cached keys, uses as licences count them, and the ledger of duties. */
export class HoldsAndDuties1700000000011 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      drop index hold_active;
      -- Holds that an operator wrote by hand stay in force; row security binds the owner too while it is forced.
      alter table hold no force row level security;
      alter table hold add kind text not null default 'title' check (kind in ('title', 'performer', 'licence', 'studio'));
      update hold set kind = 'studio' where scope_id = studio_id;
      alter table hold alter kind drop default;
      alter table hold rename scope_id to subject;
      alter table hold alter subject type text;
      alter table hold
        add title_ids uuid[] not null default '{}',
        add lifted_by uuid,
        add lifted_why text,
        add check (kind = 'performer' or title_ids = '{}');
      alter table hold force row level security;
      create index on hold (studio_id, id desc);
      create index hold_in_force on hold (studio_id, id desc) where lifted_at is null;

      -- A licence stands for those that inherit from it. Where a performer appears is what the hold names; of a performer whose titles nobody named, any title may show them.
      create function holds_upon(given_titles uuid[]) returns setof hold language sql stable set search_path = public as $$
        select h.* from hold h where h.studio_id = current_studio() and h.lifted_at is null and (
          h.kind = 'studio'
          or (h.kind = 'title' and h.subject = any (given_titles::text[]))
          or (h.kind = 'licence' and h.subject in (select split_part(s, ':', 1) from unnest(licences_standing(given_titles)) s))
          or (h.kind = 'performer' and (h.title_ids = '{}' or h.title_ids && given_titles)))
        order by h.id $$;

      -- Every process listens to this: what it keeps of a studio, or of the one title that changed, is then no longer good.
      create function tell_rights() returns trigger language plpgsql set search_path = public as $$
      begin
        perform pg_notify('backlot_rights', coalesce(new.studio_id, old.studio_id)::text);
        return null;
      end $$;
      create function tell_title_rights() returns trigger language plpgsql set search_path = public as $$
      begin
        perform pg_notify('backlot_rights', coalesce(new.studio_id, old.studio_id) || ' ' || coalesce(new.title_id, old.title_id));
        return null;
      end $$;
      create procedure revokes(target regclass) language plpgsql as $$
      declare
        of_title boolean := exists (select from pg_attribute where attrelid = target and attname = 'title_id' and not attisdropped);
      begin
        execute format('create trigger revokes after insert or update or delete on %s for each row execute function %s()', target, case when of_title then 'tell_title_rights' else 'tell_rights' end);
      end $$;
      call revokes('hold');
      call revokes('licence');
      call revokes('licence_title');
      call revokes('licence_version');

      -- Deny by default, log first, then the wrapped key. The studio comes from the transaction, never from the caller's arguments.
      create or replace function release_key(given_decision uuid, given_object uuid) returns table (wrapped bytea, refusal text)
        language plpgsql security definer set search_path = public as $$
      declare
        object sealed_object;
        granted decision;
        held hold;
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
        if not coalesce(decision_stands(granted.id), false) then return query select null::bytea, 'a licence has changed since the decision'; return; end if;
        select * into held from holds_upon(array(select t.title_id from decision_target t where t.decision_id = granted.id) || case granted.scope_kind when 'title' then array[granted.scope_id] else '{}' end) limit 1;
        if held.id is not null then return query select null::bytea, format('a hold is on the %s (%s)', held.kind, held.why); return; end if;

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

      -- A use is there once however often it is asked about; its place among the licence's uses is what a count compares.
      create table licence_use (
        licence_id uuid not null references licence (id),
        action text not null,
        use_id text not null,
        studio_id uuid not null references studio (id),
        place bigint generated always as identity,
        decision_id uuid not null references decision (id),
        at timestamptz not null default now(),
        primary key (licence_id, action, use_id)
      );
      create index on licence_use (licence_id, action, place);
      call protect('licence_use', 'select, insert');

      create table duty (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        licence_id uuid not null references licence (id),
        duty text not null,
        cause text not null,
        number int not null default 1,
        clause text,
        action text not null,
        phase text not null check (phase in ('pre', 'post')),
        trigger text not null,
        period text,
        repeats text,
        zone text,
        decision_id uuid not null references decision (id),
        began_at timestamptz not null,
        -- When its period began to run: a trigger may come later than the duty.
        runs_from timestamptz,
        due_at timestamptz,
        late_at timestamptz,
        fulfilled_at timestamptz,
        fulfilled_by uuid,
        evidence text,
        evidence_sha256 text check (evidence_sha256 ~ '^[0-9a-f]{64}$'),
        evidence_url text,
        waived_at timestamptz,
        waived_by uuid,
        waived_why text,
        unique (licence_id, duty, cause, number),
        check ((fulfilled_at is null) = (evidence is null)),
        check ((waived_at is null) = (waived_why is null)),
        check (fulfilled_at is null or waived_at is null)
      );
      create index on duty (studio_id, coalesce(due_at, 'infinity'), id);
      create index on duty (studio_id, licence_id, coalesce(due_at, 'infinity'), id);
      create index duty_open on duty (studio_id, coalesce(due_at, 'infinity'), id) where fulfilled_at is null and waived_at is null;
      create index duty_fulfilled on duty (studio_id, coalesce(due_at, 'infinity'), id) where fulfilled_at is not null;
      create index duty_waived on duty (studio_id, coalesce(due_at, 'infinity'), id) where waived_at is not null;
      create index duty_untold on duty (due_at) where fulfilled_at is null and waived_at is null and late_at is null;
      create index duty_waiting on duty (studio_id) where runs_from is null and fulfilled_at is null and waived_at is null;
      create index duty_of_licence on duty (licence_id, duty) where cause = 'licence';
      call protect('duty', 'select, insert, update');

      -- Which studios have duties that are late and not told of; each is then told of in its own scope.
      grant select (studio_id, due_at, late_at, fulfilled_at, waived_at) on duty to backlot_gate;
      create policy late on duty for select to backlot_gate using (true);
      create function studios_with_late_duties(batch int) returns setof uuid language sql stable security definer set search_path = public
        as $$ select distinct studio_id from duty where due_at < now() and fulfilled_at is null and waived_at is null and late_at is null limit batch $$;
      alter function studios_with_late_duties owner to backlot_gate;
      revoke all on function studios_with_late_duties from public;
      grant execute on function studios_with_late_duties to backlot_app;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop function studios_with_late_duties;
      drop table duty, licence_use;
      drop trigger revokes on hold; drop trigger revokes on licence; drop trigger revokes on licence_title; drop trigger revokes on licence_version;
      drop procedure revokes; drop function tell_rights, tell_title_rights;
      drop function holds_upon;
      drop index hold_in_force;
      alter table hold drop title_ids, drop lifted_by, drop lifted_why, drop kind;
      alter table hold alter subject type uuid using subject::uuid;
      alter table hold rename subject to scope_id;
      create index hold_active on hold (studio_id, scope_id) where lifted_at is null`);
  }
}
