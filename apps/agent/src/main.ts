import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { config, isId, newId } from '#libs/platform';
import { Tenant } from './tenant.js';

/**
 * The GPU tenant's agent: asks the API for work with each studio's own token, runs the trainer in that studio's own folder and sends
 * back what it made. It is stateless beside those folders: killed at any moment, its next life goes on from the checkpoints there.
 */
const { BACKLOT_DATA: data, BACKLOT_PORT: port, BACKLOT_PUBLIC_URL: publicUrl, BACKLOT_API_URL: url = publicUrl ?? `http://127.0.0.1:${port}`, BACKLOT_AGENT_TOKENS: tokensFile = join(data, 'keys', 'agents.json') } = config();
const instance = newId();
const tenants = new Map<string, Tenant>();
let seen = '';

/** Starts a tenant for each studio in the file of tokens, hands on changed tokens, and stops those that are gone from it. */
async function look(): Promise<void> {
  const found = await stat(tokensFile).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const version = found ? `${found.mtimeMs} ${found.ino}` : '';
  if (version === seen) return;
  const tokens = found ? (JSON.parse(await readFile(tokensFile, 'utf8')) as Record<string, string>) : {};
  seen = version;
  for (const [studioId, token] of Object.entries(tokens)) {
    if (!isId(studioId)) throw new Error(`${tokensFile}: ${JSON.stringify(studioId)} is not the id of a studio`);
    const tenant = tenants.get(studioId);
    if (tenant) tenant.api.token = token;
    else tenants.set(studioId, new Tenant(studioId, join(data, 'tenants', studioId), { url, token, instance }));
  }
  for (const [studioId, tenant] of tenants) {
    if (studioId in tokens) continue;
    tenants.delete(studioId);
    void tenant.stop();
  }
}

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  clearInterval(looking);
  await Promise.all([...tenants.values()].map((tenant) => tenant.stop()));
  process.exit(0);
}

process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
process.once('disconnect', () => void stop());

const tryLook = (): Promise<void> => look().catch((error: Error) => void process.stderr.write(`${error.message}\n`));
await tryLook();
const looking = setInterval(() => void tryLook(), 1_000);
