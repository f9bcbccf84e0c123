import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Licences, decisions, key releases; and release_key(), the one reader of wrapped keys. */
export class Rights1700000000004 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table licence (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        name text not null,
        licensor text not null,
        version int not null default 1,
        policy jsonb not null,
        sha256 text not null,
        created_by uuid,
        created_at timestamptz not null default now()
      );
      create index on licence (studio_id, id);
      call protect('licence', 'select, insert, update');

      create table licence_title (
        licence_id uuid not null references licence (id),
        title_id uuid not null,
        studio_id uuid not null,
        asset_ids text[] not null default '{}',
        primary key (licence_id, title_id)
      );
      create index on licence_title (studio_id, title_id);
      call protect('licence_title');

      create table hold (
        id uuid primary key,
        studio_id uuid not null,
        scope_id uuid not null,
        why text not null,
        created_by uuid,
        created_at timestamptz not null default now(),
        lifted_at timestamptz
      );
      create index hold_active on hold (studio_id, scope_id) where lifted_at is null;
      call protect('hold', 'select, insert, update');

      create table decision (
        id uuid primary key,
        studio_id uuid not null,
        member_id uuid,
        actor text not null,
        action text not null,
        scope_kind text not null,
        scope_id uuid not null,
        outcome text not null check (outcome in ('permit', 'refuse')),
        policies jsonb not null,
        request jsonb not null,
        request_sha256 text not null,
        state_sha256 text not null,
        trace jsonb not null,
        reason jsonb not null,
        sentence text not null,
        created_at timestamptz not null default now(),
        valid_until timestamptz not null
      );
      create index on decision (studio_id, id);
      create index on decision (studio_id, scope_id, action, id);
      call protect('decision', 'select, insert');

      create table decision_target (
        decision_id uuid not null references decision (id),
        title_id uuid not null,
        studio_id uuid not null,
        primary key (decision_id, title_id)
      );
      create index on decision_target (studio_id, title_id, decision_id);
      call protect('decision_target', 'select, insert');

      create table key_release (
        id bigint generated always as identity primary key,
        studio_id uuid not null,
        decision_id uuid not null references decision (id),
        object_id uuid not null references sealed_object (id),
        at timestamptz not null default now()
      );
      create index on key_release (studio_id, object_id, id);
      create index on key_release (studio_id, decision_id);
      call protect('key_release', 'select');

      -- Which action opens which kind of object. A row per allowed pair: what is not here is never opened.
      create table release_rule (kind text not null, action text not null, primary key (kind, action));
      insert into release_rule (kind, action) values
        ('master', 'curate'), ('master', 'caption'), ('master', 'fineTune'),
        ('proxy', 'curate'), ('keyframe', 'curate'), ('filmstrip', 'curate'),
        ('dataset', 'fineTune'), ('dataset', 'evaluate'), ('dataset', 'curate'),
        ('checkpoint', 'fineTune'), ('sample', 'fineTune'), ('sample', 'generate'), ('sample', 'curate'),
        ('adapter', 'generate'), ('adapter', 'evaluate'),
        ('output', 'generate'), ('output', 'export');

      grant select on sealed_object, decision, hold, release_rule, decision_target to backlot_gate;
      grant select on sealed_key to backlot_gate;
      grant insert on key_release, audit_entry to backlot_gate;
      create policy gate on sealed_object for select to backlot_gate using (studio_id = current_studio());

      -- Deny by default, log first, then the wrapped key. The studio comes from the transaction, never from the caller's arguments.
      create function release_key(given_decision uuid, given_object uuid) returns table (wrapped bytea, refusal text)
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
      alter function release_key owner to backlot_gate;
      revoke all on function release_key from public;
      grant execute on function release_key to backlot_app;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function release_key; drop table release_rule, key_release, decision_target, decision, hold, licence_title, licence`);
  }
}
