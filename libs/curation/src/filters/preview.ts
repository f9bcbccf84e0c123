import type { Labels, Measures, Transition } from '#libs/media';
import { type Database, decodeCursor, notFound, type Page, type Paged, pageSize, row, rows, type Scope, toPage } from '#libs/platform';
import { ratio, type Shot, shotColumns, type ShotRow, toShot } from '../rows.js';
import type { DatasetInput } from '../query.js';
import type { Bucket } from '../selection.js';
import type { AppliedFilter } from './applied.js';
import { CONTRADICTED, type Footage, type Measure, measureOf } from './measures.js';
import { bad, firstBroken, keeps, lengthRule, measuredBy, type Rule, type RuleInput } from './rules.js';
import type { FilterChoice } from './sets.js';

/** One of filter, preset and rules, or none of them for the standard rules. */
export interface PreviewInput extends Pick<DatasetInput, 'titleIds' | 'minSeconds' | 'bucket'> {
  filter?: FilterChoice | null;
  preset?: string | null;
  rules?: RuleInput[] | null;
}

export interface Counts {
  kept: number;
  dropped: number;
  /** In the order in which they are asked: the length of a clip first. */
  rules: RuleCount[];
}

export interface RuleCount {
  rule: Rule;
  /** Shots that this rule drops and none before it: what the build's list will name it for. */
  drops: number;
  /** Shots that it would drop by itself. */
  breaks: number;
  /** Shots of which its measure is not known. */
  unknown: number;
}

/** How a measure is spread: bins of numbers, or a count for each word. */
export interface Histogram {
  measure: Measure;
  bins: { from: number; to: number; count: number }[];
  /** The hundred most frequent. */
  words: { word: string; count: number }[];
  /** Shots of which it is not known. */
  unknown: number;
}

export type Side = 'kept' | 'dropped' | 'unknown';

export interface Example {
  shot: Shot;
  value: number | string[] | null;
}

interface Looked {
  id: string;
  footage: Footage;
}

interface LookedRow {
  id: string;
  first_frame: string;
  last_frame: string;
  start_pts: string;
  end_pts: string;
  sentence: string;
  contradicted: number;
  entry: Transition;
  measures: Measures;
  labels: Labels;
  time_base: string;
  width: number;
  height: number;
}

/** Above this many shots a preview looks at every second, third … of them. */
export const SAMPLE = 20_000;
const BINS = 40;
const WORDS = 100;

/**
 * What a dataset version can take shots from, with the place of each title's first shot in the row of all shots. Shots of a title are
 * numbered from 0: every n-th shot of all is found by number, through the index, without reading those between.
 */
const FILMS = `films as (
  select f.*, (sum(f.shots) over (order by f.sha256) - f.shots)::bigint as before from (
    select a.title_id, a.time_base, a.width, a.height, m.sha256, coalesce((select max(number) + 1 from shot where studio_id = $1 and title_id = a.title_id), 0)::bigint as shots
    from analysis a join master m on m.id = a.master_id join title t on t.id = a.title_id
    where a.studio_id = $1 and m.state = 'sealed' and t.state in ('ready', 'withheld') and (cardinality($2::uuid[]) = 0 or a.title_id = any($2))
    offset 0
  ) f)`;

/**
 * Every $3-th shot, with its film and the size of a clip beside it. `offset 0` keeps the look-up of one shot a look-up: joined freely, all
 * shots of a title are read to keep some (600,000 rows for a sample of 20,000).
 */
const SAMPLED = `with ${FILMS}, sample as (
  select s.*, f.time_base, f.width, f.height, $4::float8 as bucket_width, $5::float8 as bucket_height
  from films f cross join lateral generate_series((($3::bigint - f.before % $3::bigint) % $3::bigint), f.shots - 1, $3::bigint) n
  cross join lateral (select * from shot where studio_id = $1 and title_id = f.title_id and number = n::int offset 0) s)`;

