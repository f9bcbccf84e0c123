import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import helmet from 'helmet';
import { config } from '#libs/platform';
import type { Services } from '../../shared/services.js';
import { AppModule } from './app.module.js';
import { consoleFolder } from './http/console.controller.js';

export interface RunningApi {
  url: string;
  /** Answers what is under way, then closes. */
  close(): Promise<void>;
}

/** The API and the console on one port; `port` 0 takes a free one. */
export async function startApi(services: Services, { host, port }: { host: string; port: number }): Promise<RunningApi> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(services), { bodyParser: false, logger: ['error', 'warn'], forceCloseConnections: true });
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
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, close: () => app.close() };
}
