import { appendEntry } from '#libs/audit';
import type { Labels, Shot as MediaShot } from '#libs/media';
import { type Database, isId, newId, notFound, Refusal, row, rows, type Scope } from '#libs/platform';
import { measureOf } from '../filters/measures.js';
import type { Media } from '../media.js';
import { type Caption, type Shot, shotColumns, type ShotRow, toShot } from '../rows.js';
import { notReviewedTwice } from './edits.js';
import { tellChanged } from './stale.js';

/** Labels that a member may write, each as rules about them know it; `objects` is a list. */
export const WRITABLE = ['people', 'faces', 'place', 'shotSize', 'scene', 'objects'] as const;
type Writable = (typeof WRITABLE)[number];

const MOST_OBJECTS = 20;
const LONGEST = 60;

type Member = Scope & { memberId: string };
type Written = { value: unknown; source: string };

/** What members say of a shot against what models saw: kept with what stood there, through every pass, and undone as it was done. */
export class ShotLabels {
  constructor(
    private readonly database: Database,
    private readonly media: Media,
  ) {}

  /** Replaces a label; no values: there is none of it. Fields of the caption that were made from it follow. Throws Refusal NOT_FOUND, UNKNOWN_FIELD, BAD_LABEL, REVIEWED_TWICE. */
  async write(scope: Member, shotId: string, label: string, values: string[]): Promise<Shot> {
    const written = labelOf(label, values);
    const name = label as Writable;
    return this.database.inStudio(scope, async () => {
      const found = await this.locked(scope, shotId);
      const by = (await row<{ name: string }>(`select name from member where id = $1`, [scope.memberId]))!.name;
      const fact = (value: unknown): object => ({ value, source: 'written', by, confidence: 1 });
      const { [name]: before, absent, ...others } = found.labels;
      const gone = ((absent?.value ?? []) as string[]).filter((one) => one !== name);
      const missing = written === undefined ? [...gone, name] : gone;
      const after = written === undefined ? undefined : Array.isArray(written) ? written.map(fact) : fact(written);
      const labels = { ...others, ...(after && { [name]: after }), ...(missing.length && { absent: fact(missing) }) } as Labels;
      return this.keep(scope, found, `labels.${name}`, before ?? null, after ?? null, { labels, caption: this.following(found, labels) });
    });
  }

  /** Puts back what a correction of a label or caption field changed, as a correction of its own. Throws Refusal NOT_FOUND, CHANGED_MEANWHILE, REVIEWED_TWICE. */
  async undo(scope: Member, correctionId: string): Promise<Shot> {
    return this.database.inStudio(scope, async () => {
      const correction = isId(correctionId) ? await row<{ shotId: string; field: string; before: Written | null; after: Written | null }>(`select shot_id as "shotId", field, before, after from correction where studio_id = $1 and id = $2`, [scope.studioId, correctionId]) : undefined;
      if (!correction) throw notFound('correction');
      const { field, before, after } = correction;
      const found = await this.locked(scope, correction.shotId);
      const name = field.replace(/^labels\./, '');
      const now = field === name ? found.caption[name] : found.labels[name];
      if (!same(now, after)) throw new Refusal('CHANGED_MEANWHILE', 'Somebody has written another value since.', 'Look at how it is now, and undo the latest correction first.', 409);
      if (field === name) {
        // What a sentence was before anybody wrote it is built anew from the fields.
        const { [name]: _gone, ...rest } = found.caption;
        const caption = before && !(name === 'sentence' && before.source !== 'written') ? { ...found.caption, [name]: before } : rest;
        return this.keep(scope, found, field, after, before, { labels: found.labels as Labels, caption: caption as Caption });
      }
      const { [name]: _was, absent, ...others } = found.labels;
      const gone = ((absent?.value ?? []) as string[]).filter((one) => one !== name);
      const labels = { ...others, ...(before && { [name]: before }), ...(gone.length && { absent: { ...absent, value: gone } }) } as Labels;
      return this.keep(scope, found, field, after, before, { labels, caption: this.following(found, labels) });
    });
  }

