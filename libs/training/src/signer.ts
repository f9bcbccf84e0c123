import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { join } from 'node:path';
import { createKeyFile } from '#libs/platform';

/** PKCS #8 of an Ed25519 key up to its 32-byte seed (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Signs a run specification with the installation's Ed25519 key: a trainer runs nothing that the product did not write. All values base64url. */
export async function signSpec(keysFolder: string, spec: unknown): Promise<{ spec: string; signature: string; publicKey: string }> {
  const seed = await createKeyFile(join(keysFolder, 'spec.key'));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const bytes = Buffer.from(JSON.stringify(spec));
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { spec: bytes.toString('base64url'), signature: sign(null, bytes, privateKey).toString('base64url'), publicKey: publicKey.toString('base64url') };
}
