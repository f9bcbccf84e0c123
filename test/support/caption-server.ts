import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  authorization: string | undefined;
  model: string;
  /** JPEGs as they arrived. */
  images: Buffer[];
  format: unknown;
}

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

/** The chat completion that holds this text. */
export const saying = (content: string): Reply => (response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ id: 'x', object: 'chat.completion', model: 'vlm', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }], usage: {} }));
};
export const describing = (subject: string, action = ''): Reply => saying(JSON.stringify({ subject, action }));
export const status = (code: number, headers: Record<string, string> = {}): Reply => (response) => void response.writeHead(code, headers).end('{"error":{"message":"no"}}');

/** An HTTP server that speaks the chat completions protocol: gives the replies in turn, the last one again and again. */
export async function captionServer(...replies: [Reply, ...Reply[]]): Promise<{ url: string; asked: Asked[]; reply(...next: [Reply, ...Reply[]]): void; close(): Promise<void> }> {
  const asked: Asked[] = [];
  let turn: Reply[] = replies;
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = JSON.parse(Buffer.concat(parts).toString()) as { model: string; response_format: unknown; messages: { content: string | { type: string; image_url?: { url: string } }[] }[] };
      const images = body.messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content)).flatMap((part) => (part.image_url ? [Buffer.from(part.image_url.url.replace(/^data:image\/jpeg;base64,/, ''), 'base64')] : []));
      asked.push({ path: `${request.method} ${request.url}`, authorization: request.headers.authorization, model: body.model, images, format: body.response_format });
      const reply = turn.length > 1 ? turn.shift()! : turn[0]!;
      reply(response, request);
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    reply(...next) {
      turn = next;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
