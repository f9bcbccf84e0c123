import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import helmet from 'helmet';
import { config } from '#libs/platform';
import type { Services } from '../../shared/services.js';
import { AppModule } from './app.module.js';
import { AgentController } from './http/agent.controller.js';
import { consoleFolder } from './http/console.controller.js';

/** The supervisor kills what has not ended after 6 s. */
const PATIENCE = 3_000;

export interface RunningApi {
  url: string;
  /** Answers what is under way, then closes; what takes longer than 3 s (a film being watched) is cut. */
  close(): Promise<void>;
}

/** The API and the console on one port; `port` 0 takes a free one. */
export async function startApi(services: Services, { host, port }: { host: string; port: number }): Promise<RunningApi> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(services), { bodyParser: false, logger: ['error', 'warn'] });
  app.disable('x-powered-by');
  const secure = config().BACKLOT_SECURE_COOKIES;
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          mediaSrc: ["'self'", 'blob:'],
          // hls.js parses in a worker that it makes from a blob.
          workerSrc: ["'self'", 'blob:'],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: secure,
      // Set where something is sent: a poster is for the console alone.
      crossOriginResourcePolicy: { policy: 'same-origin' },
    }),
  );
  app.use('/graphql', express.json({ limit: '1mb' }));
  app.use('/agent', express.json({ limit: '4mb' }));
  app.use('/uploads', express.json({ limit: '16kb' }));
  app.use(express.static(consoleFolder, { index: false, immutable: true, maxAge: '1y', setHeaders: (response, path) => void (path.includes('/assets/') || response.setHeader('cache-control', 'no-cache')) }));
  const server = app.getHttpServer();
  // A part of an upload takes as long as the line is slow; what stalls is cut by the socket's own timeout.
  server.requestTimeout = 0;
  server.setTimeout(120_000);
  await app.listen(port, host);
  const address = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, close: () => close(app) };
}

async function close(app: NestExpressApplication): Promise<void> {
  app.get(AgentController).letGo();
  const server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), PATIENCE);
  await app.close();
  clearTimeout(cut);
}
