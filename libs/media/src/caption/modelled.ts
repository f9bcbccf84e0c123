import { type Conflict, contradictions, type Facts } from './contradictions.js';
import type { Caption, Disagreement } from './fields.js';

/** What a vision-language model says of a shot: plain text in two fields. */
export interface Answer {
  subject?: string | undefined;
  action?: string | undefined;
}

/** Letters that a field of a model's answer holds at most; a longer one is not shortened but left out, because its end may turn its sense. */
const MOST = 300;

/**
 * A model's words as one line of plain text, or undefined where they are no words. They are data whoever wrote them: a text that the
 * camera saw may read like an order or like markup.
 */
export function plainWords(text: string): string | undefined {
  if (text.length > 4 * MOST) return undefined;
  const line = text
    .toWellFormed()
    .normalize('NFC')
    // Control, format (joiners, bidirectional overrides, tags) and private characters; what is not a letter of any language shows nothing.
    .replaceAll(/[\p{Cc}\p{Z}]+/gu, ' ')
    .replaceAll(/[\p{Cf}\p{Co}\p{Cn}\uFFFD]/gu, '')
    .trim()
    .replace(/[.\s]+$/u, '');
  return line.length <= MOST && /\p{L}{2}/u.test(line) && !/[<>{}\\`|]|:\/\//u.test(line) ? startsSmall(line) : undefined;
}

/** A field stands inside a sentence: "A woman" becomes "a woman", names and initials stay. */
const startsSmall = (line: string): string => line.replace(/^(An?|The|Two|Three|Four|Five|Several|Many|Some|People|Person|Man|Woman|Men|Women|One|No)\b/u, (word) => word.toLowerCase());

/**
 * A caption with a model's subject and action. What goes against a known fact is not taken: the field stays as it was measured, and the
 * disagreement is kept for a person. "A man" is right where two people are known if he "talks to a woman": the fields are judged together
 * first. An action is not said of nobody: it goes with a subject that is not taken and not known otherwise.
 */
export function withAnswer(caption: Caption, { subject, action }: Answer, by: string, facts: Facts): Caption {
  const conflicts = (...texts: (string | undefined)[]): Conflict[] => contradictions(texts.filter(Boolean).join(' '), facts);
  const [saidSubject, saidAction] = [subject, action].map((value) => value && { value, source: 'modelled' as const, by });
  const taken = (of: Caption): Caption => ({ ...of, ...(saidAction && of.subject && { action: saidAction }) });
  if (!conflicts(subject, action).length) return taken({ ...caption, ...(saidSubject && { subject: saidSubject }) });
  const ofSubject = subject ? conflicts(subject) : [];
  const kept = { ...caption, ...(saidSubject && !ofSubject.length && { subject: saidSubject }) };
  const ofAction = action ? conflicts(kept.subject?.value, action) : [];
  const told = (field: Disagreement['field'], text: string | undefined, found: Conflict[]): Disagreement[] => found.map((conflict) => ({ field, ...conflict, text: text! }));
  const value = [...told('subject', subject, ofSubject), ...told('action', action, ofAction)];
  return { ...(ofAction.length ? kept : taken(kept)), ...(value.length > 0 && { disagreements: { value, source: 'modelled', by } }) };
}
