import { createHash, randomBytes } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * What Backlot logs. The list is open: a verifier accepts any type.
 * `checkpoint` is an entry of the platform's log and holds the head of a studio's log.
 */
export type EntryType =
  | 'decision'
  | 'refusal'
  | 'key.release'
  | 'upload'
  | 'seal'
  | 'dataset'
  | 'run'
  | 'model.release'
  | 'generation'
  | 'delivery'
  | 'sign-in'
  | 'licence'
  | 'hold'
  | 'correction'
  | 'withdrawal'
  | 'checkpoint'
  | (string & {});

/** An entry as it is stored. `leaf` is what the tree hashes; salt and payload are null once erased. */
export interface StoredEntry {
  leaf: Buffer;
  salt: Buffer | null;
  payload: unknown;
}

export interface LeafFields {
  v: 1;
  type: string;
  /** ISO 8601 instant in UTC. */
  at: string;
  /** base64 of SHA-256(salt || canonical payload). */
  commitment: string;
}

/** RFC 8785 bytes of a JSON value. */
export function canonicalBytes(value: unknown): Buffer {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('a log payload must be JSON');
  return Buffer.from(text, 'utf8');
}

/** What the leaf says of the payload: the salt keeps a guessed payload from being confirmed after the payload is erased. */
export function commitment(salt: Buffer, payload: unknown): string {
  return createHash('sha256').update(salt).update(canonicalBytes(payload)).digest('base64');
}

/** The leaf and its payload. Throws when the payload is not JSON or the leaf exceeds the 65,535 bytes of a C2SP entry bundle. */
export function makeEntry(type: EntryType, at: Date, payload: unknown, salt: Buffer = randomBytes(16)): StoredEntry & { salt: Buffer } {
  const fields: LeafFields = { v: 1, type, at: at.toISOString(), commitment: commitment(salt, payload) };
  const leaf = canonicalBytes(fields);
  if (leaf.length > 0xffff) throw new RangeError('a log leaf holds at most 65535 bytes');
  return { leaf, salt, payload };
}

/** The fields of a leaf, or undefined when it is not one of ours. */
export function parseLeaf(leaf: Buffer): LeafFields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(leaf.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const fields = value as Partial<LeafFields> | null;
  const ours = fields?.v === 1 && typeof fields.type === 'string' && typeof fields.at === 'string' && typeof fields.commitment === 'string';
  return ours ? (fields as LeafFields) : undefined;
}
