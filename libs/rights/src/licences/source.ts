import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal, repositoryRoot } from '#libs/platform';
import { canonicalSha256, type Contract, fillTemplate, type ParameterValue, readPolicy, readTemplate, type Template } from '../policy/index.js';

/** A template of policies/templates and the values it is filled with. */
export interface FilledTemplate {
  template: string;
  parameters: Readonly<Record<string, ParameterValue>>;
}

/** Where a policy comes from: a document, text (JSON-LD or Turtle) as a lawyer's repository has it, or a template with its values. */
export type PolicySource = { policy: unknown } | { text: string } | FilledTemplate;

/** A policy document and, where it was made from one, its template. */
export interface Sourced {
  document: Record<string, unknown>;
  template: FilledTemplate | null;
}

const folder = join(repositoryRoot, 'policies/templates');
const known = new Map<string, Promise<Template>>();

/** The policy of a source, made out to the studio. Throws Refusal INVALID_POLICY with the path inside the document or the template, UNKNOWN_TEMPLATE. */
export async function documentOf(source: PolicySource, studioId: string, uid?: string): Promise<Sourced> {
  if (!('template' in source)) return { document: await readPolicy('text' in source ? source.text : source.policy), template: null };
  const template = await templateOf(source.template);
  // A studio drafts its own licences: the licensee is the studio unless somebody else is named.
  const parameters = { ...('licensee' in template.parameters ? { licensee: `urn:uuid:${studioId}` } : {}), ...source.parameters };
  return { document: fillTemplate(template, parameters, uid).policy, template: { template: source.template, parameters } };
}

/** The contract that a template was filled to, with its own words; undefined once the template says something else than the policy. */
export async function contractOf({ template, parameters }: FilledTemplate, uid: string, sha256: string): Promise<Contract | undefined> {
  try {
    const contract = fillTemplate(await templateOf(template), parameters, uid);
    return canonicalSha256(contract.policy) === sha256 ? contract : undefined;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The templates by name. */
export async function templates(): Promise<{ name: string; template: Template }[]> {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length)).sort();
  return Promise.all(names.map(async (name) => ({ name, template: await templateOf(name) })));
}

async function templateOf(name: string): Promise<Template> {
  const unknown = new Refusal('UNKNOWN_TEMPLATE', `There is no template ${name}.`, 'Take one of the list of templates.', 400);
  if (!/^[a-z0-9-]{1,60}$/.test(name)) throw unknown;
  let found = known.get(name);
  if (!found) {
    found = readFile(join(folder, `${name}.yaml`), 'utf8').then(readTemplate, (error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? unknown : error;
    });
    known.set(name, found);
    found.catch(() => known.delete(name));
  }
  return found;
}
