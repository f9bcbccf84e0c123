import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { Refusal } from '#libs/platform';
import { HASH_BYTES } from './merkle.js';

/**
 * Signed notes (c2sp.org/signed-note) and checkpoints (c2sp.org/tlog-checkpoint) with Ed25519.
 * Key strings are those of Go's golang.org/x/mod/sumdb/note, so that its tools read them.
 */

const ED25519 = 0x01;
const SEPARATOR = '\n\n— ';

export interface LogKey {
  /** `PRIVATE+KEY+name+hex(id)+base64(0x01 || seed)`: a secret. */
  signer: string;
  /** `name+hex(id)+base64(0x01 || public key)`: hand it to whoever verifies. */
  verifier: string;
}

export interface Checkpoint {
  /** The log's name; its key has the same. */
  origin: string;
  size: number;
  root: Buffer;
}

/** A new Ed25519 key whose name is the log's origin. */
export function generateLogKey(origin: string): LogKey {
  if (!isKeyName(origin)) throw new RangeError('a log origin is not empty and has neither spaces nor plus signs');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const point = rawPublicKey(publicKey);
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url');
  const name = `${origin}+${keyId(origin, point).toString('hex')}`;
  return { signer: `PRIVATE+KEY+${name}+${typed(seed)}`, verifier: `${name}+${typed(point)}` };
}

/** The text (it ends in a newline) followed by its signature line. */
export function signNote(text: string, signer: string): string {
  if (!isText(text)) throw new RangeError('a note text ends in a newline and has no other control characters');
  const { name, key, point } = readSigner(signer);
  const signature = Buffer.concat([keyId(name, point), sign(null, Buffer.from(text, 'utf8'), key)]);
  return `${text}\n— ${name} ${signature.toString('base64')}\n`;
}

/**
 * The text of a note, once a signature of the verifier's key is on it and right. Signatures of other keys are passed over, as the
 * specification asks. Refuses with BAD_NOTE (not a note) or BAD_SIGNATURE (not signed by this key, or changed since).
 */
export function openNote(note: string, verifier: string): string {
  const { text, signatures } = splitNote(note);
  const { name, id, key } = readVerifier(verifier);
  const ours = signatures.filter((signature) => signature.name === name && signature.bytes.subarray(0, 4).equals(id));
  if (ours.length === 0) throw new Refusal('BAD_SIGNATURE', `The note is not signed by ${name}.`, 'Check that the verifier key is the one of this log.');
  if (!ours.every(({ bytes }) => verify(null, Buffer.from(text, 'utf8'), key, bytes.subarray(4))))
    throw new Refusal('BAD_SIGNATURE', `The signature of ${name} does not match the note: it was changed after signing.`, 'Get the note again from its source.');
  return text;
}

/** A signed checkpoint of a log; the origin is the name of the key. */
export function signCheckpoint(checkpoint: Omit<Checkpoint, 'origin'>, signer: string): string {
  return signNote(`${readSigner(signer).name}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`, signer);
}

/** The head that a signed checkpoint states. Refuses like openNote, and with BAD_CHECKPOINT for a note that is no checkpoint. */
export function verifyCheckpoint(note: string, verifier: string): Checkpoint {
  const checkpoint = readCheckpoint(openNote(note, verifier));
  if (checkpoint.origin !== readVerifier(verifier).name)
    throw new Refusal('BAD_CHECKPOINT', `The checkpoint is of the log ${checkpoint.origin}, the key of another.`, 'Use the checkpoint and the key of one log.');
  return checkpoint;
}

/** The head of a note text or whole note, believed as it is: only for what is checked in another way. */
export function readCheckpoint(note: string): Checkpoint {
  const [origin = '', size = '', root = ''] = note.split('\n', 3);
  const hash = Buffer.from(root, 'base64');
  const right = origin !== '' && /^(0|[1-9][0-9]{0,15})$/.test(size) && hash.length === HASH_BYTES && hash.toString('base64') === root && Number.isSafeInteger(Number(size));
  if (!right) throw new Refusal('BAD_CHECKPOINT', 'The note is not a checkpoint: it needs an origin, a size and a root.', 'Give the checkpoint file of a log.');
  return { origin, size: Number(size), root: hash };
}

/** The verifier key string that belongs to a signer. */
export function verifierOf(signer: string): string {
  const { name, point } = readSigner(signer);
  return `${name}+${keyId(name, point).toString('hex')}+${typed(point)}`;
}

/** The origin that a signer or verifier key string names. */
export function keyName(key: string): string {
  return key.startsWith('PRIVATE+KEY+') ? readSigner(key).name : readVerifier(key).name;
}

function splitNote(note: string): { text: string; signatures: { name: string; bytes: Buffer }[] } {
  const bad = (why: string): Refusal => new Refusal('BAD_NOTE', `This is not a signed note: ${why}.`, 'Give the file as the log wrote it.');
  // 1 MB is room for every signature that the specification asks verifiers to accept.
  if (note.length > 1_000_000) throw bad('it is too long');
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.startsWith(SEPARATOR, at)) throw bad('it has no signature');
  const text = note.slice(0, at + 1);
  if (!isText(text) || !note.endsWith('\n')) throw bad('it has control characters or no last newline');
  const signatures = note
    .slice(at + 2, -1)
    .split('\n')
    .map((line) => {
      const [dash, name = '', base64 = '', ...rest] = line.split(' ');
      const bytes = Buffer.from(base64, 'base64');
      if (dash !== '—' || !isKeyName(name) || rest.length > 0 || bytes.length < 5 || bytes.toString('base64') !== base64) throw bad('a signature line is malformed');
      return { name, bytes };
    });
  return { text, signatures };
}

function readSigner(signer: string): { name: string; key: KeyObject; point: Buffer } {
  const [, name, hex, base64] = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(signer) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (!name || bytes.length !== 33 || bytes[0] !== ED25519) throw badKey();
  // A PKCS #8 Ed25519 key is this prefix and the seed (RFC 8410).
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), bytes.subarray(1)]), format: 'der', type: 'pkcs8' });
  const point = rawPublicKey(createPublicKey(key));
  if (keyId(name, point).toString('hex') !== hex) throw badKey();
  return { name, key, point };
}

function readVerifier(verifier: string): { name: string; id: Buffer; key: KeyObject } {
  const [, name, hex, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(verifier.trim()) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (!name || bytes.length !== 33 || bytes[0] !== ED25519) throw badKey();
  const point = bytes.subarray(1);
  const id = keyId(name, point);
  if (id.toString('hex') !== hex) throw badKey();
  return { name, id, key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }, format: 'jwk' }) };
}

const badKey = (): Refusal => new Refusal('BAD_KEY', 'The log key is not one: it reads name+hex id+base64, and the id is derived from the rest.', 'Copy the whole key string.');
const rawPublicKey = (key: KeyObject): Buffer => Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url');
const typed = (key: Buffer): string => Buffer.concat([Buffer.of(ED25519), key]).toString('base64');
const keyId = (name: string, point: Buffer): Buffer =>
  createHash('sha256').update(`${name}\n`).update(Buffer.of(ED25519)).update(point).digest().subarray(0, 4);
const isKeyName = (name: string): boolean => name !== '' && !/[\s+]/u.test(name);
// eslint-disable-next-line no-control-regex -- control characters are what the specification forbids
const isText = (text: string): boolean => text.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]/u.test(text) && text.isWellFormed();
