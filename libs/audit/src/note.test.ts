import { expect, test } from '@jest/globals';
import { generateLogKey, keyName, openNote, readCheckpoint, signCheckpoint, signNote, verifierOf, verifyCheckpoint } from './note.js';

// Key, note and signature of golang.org/x/mod/sumdb/note's documentation: what Go signed opens here.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const ESSAY = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

test("a note signed by Go's implementation opens, and signing it here gives the same line", () => {
  expect(openNote(ESSAY, PETER)).toBe(ESSAY.slice(0, ESSAY.indexOf('\n\n') + 1));
  const signer = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
  expect(signNote(openNote(ESSAY, PETER), signer)).toBe(ESSAY);
  expect(verifierOf(signer)).toBe(PETER);
});

test.each([
  ['another text', ESSAY.replace('answer', 'question'), 'BAD_SIGNATURE'],
  ['a changed signature', ESSAY.replace('ZJkuBS', 'ZJkuBT'), 'BAD_SIGNATURE'],
  ['no signature', 'text\n', 'BAD_NOTE'],
  ['a malformed signature line', `${ESSAY}junk\n`, 'BAD_NOTE'],
  ['control characters', ESSAY.replace('think', 'th\u0001nk'), 'BAD_NOTE'],
])('%s is refused', (_, note, code) => {
  expect(() => openNote(note, PETER)).toThrow(expect.objectContaining({ code }));
});

test('signatures of other keys on the same note are passed over', () => {
  const other = generateLogKey('witness.example/w1');
  const line = signNote(openNote(ESSAY, PETER), other.signer).split('\n').at(-2)!;
  expect(openNote(`${ESSAY}${line}\n`, PETER)).toContain('cryptography');
  expect(() => openNote(ESSAY, other.verifier)).toThrow(expect.objectContaining({ code: 'BAD_SIGNATURE' }));
});

test('a checkpoint says origin, size and root, and belongs to the log of its key', () => {
  const key = generateLogKey('backlot/studio/one');
  const root = Buffer.alloc(32, 7);
  const note = signCheckpoint({ size: 5, root }, key.signer);
  expect(note.startsWith(`backlot/studio/one\n5\n${root.toString('base64')}\n\n— backlot/studio/one `)).toBe(true);
  expect(verifyCheckpoint(note, key.verifier)).toEqual({ origin: 'backlot/studio/one', size: 5, root });
  expect(keyName(key.verifier)).toBe('backlot/studio/one');
  expect(() => verifyCheckpoint(note.replace('\n5\n', '\n6\n'), key.verifier)).toThrow(expect.objectContaining({ code: 'BAD_SIGNATURE' }));
  expect(() => verifyCheckpoint(note, key.verifier.replace('one', 'two'))).toThrow(expect.objectContaining({ code: 'BAD_KEY' }));
  expect(() => readCheckpoint('origin\n05\nabc\n')).toThrow(expect.objectContaining({ code: 'BAD_CHECKPOINT' }));
});
