/**
 * A process of its own that looks at one object again and again, as a member with a player does, and tells what it got and when.
 * Started by tests: node --import typescript.mjs looker.ts, with the services' settings in its environment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, FileStore, LocalKeys, Refusal, Vault } from '#libs/platform';
import { type Question, Rights } from '#libs/rights';

export interface Looking {
  databaseUrl: string;
  vault: string;
  keys: string;
  scope: { studioId: string; memberId: string };
  question: Question;
  objectId: string;
}

/** `began` and `at`: Unix milliseconds; `kept`: the key was had without another release. */
export type Look = { at: number; began: number; got: 'key' | 'refusal' | 'away'; why: string; kept: boolean };

const { databaseUrl, vault: vaultFolder, keys, scope, question, objectId } = JSON.parse(process.argv[2]!) as Looking;
const database = await connect(databaseUrl, 2);
const vault = new Vault(database, new FileStore(vaultFolder), new LocalKeys(keys));
let released = 0;
const release = vault.release.bind(vault);
vault.release = (...args) => {
  released++;
  return release(...args);
};
const rights = new Rights({ database, vault });
let stopping = false;
process.once('disconnect', () => (stopping = true));
while (!stopping) {
  const before = released;
  const began = Date.now();
  const look = await rights.openFor(scope, question, objectId).then(
    () => ({ got: 'key' as const, why: '' }),
    (error: unknown) => ({ got: error instanceof Refusal ? ('refusal' as const) : ('away' as const), why: String((error as Error).message) }),
  );
  if (process.connected) process.send!({ ...look, began, at: Date.now(), kept: look.got === 'key' && released === before } satisfies Look, undefined, {}, (error) => (stopping ||= error !== null));
  await sleep(5);
}
await database.close();
