// A thread that fills the vectors of one kind, and finds by looking at each of them what is nearest to some questions.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { Cells, rowOf } from '../../../libs/curation/tools/search-rows.js';
import { centreOf, CopyFile, int, shotId, SHOTS, vectorOf } from './world.js';

export interface Fill {
  ownerUrl: string;
  studioId: string;
  kind: 1 | 2;
  centres: Float32Array[];
  cells: Uint8Array;
  questions: Float32Array[];
  folder: string;
}

const CHUNK = 50_000;
const { ownerUrl, studioId, kind, centres, cells: bytes, questions, folder } = workerData as Fill;
const cells = Cells.from(Buffer.from(bytes));
const asBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
/** Four sums at once: one alone waits for itself. */
function dot(a: Float32Array, b: Float32Array): number {
  let [w, x, y, z] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 4) {
    w += a[i]! * b[i]!;
    x += a[i + 1]! * b[i + 1]!;
    y += a[i + 2]! * b[i + 2]!;
    z += a[i + 3]! * b[i + 3]!;
  }
  return w + x + y + z;
}
const lengthOf = (vector: Float32Array): number => Math.sqrt(dot(vector, vector)) || 1;
const asked = questions.map((vector) => vector.map((value) => value / lengthOf(vector)));
const best = questions.map(() => [] as { shot: number; near: number }[]);

function compare(shot: number, vector: Float32Array): void {
  const length = lengthOf(vector);
  for (const [at, question] of asked.entries()) {
    const near = dot(vector, question) / length;
    const list = best[at]!;
    if (list.length === 11 && near <= list[10]!.near) continue;
    list.push({ shot, near });
    list.sort((a, b) => b.near - a.near);
    if (list.length > 11) list.pop();
  }
}

const client = new pg.Client({ connectionString: ownerUrl });
await client.connect();
await client.query(`set session_replication_role = replica; set synchronous_commit = off`);
const studio = asBytes(studioId);
for (let from = 0; from < SHOTS; from += CHUNK) {
  const [vectorFile, cellFile] = [path.join(folder, `vector-${kind}`), path.join(folder, `cell-${kind}`)];
  const [vectors, places] = [new CopyFile(vectorFile), new CopyFile(cellFile)];
  for (let shot = from; shot < Math.min(SHOTS, from + CHUNK); shot++) {
    const vector = vectorOf(shot, centres[centreOf(shot, centres.length, kind)]!, kind);
    compare(shot, vector);
    const row = rowOf(vector, cells);
    const id = asBytes(shotId(shot));
    vectors.row([id, int(kind, 2), studio, row.vector]);
    places.row([id, int(kind, 2), studio, int(row.cell, 4), Buffer.concat([int(512, 4), row.code])]);
  }
  for (const [file, table, columns] of [[vectors, 'shot_vector', 'shot_id, kind, studio_id, vector'], [places, 'shot_cell', 'shot_id, kind, studio_id, cell, code']] as const) {
    file.close();
    const name = file === vectors ? vectorFile : cellFile;
    await client.query(`copy ${table} (${columns}) from '${name}' (format binary)`);
    rmSync(name);
  }
}
await client.end();
parentPort!.postMessage(best.map((list) => list.map(({ shot }) => shotId(shot))));
