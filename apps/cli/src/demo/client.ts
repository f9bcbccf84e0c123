import { createHash, randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';

export interface Reason {
  code: string;
  message: string;
  wayOut: string;
}

/** The API said no, for a reason. */
export class ClientRefused extends Error {
  constructor(readonly reason: Reason) {
    super(`${reason.message} ${reason.wayOut}`);
  }
}

type Json = Record<string, unknown>;

interface Answer {
  data?: Json | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** A member at the API, as the console is one: session cookie, GraphQL, uploads, downloads. */
export class Client {
  private cookie = '';

  constructor(readonly url: string) {}

  /** An answer of any address, with this member's session. Waits out an API that is being restarted. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(this.cookie ? { cookie: this.cookie } : {}), ...(init.headers as Record<string, string> | undefined) };
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await fetch(new URL(path, this.url), { ...init, headers, redirect: 'manual' });
        if (answer.status !== 503 || attempt >= 60) return answer;
        await answer.body?.cancel();
      } catch (error) {
        // A body that was half sent cannot be sent again here; its caller makes it anew.
        if (attempt >= 60 || init.body instanceof ReadableStream) throw error;
      }
      await new Promise((again) => setTimeout(again, 500));
    }
  }

  /** One operation; throws ClientRefused when its first field answers `Refused`, Error on a GraphQL error. */
  async ask<T>(query: string, variables: Json = {}): Promise<T> {
    const answer = await this.raw(query, variables);
    if (answer.errors?.length) throw new Error(`${answer.errors[0]!.message} (${query.trim().split('\n')[0]!})`);
    const value = Object.values(answer.data ?? {})[0];
    const refused = value as (Reason & { __typename?: string }) | null;
    if (refused?.__typename === 'Refused') throw new ClientRefused({ code: refused.code, message: refused.message, wayOut: refused.wayOut });
    return value as T;
  }

  /** The answer as it came, for those who look at refusals. */
  async raw(query: string, variables: Json = {}): Promise<Answer> {
    const answer = await this.fetch('/graphql', {
      method: 'POST',
      // One key for all tries of `fetch`: a mutation whose answer was lost is not done twice.
      headers: { 'content-type': 'application/json', 'apollo-require-preflight': 'true', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ query, variables }),
    });
    const set = answer.headers.getSetCookie().find((line) => line.startsWith('backlot_session='));
    if (set) this.cookie = set.split(';')[0]!;
    return (await answer.json()) as Answer;
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.ask(`mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { __typename ... on Refused { code message wayOut } } }`, { email, password });
  }

  /** Sends a file in parts, each with its SHA-256; parts that arrived before are not sent again. Tells bytes sent. */
  async upload(titleId: string, file: string, fileName: string, bytes: number, onBytes: (sent: number) => void): Promise<void> {
    const upload = await this.ask<{ url: string; partUrl: string; partBytes: number; parts: number; received: number[] }>(
      `mutation ($input: UploadInput!) { createUpload(input: $input) { __typename ... on Upload { url partUrl partBytes parts received } ... on Refused { code message wayOut } } }`,
      { input: { titleId, fileName, bytes: String(bytes) } },
    );
    const handle = await open(file);
    try {
      for (let number = 0; number < upload.parts; number++) {
        const start = number * upload.partBytes;
        const part = Buffer.alloc(Math.min(upload.partBytes, bytes - start));
        await handle.read(part, 0, part.length, start);
        if (!upload.received.includes(number)) {
          const digest = createHash('sha256').update(part).digest('base64');
          await this.expect(await this.fetch(`${upload.partUrl}${number}`, { method: 'PUT', headers: { 'content-type': 'application/octet-stream', 'content-digest': `sha-256=:${digest}:` }, body: part }));
        }
        onBytes(start + part.length);
      }
    } finally {
      await handle.close();
    }
    await this.expect(await this.fetch(`${upload.url}/complete`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }));
  }

  private async expect(answer: Response): Promise<void> {
    if (answer.ok) {
      await answer.body?.cancel();
      return;
    }
    const reason = (await answer.json().catch(() => ({}))) as Partial<Reason>;
    throw new ClientRefused({ code: reason.code ?? String(answer.status), message: reason.message ?? `The API answered ${answer.status}.`, wayOut: reason.wayOut ?? 'Try again.' });
  }
}

/** `... on Refused` for a selection. */
export const refused = '__typename ... on Refused { code message wayOut }';
