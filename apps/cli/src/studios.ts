import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Access } from '#libs/access';
import type { Database } from '#libs/platform';

export type MemberRole = 'archivist' | 'compliance' | 'editor' | 'admin';

export interface NewMember {
  name: string;
  email: string;
  role: MemberRole;
}

export interface NewStudio {
  id: string;
  /** One password for all its members, made here and kept nowhere. */
  password: string;
  agentToken: string;
}

/**
 * Makes a studio with its members and the agent of its GPU tenant on this machine. Throws Refusal STUDIO_EXISTS or MEMBER_EXISTS.
 * Done by whoever operates the installation: no member of a studio can make another studio.
 */
export async function addStudio(database: Database, dataDir: string, studio: { name: string; slug: string; members: NewMember[] }): Promise<NewStudio> {
  const access = new Access({ database });
  const { id } = await access.createStudio({ name: studio.name, slug: studio.slug });
  const password = randomBytes(9).toString('base64url');
  for (const { name, email, role } of studio.members) await access.createMember({ studioId: id }, { name, email, password, roles: [role] });
  const agentToken = await access.createAgent({ studioId: id }, 'local');
  await giveToken(dataDir, id, agentToken);
  return { id, password, agentToken };
}

/** Hands a tenant's token to this machine's agent, which looks at the file again by itself. */
async function giveToken(dataDir: string, studioId: string, token: string): Promise<void> {
  const file = join(dataDir, 'keys', 'agents.json');
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
  const known = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Record<string, string>) : {};
  await writeFile(`${file}.new`, JSON.stringify({ ...known, [studioId]: token }), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
