import 'reflect-metadata';
import { config } from '#libs/platform';
import { createServices } from '../../shared/services.js';
import { startApi } from './server.js';

const services = await createServices();
const api = await startApi(services, { host: config().BACKLOT_HOST, port: config().BACKLOT_PORT });
process.stdout.write(`api: ${api.url}\n`);

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await api.close();
  await services.close();
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
// The supervisor is gone: a process that went on alone would hold the port of the next start.
process.on('disconnect', () => void stop());
