import { describe, expect, test } from '@jest/globals';
import { cutInside, draftOf, inputOf, isAsShown, linesOf, moved, type Opinion, otherKind, shownDraft } from './opinion.js';
import type { Shot } from './shots.js';

const shot = { id: 's', number: 5, first: 50, last: 59, entry: { kind: 'cut' }, sentence: 'A dog.', labels: { people: { value: 2 }, objects: [{ value: 'sofa' }, { value: 'lamp' }] } } as unknown as Shot;
const shown = shownDraft(shot);
const opinion = (said: Partial<Opinion>): Opinion => ({ memberName: 'Ines', at: '', kind: 'cut', frame: 50, first: null, inside: [], labels: { people: '2', objects: ['lamp', 'sofa'] }, sentence: 'A dog.', ...said });

describe('what a reviewer says of a shot', () => {
  test('as it is shown says nothing else, in whatever order things are named', () => {
    expect(inputOf(shown, shown)).toEqual({});
    expect(inputOf({ ...shown, labels: { ...shown.labels, objects: ['lamp', 'sofa'] } }, shown)).toEqual({});
    expect(isAsShown(draftOf(shot, opinion({})), shown)).toBe(true);
  });

  test('of what is other only that is said', () => {
    expect(inputOf(moved(shown, -2), shown)).toEqual({ entry: { kind: 'cut', first: 48 } });
    expect(inputOf(otherKind(shown), shown)).toEqual({ entry: { kind: 'dissolve', first: 50, from: 49 } });
    expect(inputOf({ ...shown, labels: { ...shown.labels, people: [] }, sentence: ' Two dogs. ' }, shown)).toEqual({ labels: [{ label: 'people', values: [] }], sentence: 'Two dogs.' });
    expect(inputOf(cutInside(cutInside(shown, 57), 53), shown)).toEqual({ inside: [{ kind: 'cut', first: 53 }, { kind: 'cut', first: 57 }] });
    expect(cutInside(cutInside(shown, 57), 57)).toEqual(shown);
    expect(inputOf({ ...moved(shown, 3), none: true }, shown)).toEqual({ none: true });
  });

  test('taken from another it is said as they said it', () => {
    const said = draftOf(shot, opinion({ kind: 'fade', frame: 52, first: 48, inside: [{ kind: 'cut', frame: 55, first: null }], labels: { place: 'outdoors' }, sentence: 'A cat.' }));
    expect(inputOf(said, shown)).toEqual({ entry: { kind: 'fade', first: 52, from: 48 }, inside: [{ kind: 'cut', first: 55 }], labels: [{ label: 'people', values: [] }, { label: 'place', values: ['outdoors'] }, { label: 'objects', values: [] }], sentence: 'A cat.' });
    expect(inputOf(draftOf(shot, opinion({ kind: null, labels: {}, sentence: null })), shown)).toEqual({ none: true });
    expect(linesOf(said).slice(0, 2)).toEqual([['Begins', 'fade 48 to 51, then 52'], ['Not seen inside', 'cut at 55']]);
  });

  test('a film begins with its first shot, whatever is pressed', () => {
    const start = shownDraft({ ...shot, number: 0, first: 0, entry: { kind: 'start' } });
    expect(moved(start, 1)).toEqual(start);
    expect(otherKind(start)).toEqual(start);
  });
});