  private async locked(scope: Scope, shotId: string): Promise<Omit<ShotRow, 'labels'> & { labels: Record<string, Written | undefined> }> {
    const found = isId(shotId) ? await row<ShotRow>(`select ${shotColumns} from shot where studio_id = $1 and id = $2 for update`, [scope.studioId, shotId]) : undefined;
    if (!found) throw notFound('shot');
    await notReviewedTwice(scope, found.title_id);
    return found as never;
  }

  /** Caption fields that say something else with these labels are built anew, but for what members and captioners wrote. */
  private following(found: { labels: object; caption: Caption }, labels: Labels): Caption {
    const said = (of: object): Caption => this.media.captionFor({ ...toShot(found as unknown as ShotRow), index: 0, labels: of } as unknown as MediaShot);
    const [was, is] = [said(found.labels), said(labels)];
    const caption: Caption = { ...found.caption };
    for (const field of new Set([...Object.keys(was), ...Object.keys(is)])) {
      // A field that was made from a written label is no field that a member wrote.
      if (same(was[field], is[field]) || (caption[field]?.source === 'written' && !same(caption[field], was[field]))) continue;
      if (is[field]) caption[field] = is[field];
      else delete caption[field];
    }
    return caption;
  }

  private async keep(scope: Member, found: { id: string; title_id: string }, field: string, before: unknown, after: unknown, { labels, caption }: { labels: Labels; caption: Caption }): Promise<Shot> {
    const id = newId();
    const json = (value: unknown): string | null => (value == null ? null : JSON.stringify(value));
    await rows(`insert into correction (id, studio_id, shot_id, member_id, field, before, after) values ($1, $2, $3, $4, $5, $6, $7)`, [id, scope.studioId, found.id, scope.memberId, field, json(before), json(after)]);
    await appendEntry('correction', { correction: id, shot: found.id, title: found.title_id, field });
    const sentence = caption.sentence ? String(caption.sentence.value) : this.media.sentenceOf(caption);
    const changed = await row<ShotRow>(`update shot set labels = $3, caption = $4, sentence = $5 where studio_id = $1 and id = $2 returning ${shotColumns}`, [scope.studioId, found.id, labels, caption, sentence]);
    await tellChanged(found.title_id, [found.id]);
    return toShot(changed!);
  }
}

/** As it lies in labels; undefined: there is none. Throws Refusal UNKNOWN_FIELD, BAD_LABEL. */
export function labelOf(label: string, values: string[]): string | number | string[] | undefined {
  const name = WRITABLE.find((one) => one === label);
  if (!name) throw new Refusal('UNKNOWN_FIELD', `A shot has no label ${label.slice(0, LONGEST)} that a member writes.`, `Use one of ${WRITABLE.join(', ')}.`, 400);
  const words = [...new Set(values.map((value) => value.trim().replaceAll(/\s+/g, ' ')))];
  const bad = (message: string, wayOut: string): Refusal => new Refusal('BAD_LABEL', message, wayOut, 400);
  if (words.some((word) => !word || word.length > LONGEST)) throw bad(`A label has 1 to ${LONGEST} characters.`, 'Write it shorter, or leave it out.');
  if (!words.length) return undefined;
  if (name === 'objects') {
    if (words.length > MOST_OBJECTS) throw bad(`A shot has at most ${MOST_OBJECTS} things.`, 'Keep those that matter.');
    return words;
  }
  if (words.length > 1) throw bad(`There is one value of ${name}.`, 'Give one.');
  const known = measureOf(name);
  const choices = known?.kind === 'words' ? known.values : null;
  if (choices && !choices.includes(words[0]!)) throw bad(`${words[0]} is none of the values of ${name}.`, `Use one of ${choices.join(', ')}, or none.`);
  return /^\d$/.test(words[0]!) && name !== 'scene' ? Number(words[0]) : words[0];
}

/** Whether two facts say the same: the order in which a database keeps their fields says nothing. */
function same(a: unknown, b: unknown): boolean {
  if (a == null || b == null || typeof a !== 'object' || typeof b !== 'object') return (a ?? null) === (b ?? null);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}
