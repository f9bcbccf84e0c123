import { mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { config, Refusal } from '#libs/platform';
import { describeBase } from '#libs/training';
import { Client, ClientRefused, refused } from '../demo/client.js';

interface Options {
  licence: string;
  name?: string;
  email: string;
  password?: string;
}

/** `backlot base add`: a studio's own base model, for its runs beside the starter. */
export function baseCommand(): Command {
  return new Command('base').description('base models of this installation').addCommand(
    new Command('add')
      .description('register a folder of a diffusers Wan pipeline as a base model of your studio; the product must run')
      .argument('<dir>', 'the folder that holds model_index.json; it stays where it is')
      .requiredOption('--licence <name>', "the base model's licence, for example Apache-2.0")
      .option('--name <name>', "what it is called; absent: what its makers call it, or the folder's name")
      .requiredOption('--email <address>', 'of a member who may add base models (admin)')
      .option('--password <password>', "the member's; absent: BACKLOT_PASSWORD")
      .action(add),
  );
}

async function add(dir: string, { licence, name, email, password = process.env.BACKLOT_PASSWORD }: Options): Promise<void> {
  if (!password) throw new Refusal('PASSWORD_MISSING', 'No password was given.', 'Set BACKLOT_PASSWORD, or give --password.');
  const { BACKLOT_DATA: data, BACKLOT_BASES: bases = join(data, 'bases'), BACKLOT_PORT: port, BACKLOT_PUBLIC_URL: publicUrl, BACKLOT_API_URL: url = publicUrl ?? `http://127.0.0.1:${port}` } = config();
  const folder = resolve(dir);
  // What is wrong with the folder is said before anything is made.
  const { spec } = await describeBase(folder);
  const client = new Client(url);
  try {
    await client.signIn(email, password);
    const path = await link(folder, bases);
    const base = await register(client, { path: path.name, licence, ...(name === undefined ? {} : { name }) }).catch(async (error: unknown) => {
      if (path.made) await rm(join(bases, path.name));
      throw error;
    });
    console.log(`${base.name} (${spec.class}, ${(spec.parameters / 1e6).toFixed(1)} million numbers) is a base model of your studio: ${base.id}`);
  } catch (error) {
    if (error instanceof ClientRefused) throw new Refusal(error.reason.code, error.reason.message, error.reason.wayOut);
    throw error;
  }
}

function register(client: Client, input: { path: string; licence: string; name?: string }): Promise<{ id: string; name: string }> {
  return client.ask(`mutation ($input: BaseModelInput!) { registerBaseModel(input: $input) { ... on BaseModel { id name } ${refused} } }`, { input });
}

/** A link in the folder that API and agent look into: a base model of 28 GB is not copied. */
async function link(folder: string, bases: string): Promise<{ name: string; made: boolean }> {
  const name = basename(folder);
  await mkdir(bases, { recursive: true });
  const there = await realpath(join(bases, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const target = await realpath(folder);
  if (there === target) return { name, made: false };
  if (there) throw new Refusal('BASE_NAME_TAKEN', `Another base model is called ${name}.`, `Rename the folder, or remove ${join(bases, name)}.`);
  await rm(join(bases, name), { force: true }); // a link whose folder is gone
  await symlink(target, join(bases, name), 'dir');
  return { name, made: true };
}
