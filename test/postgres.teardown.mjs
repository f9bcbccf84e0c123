// Runs after failing tests as well; a killed jest is covered by the kernel, which stops the server with it (see postgres.ts).
import { rm } from 'node:fs/promises';

export default async function teardown() {
  const started = globalThis.backlotTestPostgres;
  if (!started) return;
  await started.postgres.stop();
  await rm(started.folder, { recursive: true, force: true });
}