/**
 * What a filter set would do to the shots of some titles, before anything is built. It looks at measures, labels and length: licences, frames
 * that are left out, words that a caption must hold, shots that a member excludes and near-duplicates are the build's.
 */
export class Preview {
  private looked: Promise<Looked[]> | undefined;
  private counted: Promise<Counts> | undefined;
  private readonly asking: readonly Rule[];

  private constructor(
    private readonly database: Database,
    private readonly scope: Scope,
    readonly filter: AppliedFilter,
    private readonly asked: { titleIds: string[]; bucket: Bucket; minSeconds: number },
    /** Shots of the titles. */
    readonly shots: number,
    /** 1: every shot is looked at; 3: every third. */
    readonly every: number,
  ) {
    this.asking = [lengthRule(asked.bucket, asked.minSeconds), ...filter.rules];
  }

  /** Throws Refusal NOT_FOUND (a title). */
  static async open(database: Database, scope: Scope, filter: AppliedFilter, asked: { titleIds: string[]; bucket: Bucket; minSeconds: number }): Promise<Preview> {
    return database.inStudio(scope, async () => {
      const [mine] = await rows<{ count: string }>(`select count(*) from title where studio_id = $1 and id = any($2)`, [scope.studioId, asked.titleIds]);
      if (Number(mine!.count) !== asked.titleIds.length) throw notFound('title');
      const shots = Number((await row<{ shots: string }>(`with ${FILMS} select coalesce(sum(shots), 0) as shots from films`, [scope.studioId, asked.titleIds]))!.shots);
      return new Preview(database, scope, filter, asked, shots, Math.max(1, Math.ceil(shots / SAMPLE)));
    });
  }

  /** How many shots were looked at. */
  async sampled(): Promise<number> {
    return (await this.look()).length;
  }

  /** What would be kept and dropped, by the same function that the build asks. */
  counts(): Promise<Counts> {
    this.counted ??= this.count();
    return this.counted;
  }

  private async count(): Promise<Counts> {
    const counted: RuleCount[] = this.asking.map((rule) => ({ rule, drops: 0, breaks: 0, unknown: 0 }));
    let dropped = 0;
    for (const { footage } of await this.look()) {
      const first = firstBroken(this.asking, footage)?.rule;
      if (first) dropped++;
      for (const count of counted) {
        if (count.rule === first) count.drops++;
        if (!keeps(count.rule, footage)) count.breaks++;
        if (measuredBy(count.rule, footage) === null) count.unknown++;
      }
    }
    return { kept: (await this.look()).length - dropped, dropped, rules: counted };
  }

  /** One for each measure that a rule is about, counted in the database. */
  async histograms(): Promise<Histogram[]> {
    const measures = [...new Set(this.asking.map(({ measure }) => measure))].map((name) => measureOf(name)!);
    const numbers = measures.filter((measure) => measure.kind === 'number');
    const worded = measures.filter((measure) => measure.kind === 'words');
    return this.database.inStudio(this.scope, async () => {
      const values = numbers.map(({ name, sql, low, high }) => `('${name}', (${sql})::float8, ${low}::float8, ${high}::float8)`);
      const counts = await rows<{ name: string; bin: number | null; count: string }>(
        `${SAMPLED} select m.name, case when m.value is not null then greatest(1, least(${BINS}, width_bucket(m.value, m.low, m.high, ${BINS}))) end as bin, count(*)
         from sample s cross join lateral (values ${values.join(', ')}) as m(name, value, low, high) group by 1, 2`,
        this.parameters(),
      );
      const found = new Map(counts.map(({ name, bin, count }) => [`${name} ${bin}`, Number(count)]));
      const binned = numbers.map((measure): Histogram => {
        const width = (measure.high - measure.low) / BINS;
        const bins = Array.from({ length: BINS }, (_, at) => ({ from: measure.low + at * width, to: measure.low + (at + 1) * width, count: found.get(`${measure.name} ${at + 1}`) ?? 0 }));
        return { measure, bins, words: [], unknown: found.get(`${measure.name} null`) ?? 0 };
      });
      const listed: Histogram[] = [];
      for (const measure of worded) {
        const { column, path } = measure.sql;
        const words = await rows<{ word: string | null; count: string }>(
          `${SAMPLED} select w.word, count(distinct s.id) from sample s left join lateral (select v #>> '{}' as word from jsonb_path_query(${column}, '${path}') v) w on true group by 1 order by 2 desc, 1 limit ${WORDS + 1}`,
          this.parameters(),
        );
        const counted = words.map(({ word, count }) => ({ word, count: Number(count) }));
        listed.push({ measure, bins: [], words: counted.filter((one): one is { word: string; count: number } => one.word !== null).slice(0, WORDS), unknown: counted.find(({ word }) => word === null)?.count ?? 0 });
      }
      return [...binned, ...listed];
    });
  }

