import { resolve } from 'node:path';
import { z } from 'zod';
import { notInTenant } from './tenant-address.js';

const port = z.coerce.number().int().min(1).max(65535);
const url = z.url();

/** Every setting of every process. `.env.example` says what each is for; a test holds the two together. */
const schema = z.object({
  BACKLOT_DATA: z.string().min(1).default('./data').transform((path) => resolve(path)),
  BACKLOT_PORT: port.default(4000),
  BACKLOT_HOST: z.string().min(1).default('127.0.0.1'),
  BACKLOT_PUBLIC_URL: url.optional(),
  BACKLOT_API_URL: url.optional(),
  BACKLOT_DATABASE_OWNER_URL: url.optional(),
  BACKLOT_DATABASE_URL: url.optional(),
  BACKLOT_JOBS_DATABASE_URL: url.optional(),
  BACKLOT_APP_PASSWORD: z.string().min(16).optional(),
  BACKLOT_JOBS_PASSWORD: z.string().min(16).optional(),
  BACKLOT_DATABASE_POOL: z.coerce.number().int().min(1).max(200).default(10),
  BACKLOT_FFMPEG: z.string().min(1).default('ffmpeg'),
  BACKLOT_FFPROBE: z.string().min(1).default('ffprobe'),
  BACKLOT_PYTHON: z.string().min(1).default('.venv/bin/python'),
  BACKLOT_BASES: z.string().min(1).optional(),
  BACKLOT_JOB_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(2),
  BACKLOT_SESSION_HOURS: z.coerce.number().min(0.1).max(24 * 30).default(12),
  BACKLOT_DECISION_SECONDS: z.coerce.number().int().min(5).max(3600).default(300),
  BACKLOT_LEASE_SECONDS: z.coerce.number().int().min(5).max(600).default(30),
  BACKLOT_DELIVERY_HOURS: z.coerce.number().min(0.01).max(24 * 30).default(24),
  BACKLOT_UPLOAD_PART_BYTES: z.coerce.number().int().min(65_536).max(1_073_741_824).default(8_388_608),
  BACKLOT_TERRITORY: z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'give an ISO 3166 code such as DE').optional(),
  BACKLOT_CAPTION_URL: z.string().superRefine((address, context) => {
    const why = notInTenant(address);
    if (why) context.addIssue({ code: 'custom', message: why });
  }).optional(),
  BACKLOT_CAPTION_MODEL: z.string().min(1).max(200).optional(),
  BACKLOT_CAPTION_KEY: z.string().regex(/^[\x21-\x7e]+$/, 'give it in one line without spaces').optional(),
  BACKLOT_AGENT_TOKENS: z.string().min(1).optional(),
  BACKLOT_INSTANCE: z.string().min(1).default('local'),
  BACKLOT_SECURE_COOKIES: z.stringbool().default(false),
}).superRefine(({ BACKLOT_CAPTION_URL: address, BACKLOT_CAPTION_MODEL: model }, context) => {
  if (address && !model) context.addIssue({ code: 'custom', path: ['BACKLOT_CAPTION_MODEL'], message: 'name the model that the captioner at BACKLOT_CAPTION_URL serves' });
  if (model && !address) context.addIssue({ code: 'custom', path: ['BACKLOT_CAPTION_URL'], message: 'say where the model of BACKLOT_CAPTION_MODEL is served' });
});

export type Config = z.infer<typeof schema>;

/** Names of every setting, for the test that holds `.env.example` to it. */
export const settingNames = Object.keys(schema.shape);

/** Reads settings from `env`; throws one line that names the first wrong one. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => name in schema.shape && value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? 'setting');
  // The line goes to logs, where a secret has no place.
  const value = given[name] === undefined || /(?:KEY|PASSWORD|TOKENS)$/.test(name) ? '' : `=${JSON.stringify(given[name])}`;
  throw new Error(`${name}${value} is not usable: ${issue?.message ?? 'invalid'}. See .env.example.`);
}

let cached: Config | undefined;

/** The settings of this process. A wrong one ends the process with exit code 78 (EX_CONFIG) and one line on stderr. */
export function config(): Config {
  if (cached) return cached;
  try {
    return (cached = readConfig(process.env));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(78);
  }
}

/** A setting that this process cannot go without although others can. */
export function required<K extends keyof Config>(name: K): NonNullable<Config[K]> {
  const value = config()[name];
  if (value !== undefined && value !== null) return value;
  process.stderr.write(`${name} is not set, and this process needs it. See .env.example.\n`);
  process.exit(78);
}
