import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '#libs/platform';
import { commitment, parseLeaf } from './entry.js';
import { CompactRange, HASH_BYTES, leafHash } from './merkle.js';
import { readCheckpoint, verifyCheckpoint, type Checkpoint } from './note.js';
import { fold, payloadPath, readBundle, readIfThere, readTile, splitHashes, tilePath, tileWidth, TILE_WIDTH } from './tiles.js';

export interface LogProblem {
  /** Path below the log's folder. */
  file: string;
  /** First entry concerned. */
  index?: number;
  problem: string;
}

export interface LogReport {
  directory: string;
  origin: string;
  size: number;
  /** base64. */
  root: string;
  /** `folder`: the key came from the log's own folder, so it shows only that the log agrees with itself. */
  key: 'given' | 'folder' | 'none';
  /** Entries whose leaf was checked. */
  entries: number;
  payloadsChecked: number;
  erased: number;
  /** Older heads that this log was shown to extend. */
  extends: number;
  problems: LogProblem[];
}

export interface VerifyOptions {
  /** Verifier key string; without it the folder's own `key` file is taken. */
  key?: string;
  /** Heads of this log seen earlier, which it must extend. */
  heads?: readonly Checkpoint[];
  /** Heads of any logs, as the platform's log has them (recordedHeads); those of this log count like `heads`. */
  recorded?: readonly Checkpoint[];
}

/** A report with more would be read by nobody. */
const MAX_PROBLEMS = 1000;

/**
 * Checks a log from its files alone, bundle by bundle: signature, every tile against the entries, root, every commitment against its
 * payload where it is there, and that it extends older heads. Damage is a problem in the report that names file and entry; only a folder
 * that is no log at all is refused (NOT_A_LOG).
 */
export async function verifyLog(directory: string, options: VerifyOptions | string = {}): Promise<LogReport> {
  const { key, heads = [], recorded = [] }: VerifyOptions = typeof options === 'string' ? { key: options } : options;
  const note = (await readIfThere(directory, 'checkpoint'))?.toString('utf8');
  if (note === undefined) throw new Refusal('NOT_A_LOG', `${directory} is not a log: it has no checkpoint.`, 'Give the folder of one log, or of several.', 404);
  const report: LogReport = { directory, origin: '', size: 0, root: '', key: 'none', entries: 0, payloadsChecked: 0, erased: 0, extends: 0, problems: [] };
  const verifier = key ?? (await readIfThere(directory, 'key'))?.toString('utf8').trim();
  report.key = key ? 'given' : verifier === undefined ? 'none' : 'folder';

  const head = checkHead(note, verifier, report);
  if (!head) return report;
  Object.assign(report, { origin: head.origin, size: head.size, root: head.root.toString('base64') });
  const earlier = [...heads, ...recorded].filter((older) => older.origin === head.origin).toSorted((a, b) => a.size - b.size);
  if (heads.some((older) => older.origin !== head.origin)) tell(report, { file: 'checkpoint', problem: `the log is ${head.origin}, an earlier head is of another log` });
  await new Walk(directory, head, earlier, report).run();
  return report;
}

function tell(report: LogReport, problem: LogProblem): void {
  if (report.problems.length < MAX_PROBLEMS) report.problems.push(problem);
}

function checkHead(note: string, verifier: string | undefined, report: LogReport): Checkpoint | undefined {
  try {
    if (verifier === undefined) tell(report, { file: 'key', problem: 'no key to check the signature with: give one with --key' });
    else return verifyCheckpoint(note, verifier);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tell(report, { file: error.code === 'BAD_KEY' && report.key === 'folder' ? 'key' : 'checkpoint', problem: error.message });
  }
  try {
    return readCheckpoint(note);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    tell(report, { file: 'checkpoint', problem: error.message });
    return undefined;
  }
}

class Walk {
  private readonly range = new CompactRange();
  /** Hashes of the tile that is being filled, per level, from the entries up. */
  private readonly rows: Buffer[][] = [[]];
  private hasPayloads = false;

  constructor(
    private readonly directory: string,
    private readonly head: Checkpoint,
    private readonly earlier: Checkpoint[],
    private readonly report: LogReport,
  ) {}

  async run(): Promise<void> {
    // A copy without payloads is a whole log: payloads may be handed out separately, or not at all.
    this.hasPayloads = (await names(join(this.directory, 'payload'))).length > 0;
    for (let bundle = 0; bundle * TILE_WIDTH < this.head.size; bundle += 1) await this.bundle(bundle);
    for (const level of this.rows.keys()) if (level > 0 && this.rows[level]!.length > 0) await this.upperTile(level);
    this.compareEarlier();
    if (!this.range.root().equals(this.head.root)) this.tell({ file: 'checkpoint', problem: `its root is not that of the ${this.head.size} entries` });
  }

