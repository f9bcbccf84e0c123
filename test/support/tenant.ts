import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { newId, rows, type Scope, SealStream, type Vault } from '#libs/platform';
import type { Rights } from '#libs/rights';
import { licence } from './films.js';

/** A dataset version as curation leaves it: one title under a licence for `actions`, its clips, and the sealed shard. */
export async function frozenVersion(
  { rights, vault, scope, shard = randomBytes(1000), actions }: { rights: Rights; vault: Vault; scope: Scope; shard?: Buffer; actions?: string[] },
  inStudio: (work: () => Promise<unknown>) => Promise<unknown>,
): Promise<{ versionId: string; titleId: string; objectId: string }> {
  const [titleId, masterId, shotId, versionId] = [newId(), newId(), newId(), newId()];
  await inStudio(async () => {
    await rows(`insert into title (id, studio_id, name, state) values ($1, $2, 'Film', 'ready')`, [titleId, scope.studioId]);
    await rows(`insert into master (id, studio_id, title_id, file_name, bytes) values ($1, $2, $3, 'film.mp4', 1)`, [masterId, scope.studioId, titleId]);
  });
  await rights.licences.attach(scope, titleId, [await licence(rights, scope, actions ?? ['ingest', 'curate', 'fineTune', 'evaluate', 'generate', 'export'])]);
  const decision = await rights.decide(scope, { action: 'curate', scopeKind: 'dataset', scopeId: versionId, titleIds: [titleId], actor: 'test' });
  const object = await vault.seal(scope, { kind: 'dataset', scopeId: versionId, contentType: 'application/x-tar' }, Readable.from([shard]));
  await inStudio(async () => {
    await rows(
      `insert into dataset_version (id, studio_id, name, number, state, query, bucket, hash, object_id, clips, frozen_at) values ($1, $2, $3, 1, 'frozen', '{}', '{"width":64,"height":64,"frames":9,"fps":16}', $4, $5, 2, now())`,
      [versionId, scope.studioId, versionId, createHash('sha256').update(shard).digest('hex'), object.id],
    );
    for (const [number, split] of ['train', 'heldout'].entries()) {
      await rows(
        `insert into dataset_clip (version_id, number, studio_id, title_id, shot_id, decision_id, first_frame, last_frame, start_pts, caption, split, sha256, bytes) values ($1, $2, $3, $4, $5, $6, 0, 8, 0, 'A square moves.', $7, '', 1)`,
        [versionId, number, scope.studioId, titleId, shotId, decision.id, split],
      );
    }
  });
  return { versionId, titleId, objectId: object.id };
}

/** A folder that reads as a Wan pipeline with a few numbers in it; `salt` makes it another base model. */
export function paperBase(folder: string, salt = 0): string {
  const header = Buffer.from(JSON.stringify({ weight: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  for (const part of ['transformer', 'vae', 'text_encoder', 'tokenizer', 'scheduler']) {
    mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, part, 'config.json'), '{}');
    if (!['tokenizer', 'scheduler'].includes(part)) writeFileSync(join(folder, part, 'model.safetensors'), Buffer.concat([length, header, Buffer.alloc(16, salt)]));
  }
  writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ _class_name: 'WanPipeline' }));
  writeFileSync(join(folder, 'backlot.json'), JSON.stringify({ name: 'Paper', width: 64, height: 64, frames: 9, fps: 16, maxSequenceLength: 32, training: { steps: 20, rank: 4, batch: 2, learningRate: 0.002 }, generation: { steps: 4, guidance: 3 } }));
  return folder;
}

/** What a tenant sends: bytes sealed under the key it was given. */
export function sealedBy(key: string, objectId: string, bytes: Buffer): Readable {
  return Readable.from([bytes]).pipe(new SealStream(Buffer.from(key, 'base64'), objectId));
}
