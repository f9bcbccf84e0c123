import { appendEntry } from '#libs/audit';
import { type Database, decodeCursor, emit, isId, newId, notFound, type Page, type Paged, pageSize, Refusal, row, rows, type Scope, toPage } from '#libs/platform';
import { type Edit, type FrameRange, editsOf, lockEdit, registerEdit, timedEdit, type TimedEdit } from './edit.js';
import { type FrameRow, readFrameList, type RefusedRow } from './frame-list.js';
import { shortName, Vocabulary } from './policy/vocabulary.js';

/** Frames of a title that a licence or a person leaves out. */
export interface Exclusion extends FrameRange {
  id: string;
  titleId: string;
  why: string;
  /** The clause of the contract that asks for it. */
  clause: string | null;
  /** Actions that may not touch the frames; empty: every action. */
  actions: string[];
  addedBy: string | null;
  addedAt: Date;
  changedBy: string | null;
  changedAt: Date | null;
}

export interface ExclusionInput extends FrameRange {
  why: string;
  clause?: string | null;
  actions?: string[] | null;
}

export type MarkKind = 'performer' | 'cue';

/** Frames in which a performer appears or a cue plays. */
export interface Mark extends FrameRange {
  id: string;
  titleId: string;
  kind: MarkKind;
  /** Who or what: the id that contracts name. */
  subject: string;
  source: 'written' | 'modelled';
  /** The member who wrote it, or the model. */
  by: string;
  confidence: number;
  addedAt: Date;
  changedAt: Date | null;
}

export interface MarkInput extends FrameRange {
  kind: MarkKind;
  subject: string;
  /** Absent: a member writes it. */
  modelled?: { by: string; confidence: number };
}

/** What became of a list: nothing in it is lost, what was not taken is given back with its reason. */
export interface Imported {
  added: number;
  /** Rows that were there already. */
  known: number;
  refused: RefusedRow[];
}

const exclusionColumns = `id, title_id as "titleId", first_frame as first, end_frame as end, why, clause, actions, added_by as "addedBy", added_at as "addedAt", changed_by as "changedBy", changed_at as "changedAt"`;
const markColumns = `id, title_id as "titleId", kind, subject, first_frame as first, end_frame as end, source, by, confidence, added_at as "addedAt", changed_at as "changedAt"`;

const MOST_ROWS = 2_000;
const MOST = { exclusion: 2_000, mark: 10_000 };

/**
 * What is left out of titles, and what their frames show. Places are frames of the title's master and are held against it; a change is
 * logged with its member, and told as `rights.changed` so that what was decided before it is decided anew.
 */
export class Exclusions {
  constructor(private readonly database: Database) {}

  /** Writes what a title's frames are, in the transaction that makes its analysis real. */
  register(scope: Scope, edit: Parameters<typeof registerEdit>[1]): Promise<void> {
    return registerEdit(scope, edit);
  }

  /** By title id; a title that is not analysed is absent. */
  edits(scope: Scope, titleIds: string[]): Promise<Map<string, Edit>> {
    return this.database.inStudio(scope, () => editsOf(scope, titleIds));
  }

  /** The title's frames with their timestamps; undefined where it is not analysed. */
  timed(scope: Scope, titleId: string): Promise<TimedEdit | undefined> {
    return this.database.inStudio(scope, () => timedEdit(scope, titleId));
  }