  private async bundle(bundle: number): Promise<void> {
    const first = bundle * TILE_WIDTH;
    const width = tileWidth(0, bundle, this.head.size);
    const { leaves, path, damage } = await this.leaves(bundle, width);
    const tile = await this.tile(0, bundle, width, first);
    const fromEntries = leaves.map((leaf) => leafHash(leaf));
    const differing = Array.from({ length: width }, (_, at) => at).filter((at) => !(fromEntries[at] && tile.hashes[at]?.equals(fromEntries[at])));
    const blame = differing.length > 0 ? await this.blame(bundle, width, fromEntries, tile.hashes) : undefined;
    if (damage) this.tell({ file: path, index: first + (differing[0] ?? 0), problem: damage });
    else if (blame === 'entries' || blame === 'either') for (const at of differing) if (tile.hashes[at]) this.tell({ file: path, index: first + at, problem: 'the entry is not the one that was logged' });
    if (blame === 'tile' || (blame === 'either' && !damage)) for (const at of differing) if (tile.hashes[at]) this.tell({ file: tile.path, index: first + at, problem: 'the hash is not that of the entry' });
    const hashes = blame === 'entries' || damage ? tile.hashes : fromEntries;
    this.report.entries += leaves.length;
    await this.partials(0, bundle, Buffer.concat(hashes), first);
    // What is known to be wrong is reported once, not again by everything that is compared with it.
    const wrong = new Set(blame === undefined || blame === 'tile' ? [] : differing);
    if (wrong.size === 0) await this.partials('entries', bundle, leaves, first);
    await this.payloads(bundle, leaves, wrong);
    for (let at = 0; at < width; at += 1) await this.grow(hashes[at] ?? Buffer.alloc(HASH_BYTES));
  }

  /** The leaves of a bundle, and what is wrong with its file when it cannot be cut into them. */
  private async leaves(bundle: number, width: number): Promise<{ leaves: Buffer[]; path: string; damage?: string }> {
    const file = await readTile(this.directory, 'entries', bundle, width);
    const path = file?.path ?? tilePath('entries', bundle, width);
    if (!file) return { leaves: [], path, damage: 'the file is missing' };
    const { leaves, complete } = readBundle(file.bytes);
    const whole = file.path === tilePath('entries', bundle, width) ? leaves.length === width && complete : leaves.length >= width;
    return { leaves: leaves.slice(0, width), path, ...(whole ? {} : { damage: `the file does not hold ${width} whole entries` }) };
  }

  private async tile(level: number, index: number, width: number, firstEntry: number): Promise<{ hashes: Buffer[]; path: string }> {
    const file = await readTile(this.directory, level, index, width);
    const path = file?.path ?? tilePath(level, index, width);
    const hashes = splitHashes(file?.bytes ?? Buffer.alloc(0)).slice(0, width);
    if (!file) this.tell({ file: path, index: firstEntry, problem: 'the file is missing' });
    else if (hashes.length < width || file.bytes.length % HASH_BYTES > 0) this.tell({ file: path, index: firstEntry + hashes.length * TILE_WIDTH ** level, problem: `the file does not hold ${width} hashes` });
    return { hashes, path };
  }

  /** Which of two that differ is wrong: the one whose hash is not in the tile above, or at the log's end does not give the signed root. */
  private async blame(bundle: number, width: number, entries: Buffer[], tile: Buffer[]): Promise<'entries' | 'tile' | 'either'> {
    let holds: (hashes: Buffer[]) => boolean;
    if (width === TILE_WIDTH) {
      const above = Math.floor(bundle / TILE_WIDTH);
      const parent = splitHashes((await readTile(this.directory, 1, above, tileWidth(1, above, this.head.size)))?.bytes ?? Buffer.alloc(0))[bundle % TILE_WIDTH];
      holds = (hashes) => parent !== undefined && fold(hashes).equals(parent);
    } else {
      holds = (hashes) => {
        const range = CompactRange.of(this.range.size, this.range.hashes);
        for (const hash of hashes) range.append(hash);
        return range.root().equals(this.head.root);
      };
    }
    if (tile.length === width && holds(tile)) return 'entries';
    return entries.length === width && holds(entries) ? 'tile' : 'either';
  }

  /** Narrower partial files that are still there must be the beginning of the same. */
  private async partials(level: number | 'entries', index: number, whole: Buffer | Buffer[], firstEntry: number): Promise<void> {
    const folder = `${tilePath(level, index)}.p`;
    for (const name of await names(join(this.directory, folder))) {
      const width = Number(name);
      const bytes = Number.isInteger(width) && width > 0 ? await readIfThere(this.directory, `${folder}/${name}`) : undefined;
      // Files of a width beyond the head are from a publication that was not finished; no checkpoint covers them.
      if (!bytes || width >= (Buffer.isBuffer(whole) ? whole.length / HASH_BYTES : whole.length)) continue;
      const [got, expected] = Buffer.isBuffer(whole) ? [splitHashes(bytes), splitHashes(whole)] : [readBundle(bytes).leaves, whole];
      const wrong = Array.from({ length: width }, (_, at) => at).find((at) => !got[at]?.equals(expected[at]!));
      if (wrong !== undefined) this.tell({ file: `${folder}/${name}`, index: firstEntry + wrong * (level === 'entries' ? 1 : TILE_WIDTH ** level), problem: 'it is not the beginning of the file that replaced it' });
    }
  }