  /** Shots on one side of a rule, those nearest to its threshold first. Throws Refusal BAD_FILTER (no such rule). */
  async examples(ruleId: string, side: Side, page: Page): Promise<Paged<Example>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 2);
    const beside = await this.beside(ruleId, side);
    const from = after ? beside.findIndex(({ id, distance }) => distance > Number(after[0]) || (distance === Number(after[0]) && id > after[1]!)) : 0;
    const some = from < 0 ? [] : beside.slice(from, from + first + 1);
    const found = await this.database.inStudio(this.scope, () => rows<ShotRow>(`select ${shotColumns} from shot where studio_id = $1 and id = any($2)`, [this.scope.studioId, some.map(({ id }) => id)]));
    const shots = new Map(found.map((shot) => [shot.id, toShot(shot)]));
    // A shot may have gone since it was looked at.
    const there = some.flatMap((one) => (shots.has(one.id) ? [{ ...one, shot: shots.get(one.id)! }] : []));
    const { items, ...rest } = toPage(there, first, ({ distance, id }) => [String(distance), id]);
    return { ...rest, items: items.map(({ shot, value }) => ({ shot, value })) };
  }

  /** How many shots that were looked at are on one side of a rule. */
  async countExamples(ruleId: string, side: Side): Promise<number> {
    return (await this.beside(ruleId, side)).length;
  }

  private async beside(ruleId: string, side: Side): Promise<{ id: string; value: number | string[] | null; distance: number }[]> {
    const rule = this.asking.find(({ id }) => id === ruleId);
    if (!rule) throw bad(`The filter set has no rule ${ruleId.slice(0, 60)}.`);
    return (await this.look())
      .flatMap(({ id, footage }) => {
        const value = measuredBy(rule, footage);
        const on: Side = value === null ? 'unknown' : keeps(rule, footage) ? 'kept' : 'dropped';
        return on === side ? [{ id, value, distance: typeof value === 'number' && rule.threshold !== null ? Math.abs(value - rule.threshold) : 0 }] : [];
      })
      .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1));
  }

  private parameters(): unknown[] {
    const { titleIds, bucket } = this.asked;
    return [this.scope.studioId, titleIds, this.every, bucket.width, bucket.height];
  }

  /** The shots of the sample, read once a preview. */
  private look(): Promise<Looked[]> {
    this.looked ??= this.database.inStudio(this.scope, async () => {
      const found = await rows<LookedRow>(
        `${SAMPLED} select s.id, s.first_frame, s.last_frame, s.start_pts, s.end_pts, s.sentence, ${CONTRADICTED} as contradicted, s.entry, s.measures, s.labels, s.time_base, s.width, s.height from sample s`,
        this.parameters(),
      );
      return found.map(({ id, first_frame, last_frame, start_pts, end_pts, time_base, width, height, ...about }) => ({
        id,
        footage: {
          ...about,
          startPts: Number(start_pts),
          endPts: Number(end_pts),
          frames: Number(last_frame) - Number(first_frame) + 1,
          film: { width, height, secondsPerTick: ratio(time_base) },
          bucket: this.asked.bucket,
        },
      }));
    });
    return this.looked;
  }
}
