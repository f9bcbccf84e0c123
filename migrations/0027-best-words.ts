import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SEARCH_WORDS } from './0021-search.js';

/** Where words are of more shots than can be ranked, those of which they are said come before those that have them in a label or a title. */
export class BestWords1700000000027 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- What is said of a shot (A), seen in it (B), its title (D), and a word for each fact. What is said is there again behind '^' and
      -- without its places, so that an index finds it alone.
      create function words_of_shot(studio uuid, said text, seen text, title text, fact_words text[]) returns tsvector language sql immutable parallel safe as $$
        select keyed_words(studio, setweight(a, 'A') || setweight(to_tsvector('english', seen), 'B') || setweight(to_tsvector('english', title), 'D')
          || array_to_tsvector(fact_words || array(select '^' || lexeme from unnest(a) where octet_length(lexeme) <= 499)))
        from to_tsvector('english', said) a $$;

      -- The words of a query that has its studio's key, all of them said, in whatever order; null where none has to be there.
      create function said_query(query tsquery) returns tsquery language sql immutable strict parallel safe as $$
        select nullif(nullif(regexp_replace(regexp_replace(querytree(query), '<[-0-9]+>', '&', 'g'), '''([0-9a-f]{8}:)((?:[^''\\\\]|''''|\\\\.)*)''(:[*A-D]+)?', '''\\1^\\2''', 'g'), 'T'), '')::tsquery $$;

      drop function search_words;
      create function search_words(asked text, fact_words text, facts_hold text, titles uuid[], after_title uuid, after_shot uuid, most int, in_order boolean)
      returns table (shot_id uuid, title_id uuid, rank real) language plpgsql stable security definer set search_path = public, pg_temp as $$
      declare
        studio uuid := current_studio();
        by_words tsquery := keyed_query(studio, websearch_to_tsquery('english', asked));
        query tsquery := by_words && keyed_query(studio, fact_words::tsquery);
        said tsquery := keyed_query(studio, fact_words::tsquery) && said_query(by_words);
        many int := 0;
        sql text := 'select w.shot_id, w.title_id, ' || case when numnode(by_words) > 0 then 'ts_rank(''{0.1, 0.2, 0.4, 1}'', w.words, $2)' else '0::real' end || ' from shot_words w where w.studio_id = $1';
      begin
        if studio is null or (asked <> '' and numnode(by_words) = 0) then return; end if;
        if numnode(query) > 0 then sql := sql || ' and w.words @@ $3'; end if;
        if facts_hold <> '' then sql := sql || ' and w.facts @@ $4'; end if;
        if cardinality(titles) > 0 then sql := sql || ' and w.title_id = any($5)'; end if;
        if after_shot is not null then sql := sql || ' and (w.title_id, w.shot_id) > ($6, $7)'; end if;
        if in_order then
          -- Where facts hold of one shot in fifty or more a page is near: all of it is found there or none, and then all shots of which they hold are sorted.
          return query execute 'select n.shot_id, n.title_id, n.rank from (select p.*, count(*) over () as many from ('
              || replace(sql, 'from shot_words w where w.studio_id = $1', 'from (select * from shot_words w where w.studio_id = $1' || case when after_shot is not null then ' and (w.title_id, w.shot_id) > ($6, $7)' else '' end || ' order by w.title_id, w.shot_id limit 50 * $8) w where true')
              || ' order by w.title_id, w.shot_id limit $8) as p (shot_id, title_id, rank)) n where n.many = $8 order by n.title_id, n.shot_id'
            using studio, by_words, query, nullif(facts_hold, '')::jsonpath, titles, after_title, after_shot, most;
          if found then return; end if;
          sql := sql || ' order by w.title_id, w.shot_id';
        end if;
        if said is not null then
          -- Places, and what must not be there, are looked at in what is found; as @@ they would be looked up in the index too, for longer than the rest.
          return query execute sql || case when by_words::text ~ '[!<]' then ' and ts_match_vq(w.words, $2)' else '' end || ' limit $8' using studio, by_words, said, nullif(facts_hold, '')::jsonpath, titles, after_title, after_shot, most;
          get diagnostics many = row_count;
          if many >= most then return; end if;
          sql := sql || ' and not w.words @@ $9';
        end if;
        return query execute sql || ' limit $8' using studio, by_words, query, nullif(facts_hold, '')::jsonpath, titles, after_title, after_shot, most - many, said;
      end $$;
      alter function search_words owner to backlot_gate;
      revoke all on function search_words from public;
      grant execute on function search_words to backlot_app;

      -- Has the words of every shot written anew: what a migration does that changes them, or the range of a measure.
      create procedure search_anew() language plpgsql as $$
      begin
        -- The owner, too, is bound by forced row security.
        alter table shot no force row level security;
        alter table search_due no force row level security;
        alter table outbox no force row level security;
        insert into search_due (shot_id, studio_id) select id, studio_id from shot on conflict (shot_id) do update set mark = gen_random_uuid();
        insert into outbox (studio_id, type, payload) select distinct studio_id, 'shots.changed', '{}'::jsonb from shot;
        alter table shot force row level security;
        alter table search_due force row level security;
        alter table outbox force row level security;
      end $$;
      call search_anew();
    `);
  }

  /** Words behind '^' stay until their shots change; nothing asks for them. */
  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop procedure search_anew; drop function search_words, said_query, words_of_shot; ${SEARCH_WORDS}`);
  }
}