  private async payloads(bundle: number, leaves: Buffer[], wrong: ReadonlySet<number>): Promise<void> {
    if (!this.hasPayloads) return;
    const file = payloadPath(bundle);
    const text = (await readIfThere(this.directory, file))?.toString('utf8');
    if (text === undefined) {
      this.tell({ file, index: bundle * TILE_WIDTH, problem: 'the file is missing' });
      return;
    }
    const lines = text.split('\n');
    for (const [at, leaf] of leaves.entries()) {
      if (wrong.has(at)) continue;
      const index = bundle * TILE_WIDTH + at;
      const state = payloadState(lines[at] ?? '', index, leaf);
      if (state === 'right') this.report.payloadsChecked += 1;
      else if (state === 'erased') this.report.erased += 1;
      else this.tell({ file, index, problem: state });
    }
  }

  private async grow(hash: Buffer): Promise<void> {
    this.compareEarlier();
    this.range.append(hash);
    this.rows[0]!.push(hash);
    for (let level = 0; this.rows[level]?.length === TILE_WIDTH; level += 1) {
      if (level > 0) await this.upperTile(level);
      (this.rows[level + 1] ??= []).push(fold(this.rows[level]!));
      this.rows[level] = [];
    }
  }

  private async upperTile(level: number): Promise<void> {
    const computed = this.rows[level]!;
    const span = TILE_WIDTH ** level;
    const index = Math.floor((Math.floor(this.range.size / span) - 1) / TILE_WIDTH);
    const { hashes, path } = await this.tile(level, index, computed.length, index * TILE_WIDTH * span);
    for (const [at, hash] of hashes.entries()) if (!hash.equals(computed[at]!)) this.tell({ file: path, index: (index * TILE_WIDTH + at) * span, problem: 'the hash is not that of the tile below' });
    await this.partials(level, index, Buffer.concat(computed), index * TILE_WIDTH * span);
  }

  private compareEarlier(): void {
    while (this.earlier[0] && (this.earlier[0].size === this.range.size || this.range.size === this.head.size)) {
      const older = this.earlier.shift()!;
      if (older.size > this.head.size) this.tell({ file: 'checkpoint', index: this.head.size, problem: `the log had ${older.size} entries earlier and has ${this.head.size} now` });
      else if (!this.range.root().equals(older.root)) this.tell({ file: 'checkpoint', problem: `the first ${older.size} entries are not those of the earlier head` });
      else this.report.extends += 1;
    }
  }

  private tell(problem: LogProblem): void {
    tell(this.report, problem);
  }
}

/** Whether a payload line belongs to its leaf. */
function payloadState(line: string, index: number, leaf: Buffer): 'right' | 'erased' | (string & {}) {
  const value = parseLine(line);
  if (!value) return line === '' ? 'the payload is missing' : 'the payload is not JSON';
  if (value.seq !== index) return 'the line is of another entry';
  if (value.erased === true && value.salt === undefined) return 'erased';
  const fields = parseLeaf(leaf);
  if (!fields) return 'the entry is not one of Backlot, so its payload cannot be checked';
  if (typeof value.salt !== 'string' || value.payload === undefined) return 'the payload has no salt or content';
  return commitment(Buffer.from(value.salt, 'base64'), value.payload) === fields.commitment ? 'right' : 'the payload is not the one that was logged';
}

function parseLine(line: string): { seq?: unknown; salt?: unknown; payload?: unknown; erased?: unknown } | undefined {
  try {
    return (JSON.parse(line) as object | null) ?? undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The heads that a log's `checkpoint` entries record of other logs: what the platform's log knows of the studios'. */
export async function recordedHeads(directory: string): Promise<Checkpoint[]> {
  const heads: Checkpoint[] = [];
  const note = (await readIfThere(directory, 'checkpoint'))?.toString('utf8');
  for (let bundle = 0; note !== undefined && bundle * TILE_WIDTH < readCheckpoint(note).size; bundle += 1) {
    const text = (await readIfThere(directory, payloadPath(bundle)))?.toString('utf8') ?? '';
    // Only such lines are parsed; whether they are those that were logged is what verifyLog of that folder shows.
    for (const line of text.split('\n').filter((entry) => entry.includes('"origin"') && entry.includes('"root"'))) {
      const payload = parseLine(line)?.payload as { origin?: unknown; size?: unknown; root?: unknown } | undefined;
      if (typeof payload?.origin === 'string' && Number.isSafeInteger(payload.size) && typeof payload.root === 'string') heads.push({ origin: payload.origin, size: payload.size as number, root: Buffer.from(payload.root, 'base64') });
    }
  }
  return heads;
}
