import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Put back where the better one is taken away. */
export const SEARCH_WORDS = `
  -- Shots that words match and of which the facts hold: by rank, or where there are no words in order of their titles, after a place in it.
  create function search_words(asked text, fact_words text, facts_hold text, titles uuid[], after_title uuid, after_shot uuid, most int)
  returns table (shot_id uuid, title_id uuid, rank real) language plpgsql stable security definer set search_path = public, pg_temp as $$
  declare
    studio uuid := current_studio();
    by_words tsquery := keyed_query(studio, websearch_to_tsquery('english', asked));
    query tsquery := by_words && keyed_query(studio, fact_words::tsquery);
    sql text := 'select w.shot_id, w.title_id, ' || case when numnode(by_words) > 0 then 'ts_rank(''{0.1, 0.2, 0.4, 1}'', w.words, $2)' else '0::real' end || ' from shot_words w where w.studio_id = $1';
  begin
    if studio is null or (asked <> '' and numnode(by_words) = 0) then return; end if;
    if numnode(query) > 0 then sql := sql || ' and w.words @@ $3'; end if;
    if facts_hold <> '' then sql := sql || ' and w.facts @@ $4'; end if;
    if cardinality(titles) > 0 then sql := sql || ' and w.title_id = any($5)'; end if;
    if after_shot is not null then sql := sql || ' and (w.title_id, w.shot_id) > ($6, $7)'; end if;
    if numnode(by_words) = 0 then sql := sql || ' order by w.title_id, w.shot_id'; end if;
    return query execute sql || ' limit $8' using studio, by_words, query, nullif(facts_hold, '')::jsonpath, titles, after_title, after_shot, most;
  end $$;
  alter function search_words owner to backlot_gate;
  revoke all on function search_words from public;
  grant execute on function search_words to backlot_app;
`;

/** Shots found by words, by what was measured of them, and by vectors. */
export class Search1700000000021 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Every word is kept with its studio's key before it, so that no list of an index holds shots of two studios.
      create function studio_key(studio uuid) returns text language sql immutable strict parallel safe
        as $$ select right(studio::text, 8) || ':' $$;

      create function keyed_words(studio uuid, words tsvector) returns tsvector language sql immutable strict parallel safe as $$
        select coalesce(string_agg(
          '''' || studio_key(studio) || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''' || coalesce(':' || (select string_agg(at || weight, ',') from unnest(positions, weights) as p(at, weight)), ''), ' '), '')::tsvector
        from unnest(words) where octet_length(lexeme) <= 500 $$;

      create function keyed_query(studio uuid, query tsquery) returns tsquery language sql immutable strict parallel safe
        as $$ select regexp_replace(query::text, '''((?:[^''\\\\]|''''|\\\\.)*)''', '''' || studio_key(studio) || '\\1''', 'g')::tsquery $$;

      create table shot_words (
        shot_id uuid primary key references shot (id) on delete cascade,
        studio_id uuid not null references studio (id),
        title_id uuid not null,
        -- What is said of it (A), what is seen in it (B), its title (D), and a word for each fact.
        words tsvector not null,
        -- What was measured of it, by the names of the measures.
        facts jsonb not null
      );
      create index shot_words_words on shot_words using gin (words) with (fastupdate = off);
      create index shot_words_of_title on shot_words (studio_id, title_id, shot_id);
      call protect('shot_words');

      -- Shots whose words wait to be written; the mark changes with every change of the shot.
      create table search_due (
        shot_id uuid primary key references shot (id) on delete cascade,
        studio_id uuid not null references studio (id),
        mark uuid not null default gen_random_uuid()
      );
      create index on search_due (studio_id, shot_id);

      -- Vectors are eight bits a number. kind 1: of the sentence, 2: of the look.
      create table shot_vector (
        shot_id uuid not null references shot (id) on delete cascade,
        kind smallint not null check (kind in (1, 2)),
        studio_id uuid not null references studio (id),
        vector bytea not null,
        primary key (shot_id, kind)
      );
      -- Cells are learnt from a studio's own vectors, page by page, however many others have.
      create index on shot_vector (studio_id, kind, shot_id);
      call protect('shot_vector');

      -- Where each lies: its cell, and the signs of its numbers. Cell 0 holds those from before the studio had cells.
      create table shot_cell (
        shot_id uuid not null,
        kind smallint not null,
        studio_id uuid not null references studio (id),
        cell int not null default 0,
        code bit(512) not null,
        primary key (shot_id, kind),
        foreign key (shot_id, kind) references shot_vector (shot_id, kind) on delete cascade
      );
      create index shot_cell_near on shot_cell (studio_id, kind, cell) include (shot_id, code);
      call protect('shot_cell');

      -- Cells that a studio's vectors are in, learnt from them; cells of generation g are numbered from g x 65536.
      create table search_cells (
        id uuid primary key,
        studio_id uuid not null references studio (id),
        kind smallint not null,
        generation int not null check (generation between 1 and 32767),
        -- How many vectors there were.
        size int not null,
        -- Every vector lies in a cell of this generation or a later one.
        placed boolean not null default false,
        cells bytea not null,
        unique (studio_id, kind, generation)
      );
      call protect('search_cells');

      create function note_searched() returns trigger language plpgsql as $$
      begin
        insert into search_due (shot_id, studio_id) select id, studio_id from changed on conflict (shot_id) do update set mark = gen_random_uuid();
        insert into outbox (studio_id, type, payload) select distinct studio_id, 'shots.changed', '{}'::jsonb from changed;
        return null;
      end $$;
      create function note_searched_again() returns trigger language plpgsql as $$
      begin
        with due as (
          insert into search_due (shot_id, studio_id)
          select n.id, n.studio_id from changed n join former f on f.id = n.id
          where (n.sentence, n.caption, n.labels, n.measures, n.entry, n.first_frame, n.last_frame, n.start_pts, n.end_pts)
            is distinct from (f.sentence, f.caption, f.labels, f.measures, f.entry, f.first_frame, f.last_frame, f.start_pts, f.end_pts)
          on conflict (shot_id) do update set mark = gen_random_uuid() returning studio_id)
        insert into outbox (studio_id, type, payload) select distinct studio_id, 'shots.changed', '{}'::jsonb from due;
        return null;
      end $$;
      create trigger shot_searched after insert on shot referencing new table as changed for each statement execute function note_searched();
      create trigger shot_searched_again after update on shot referencing old table as former new table as changed for each statement execute function note_searched_again();

      -- Shots from before there was search; the owner, too, is bound by forced row security.
      alter table shot no force row level security;
      alter table outbox no force row level security;
      insert into search_due (shot_id, studio_id) select id, studio_id from shot;
      insert into outbox (studio_id, type, payload) select distinct studio_id, 'shots.changed', '{}'::jsonb from shot;
      alter table shot force row level security;
      alter table outbox force row level security;
      call protect('search_due');

      -- Matching of words is no leakproof operator, so under row security no index serves it: the gate looks, in lists of the studio of the
      -- transaction alone, and what it finds is read again under row security.
      grant select on shot_words to backlot_gate;
      create policy search on shot_words for select to backlot_gate using (true);

      ${SEARCH_WORDS}
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop function search_words;
      drop trigger shot_searched on shot; drop trigger shot_searched_again on shot;
      drop function note_searched, note_searched_again;
      drop table search_cells, shot_cell, shot_vector, search_due, shot_words;
      drop function keyed_query, keyed_words, studio_key;
    `);
  }
}
