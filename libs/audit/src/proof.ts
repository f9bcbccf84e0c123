import { Refusal } from '#libs/platform';
import { HASH_BYTES, inclusionProof, leafHash, verifyInclusion } from './merkle.js';
import { readCheckpoint, verifyCheckpoint, type Checkpoint } from './note.js';
import { readBundle, readIfThere, readTile, tileReader, tileWidth, TILE_WIDTH } from './tiles.js';

/** c2sp.org/tlog-proof@v1: one text that shows, offline, that an entry is in a log. Its extra line carries the entry itself. */

const HEADER = 'c2sp.org/tlog-proof@v1';

export interface InclusionProof {
  index: number;
  leaf: Buffer;
  checkpoint: Checkpoint;
}

/** The proof of one entry from a log's files. Refuses with NOT_FOUND when the folder has no such entry. */
export async function proveInclusion(directory: string, index: number): Promise<string> {
  const note = (await readIfThere(directory, 'checkpoint'))?.toString('utf8');
  if (note === undefined) throw new Refusal('NOT_FOUND', `${directory} is not a log: it has no checkpoint.`, 'Give the folder of one log.', 404);
  const { size } = readCheckpoint(note);
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) throw new Refusal('NOT_FOUND', `The log has entries 0 to ${size - 1}; there is no ${index}.`, 'Give an index in that range.', 404);
  const bundle = Math.floor(index / TILE_WIDTH);
  const leaf = readBundle((await readTile(directory, 'entries', bundle, tileWidth(0, bundle, size)))?.bytes ?? Buffer.alloc(0)).leaves[index % TILE_WIDTH];
  if (!leaf) throw new Refusal('LOG_DAMAGED', `The file with entry ${index} is missing or short.`, 'Run `backlot log verify` on the folder.', 409);
  const hashes = await inclusionProof(tileReader(directory, size), index, size);
  return [HEADER, `extra ${leaf.toString('base64')}`, `index ${index}`, ...hashes.map((hash) => hash.toString('base64')), '', note].join('\n');
}

/**
 * What a proof shows once it holds under the log's verifier key. The entry is `leaf` when given, else the proof's own extra line.
 * Refuses with BAD_PROOF, and like verifyCheckpoint.
 */
export function verifyProof(proof: string, verifier: string, leaf?: Buffer): InclusionProof {
  const bad = (why: string): Refusal => new Refusal('BAD_PROOF', `The proof does not hold: ${why}.`, 'Ask for a new proof of this entry.');
  const end = proof.indexOf('\n\n');
  const [header, ...lines] = proof.slice(0, Math.max(0, end)).split('\n');
  if (end < 0 || header !== HEADER) throw bad(`it does not begin with ${HEADER}`);
  const extra = lines[0]?.startsWith('extra ') ? lines.shift()!.slice(6) : undefined;
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '')?.[1];
  const hashes = lines.map((line) => Buffer.from(line, 'base64'));
  if (index === undefined || hashes.some((hash, at) => hash.length !== HASH_BYTES || hash.toString('base64') !== lines[at])) throw bad('its lines are malformed');
  const entry = leaf ?? (extra === undefined ? undefined : Buffer.from(extra, 'base64'));
  if (!entry) throw bad('it carries no entry, and none was given');
  const checkpoint = verifyCheckpoint(proof.slice(end + 2), verifier);
  if (!verifyInclusion(Number(index), checkpoint.size, leafHash(entry), hashes, checkpoint.root)) throw bad(`the entry is not number ${index} of ${checkpoint.origin}`);
  return { index: Number(index), leaf: entry, checkpoint };
}
