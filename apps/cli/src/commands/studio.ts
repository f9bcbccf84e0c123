import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { config, connect, Refusal } from '#libs/platform';
import { addStudio, type MemberRole, type NewMember } from '../studios.js';

const roles = ['archivist', 'compliance', 'editor', 'admin'];

/** `backlot studio add`: the operator's way to a first studio and its members. */
export function studioCommand(): Command {
  return new Command('studio').description('studios of this installation').addCommand(
    new Command('add')
      .description('make a studio with its members; prints their password once')
      .argument('<name>', 'for example "Northlight Pictures"')
      .requiredOption('--member <role:name:email...>', 'for example archivist:"Ines Okafor":ines@northlight.example')
      .action(add),
  );
}

async function add(name: string, options: { member: string[] }): Promise<void> {
  const dataDir = config().BACKLOT_DATA;
  const addressFile = join(dataDir, 'keys', 'database-url');
  const url = config().BACKLOT_DATABASE_URL ?? (existsSync(addressFile) ? readFileSync(addressFile, 'utf8') : undefined);
  try {
    if (!url) throw new Refusal('NOT_RUNNING', `Nothing runs on ${dataDir}.`, 'Start it with `npm start`, or give BACKLOT_DATA or BACKLOT_DATABASE_URL.');
    const members = options.member.map(parseMember);
    const database = await connect(url, 1);
    try {
      const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
      const { password } = await addStudio(database, dataDir, { name, slug, members });
      for (const member of members) console.log(`${member.role.padEnd(11)} ${member.email.padEnd(32)} ${password}`);
    } finally {
      await database.close();
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(`${error.message} ${error.wayOut}`);
    process.exitCode = 1;
  }
}

function parseMember(text: string): NewMember {
  const [role, name, email] = text.split(':');
  if (role && name && email?.includes('@') && roles.includes(role)) return { role: role as MemberRole, name, email };
  throw new Refusal('BAD_MEMBER', `${text} does not name a member.`, `Write ROLE:NAME:EMAIL with a role of ${roles.join(', ')}.`);
}