  /** Counts the changes to what is left out of the title and marked in it; undefined where it is not analysed. */
  async revision(scope: Scope, titleId: string): Promise<number | undefined> {
    return this.database.inStudio(scope, async () => {
      const found = await row<{ revision: string }>(`select revision from edit where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]);
      return found && Number(found.revision);
    });
  }

  /** Those of the titles whose count is another now. */
  async changedSince(scope: Scope, counted: { titleId: string; revision: number | null }[]): Promise<string[]> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string }>(
        `select title_id from edit join unnest($2::uuid[], $3::bigint[]) as seen(id, revision) on seen.id = title_id where studio_id = $1 and edit.revision is distinct from seen.revision`,
        [scope.studioId, counted.map(({ titleId }) => titleId), counted.map(({ revision }) => revision)],
      );
      return found.map((edit) => edit.title_id);
    });
  }

  /** Another text whenever what is left out of the title may be another: a licence, exclusion or mark of it has changed. Undefined where it is not analysed. */
  async stamp(scope: Scope, titleId: string): Promise<string | undefined> {
    return this.database.inStudio(scope, async () => (await row<{ stamp: string }>(`select revision || ' ' || array_to_string(licences_standing(array[$2::uuid]), ' ') as stamp from edit where studio_id = $1 and title_id = $2`, [scope.studioId, titleId]))?.stamp);
  }

  /** Leaves frames out. The same once more is the one that is there. Throws Refusal NOT_ANALYSED, BAD_EXCLUSION. */
  async add(scope: Scope, titleId: string, input: ExclusionInput): Promise<Exclusion> {
    return this.database.inStudio(scope, async () => {
      const { added, known } = await this.insert(scope, await lockEdit(scope, titleId), [checkedExclusion(input)]);
      return (added[0] ?? known[0])!;
    });
  }

  /** Throws Refusal NOT_FOUND, BAD_EXCLUSION, SAME_EXCLUSION. */
  async change(scope: Scope, id: string, input: ExclusionInput): Promise<Exclusion> {
    const { first, end, why, clause, actions } = checkedExclusion(input);
    return this.database.inStudio(scope, async () => {
      const { before, edit } = await this.locked<Exclusion>(scope, 'exclusion', exclusionColumns, id);
      inside(edit, { first, end }, 'BAD_EXCLUSION');
      const [same] = await this.same(edit.titleId, [{ first, end, why, clause, actions }]);
      if (same && same.id !== id) throw new Refusal('SAME_EXCLUSION', 'The title has the same exclusion already.', 'Remove this one.', 409);
      const after = await row<Exclusion>(
        `update exclusion set first_frame = $2, end_frame = $3, why = $4, clause = $5, actions = $6, changed_by = $7, changed_at = now() where id = $1 returning ${exclusionColumns}`,
        [id, first, end, why, clause, actions, scope.memberId ?? null],
      );
      await this.told(scope, edit.titleId, 'exclusion', { change: 'changed', exclusion: id, before: plain(before), after: plain(after!) });
      return after!;
    });
  }

  /** Its frames are no longer left out; the row stays for those who ask what was. Throws Refusal NOT_FOUND. */
  async remove(scope: Scope, id: string): Promise<Exclusion> {
    return this.database.inStudio(scope, async () => {
      const { before, edit } = await this.locked<Exclusion>(scope, 'exclusion', exclusionColumns, id);
      await rows(`update exclusion set removed_by = $2, removed_at = now() where id = $1`, [id, scope.memberId ?? null]);
      await this.told(scope, edit.titleId, 'exclusion', { change: 'removed', exclusion: id, before: plain(before) });
      return before;
    });
  }

  /**
   * Takes every row of a CSV or EDL that reads and lies in the master; the others come back with their reasons. The same list again adds
   * nothing. Throws Refusal NOT_ANALYSED, BAD_LIST.
   */
  async import(scope: Scope, titleId: string, { list, start, why }: { list: string; start?: string | null; why?: string | null }): Promise<Imported> {
    return this.database.inStudio(scope, async () => {
      const edit = await lockEdit(scope, titleId);
      const read = readFrameList(list, { rate: edit.even ? edit.rate : null, start: start ?? null, why: why ?? null });
      if (read.rows.length + read.refused.length > MOST_ROWS) throw new Refusal('BAD_LIST', `The list has more than ${MOST_ROWS} rows.`, 'Send it in parts.', 400);
      const refused = [...read.refused];
      const taken = read.rows.filter((given) => {
        const problem = problemOf(edit, given);
        if (problem) refused.push({ line: given.line, text: given.text, ...problem });
        return !problem;
      });
      const { added } = await this.insert(scope, edit, taken.map(checkedExclusion));
      return { added: added.length, known: taken.length - added.length, refused: refused.sort((a, b) => a.line - b.line) };
    });
  }

  /** Of a title, in the order shown. */
  async page(scope: Scope, titleId: string, page: Page): Promise<Paged<Exclusion>> {
    return this.list<Exclusion>(scope, 'exclusion', exclusionColumns, titleId, page);
  }

  async count(scope: Scope, titleIds: string[]): Promise<Map<string, number>> {
    return this.counted(scope, 'exclusion', titleIds);
  }

  /** Those in force, by title id. */
  async ofTitles(titleIds: string[]): Promise<Map<string, Exclusion[]>> {
    const found = await rows<Exclusion>(`select ${exclusionColumns} from exclusion where studio_id = current_studio() and title_id = any($1) and removed_at is null order by title_id, first_frame, id`, [titleIds]);
    return Map.groupBy(found, (exclusion) => exclusion.titleId);
  }

  /** Marks frames. Throws Refusal NOT_ANALYSED, BAD_MARK. */
  async addMark(scope: Scope, titleId: string, input: MarkInput): Promise<Mark> {
    const { first, end, kind, subject } = checkedMark(input);
    return this.database.inStudio(scope, async () => {
      const edit = await lockEdit(scope, titleId);
      inside(edit, { first, end }, 'BAD_MARK');
      await this.room('mark', titleId, 1);
      const by = input.modelled?.by ?? (await row<{ name: string }>(`select name from member where id = $1`, [scope.memberId ?? null]))?.name ?? 'the product';
      const mark = await row<Mark>(
        `insert into mark (id, studio_id, title_id, kind, subject, first_frame, end_frame, source, by, confidence, added_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning ${markColumns}`,
        [newId(), scope.studioId, titleId, kind, subject, first, end, input.modelled ? 'modelled' : 'written', by, input.modelled?.confidence ?? 1, scope.memberId ?? null],
      );
      await this.told(scope, titleId, 'mark', { change: 'added', mark: mark!.id, after: plainMark(mark!) });
      return mark!;
    });
  }

  /** A member's word on a mark: it counts as written by them from then on. Throws Refusal NOT_FOUND, BAD_MARK. */
  async changeMark(scope: Scope, id: string, input: MarkInput): Promise<Mark> {
    const { first, end, kind, subject } = checkedMark(input);
    return this.database.inStudio(scope, async () => {
      const { before, edit } = await this.locked<Mark>(scope, 'mark', markColumns, id);
      inside(edit, { first, end }, 'BAD_MARK');
      const by = (await row<{ name: string }>(`select name from member where id = $1`, [scope.memberId ?? null]))?.name ?? 'the product';
      const after = await row<Mark>(
        `update mark set kind = $2, subject = $3, first_frame = $4, end_frame = $5, source = 'written', by = $6, confidence = 1, changed_by = $7, changed_at = now() where id = $1 returning ${markColumns}`,
        [id, kind, subject, first, end, by, scope.memberId ?? null],
      );
      await this.told(scope, edit.titleId, 'mark', { change: 'changed', mark: id, before: plainMark(before), after: plainMark(after!) });
      return after!;
    });
  }

  /** Throws Refusal NOT_FOUND. */
  async removeMark(scope: Scope, id: string): Promise<Mark> {
    return this.database.inStudio(scope, async () => {
      const { before, edit } = await this.locked<Mark>(scope, 'mark', markColumns, id);
      await rows(`update mark set removed_by = $2, removed_at = now() where id = $1`, [id, scope.memberId ?? null]);
      await this.told(scope, edit.titleId, 'mark', { change: 'removed', mark: id, before: plainMark(before) });
      return before;
    });
  }

  /**
   * A member says whether every frame with a performer (or cue) is marked. Until then who appears is unknown in each frame of the title,
   * whatever is marked: a frame without a mark might be one that nobody has looked at. Throws Refusal NOT_ANALYSED.
   */
  async completeMarks(scope: Scope, titleId: string, kind: MarkKind, complete: boolean): Promise<Edit> {
    return this.database.inStudio(scope, async () => {
      const before = await lockEdit(scope, titleId);
      const column = kind === 'performer' ? 'performers_marked' : 'cues_marked';
      await rows(`update edit set ${column} = $2 where title_id = $1`, [titleId, complete]);
      if ((kind === 'performer' ? before.performersMarked : before.cuesMarked) !== complete) await this.told(scope, titleId, 'mark', { change: complete ? 'complete' : 'incomplete', kind });
      return (await editsOf(scope, [titleId])).get(titleId)!;
    });
  }

  async marks(scope: Scope, titleId: string, page: Page): Promise<Paged<Mark>> {
    return this.list<Mark>(scope, 'mark', markColumns, titleId, page);
  }

  async countMarks(scope: Scope, titleIds: string[]): Promise<Map<string, number>> {
    return this.counted(scope, 'mark', titleIds);
  }

  /** Those in force, by title id. */
  async marksOfTitles(titleIds: string[]): Promise<Map<string, Mark[]>> {
    const found = await rows<Mark>(`select ${markColumns} from mark where studio_id = current_studio() and title_id = any($1) and removed_at is null order by title_id, first_frame, id`, [titleIds]);
    return Map.groupBy(found, (mark) => mark.titleId);
  }

  private async insert(scope: Scope, edit: Edit, given: Required<ExclusionInput>[]): Promise<{ added: Exclusion[]; known: Exclusion[] }> {
    for (const { first, end } of given) inside(edit, { first, end }, 'BAD_EXCLUSION');
    if (!given.length) return { added: [], known: [] };
    await this.room('exclusion', edit.titleId, given.length);
    const added = await rows<Exclusion>(
      `insert into exclusion (id, studio_id, title_id, first_frame, end_frame, why, clause, actions, added_by)
       select id, $1, $2, first, "end", why, clause, actions, $3 from jsonb_to_recordset($4) as x(id uuid, first int, "end" int, why text, clause text, actions text[]) on conflict do nothing returning ${exclusionColumns}`,
      [scope.studioId, edit.titleId, scope.memberId ?? null, JSON.stringify(given.map((exclusion) => ({ id: newId(), ...exclusion })))],
    );
    if (added.length) await this.told(scope, edit.titleId, 'exclusion', { change: 'added', exclusions: added.map((exclusion) => ({ exclusion: exclusion.id, ...plain(exclusion) })) });
    return { added, known: added.length ? [] : await this.same(edit.titleId, given) };
  }

  private same(titleId: string, given: Required<ExclusionInput>[]): Promise<Exclusion[]> {
    const [{ first, end, why, clause, actions }] = given as [Required<ExclusionInput>];
    return rows<Exclusion>(
      `select ${exclusionColumns} from exclusion where title_id = $1 and first_frame = $2 and end_frame = $3 and md5(why) = md5($4) and coalesce(clause, '') = coalesce($5, '') and actions = $6 and removed_at is null`,
      [titleId, first, end, why, clause, actions],
    );
  }

  /** Decisions read all of a title's, so there is an end to how many it has. */
  private async room(table: 'exclusion' | 'mark', titleId: string, more: number): Promise<void> {
    const { count } = (await row<{ count: string }>(`select count(*) from ${table} where studio_id = current_studio() and title_id = $1 and removed_at is null`, [titleId]))!;
    if (Number(count) + more > MOST[table]) throw new Refusal('TOO_MANY', `A title has at most ${MOST[table]} ${table}s; it has ${count}.`, 'Join those that touch each other.', 409);
  }

  private async locked<T extends { titleId: string }>(scope: Scope, table: 'exclusion' | 'mark', columns: string, id: string): Promise<{ before: T; edit: Edit }> {
    const find = (): Promise<T | undefined> => row<T>(`select ${columns} from ${table} where studio_id = $1 and id = $2 and removed_at is null`, [scope.studioId, isId(id) ? id : null]);
    const seen = await find();
    if (!seen) throw notFound(table);
    const edit = await lockEdit(scope, seen.titleId);
    // Whoever held the title's lock before may have removed or changed it.
    const before = await find();
    if (!before) throw notFound(table);
    return { before, edit };
  }

  private async list<T extends FrameRange & { id: string }>(scope: Scope, table: 'exclusion' | 'mark', columns: string, titleId: string, page: Page): Promise<Paged<T>> {
    const first = pageSize(page.first);
    const after = decodeCursor(page.after, 2);
    return this.database.inStudio(scope, async () => {
      const found = await rows<T>(
        `select ${columns} from ${table} where studio_id = $1 and title_id = $2 and removed_at is null and ($3::int is null or (first_frame, id) > ($3, $4::uuid)) order by first_frame, id limit $5`,
        [scope.studioId, isId(titleId) ? titleId : null, after ? Number(after[0]) : null, after?.[1] ?? null, first + 1],
      );
      return toPage(found, first, (item) => [String(item.first), item.id]);
    });
  }

  private async counted(scope: Scope, table: 'exclusion' | 'mark', titleIds: string[]): Promise<Map<string, number>> {
    return this.database.inStudio(scope, async () => {
      const found = await rows<{ title_id: string; count: string }>(`select title_id, count(*) from ${table} where studio_id = $1 and title_id = any($2) and removed_at is null group by title_id`, [scope.studioId, titleIds.filter(isId)]);
      return new Map([...titleIds.map((id): [string, number] => [id, 0]), ...found.map((item): [string, number] => [item.title_id, Number(item.count)])]);
    });
  }

  /** Logged, and told to what reacts; the tables themselves tell every process that keeps a key. */
  private async told(scope: Scope, titleId: string, type: 'exclusion' | 'mark', what: Record<string, unknown>): Promise<void> {
    await rows(`update edit set revision = revision + 1 where title_id = $1`, [titleId]);
    await appendEntry(type, { title: titleId, member: scope.memberId ?? null, ...what });
    await emit('rights.changed', { titleIds: [titleId], cause: type });
  }
}

const plain = ({ first, end, why, clause, actions }: Exclusion): Record<string, unknown> => ({ first, end, why, clause, actions });
const plainMark = ({ kind, subject, first, end, source, by, confidence }: Mark): Record<string, unknown> => ({ kind, subject, first, end, source, by, confidence });

function checkedExclusion({ first, end, why, clause, actions }: ExclusionInput): Required<ExclusionInput> & { clause: string | null; actions: string[] } {
  const words = why.trim();
  if (!words || words.length > 1000) throw bad('BAD_EXCLUSION', 'An exclusion says why in 1 to 1,000 characters.');
  const of = clause?.trim() || null;
  if ((of?.length ?? 0) > 200) throw bad('BAD_EXCLUSION', 'A clause is named in at most 200 characters.');
  const names = [...new Set((actions ?? []).map(shortName))].sort();
  const unknown = names.find((name) => !Vocabulary.profile.actions.has(name));
  if (unknown !== undefined) throw bad('BAD_EXCLUSION', `"${unknown}" is not an action of the profile.`);
  return { first, end, why: words, clause: of, actions: names };
}

function checkedMark({ first, end, kind, subject, modelled }: MarkInput): FrameRange & { kind: MarkKind; subject: string } {
  const who = subject.trim();
  if (!who || who.length > 500) throw bad('BAD_MARK', 'A mark names its performer or cue by an id of 1 to 500 characters.');
  if (modelled && !(modelled.confidence >= 0 && modelled.confidence <= 1)) throw bad('BAD_MARK', 'A confidence is 0 to 1.');
  return { first, end, kind, subject: who };
}

/** The problem of a row of a list, so that the others can still be taken. */
function problemOf(edit: Edit, given: FrameRow): { code: string; message: string } | undefined {
  try {
    checkedExclusion(given);
    inside(edit, given, 'BAD_EXCLUSION');
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { code: error.code, message: error.message };
  }
}

function inside({ frames }: Edit, { first, end }: FrameRange, code: string): void {
  if (Number.isInteger(first) && Number.isInteger(end) && first >= 0 && end > first && end <= frames) return;
  throw bad(code, `The master has frames 0 to ${frames - 1}; from ${first} up to (without) ${end} is no range of them.`);
}

const bad = (code: string, message: string): Refusal => new Refusal(code, message, 'Correct it and send it again.', 400);
