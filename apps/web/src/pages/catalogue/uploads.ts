// Uploads of this browser: in parts, each with its SHA-256, tried again when the line breaks, continued after a reload.
import { useSyncExternalStore } from 'react';
import type { Client } from 'urql';
import { graphql } from '../../generated/index.js';
import type { ReasonLike } from '../../ui/states.js';

const createUpload = graphql(`
  mutation CreateUpload($input: UploadInput!) {
    createUpload(input: $input) {
      __typename
      ... on Upload {
        id
        url
        partUrl
        partBytes
        parts
        received
      }
      ... on Refused {
        code
        message
        wayOut
        decisionId
      }
    }
  }
`);

interface Place {
  url: string;
  partUrl: string;
  partBytes: number;
  parts: number;
  received: number[];
}

export interface UploadItem {
  titleId: string;
  titleName: string;
  fileName: string;
  bytes: number;
  sent: number;
  state: 'waiting' | 'sending' | 'paused' | 'failed' | 'done';
  /** Shown while a part is tried again. */
  note?: string;
  reason?: ReasonLike;
}

/** A refusal in the words of the API, or of a line that gave out. */
class Stopped extends Error {
  constructor(readonly reason: ReasonLike) {
    super(reason.message);
  }
}

const PARTS_AT_ONCE = 3;
const TRIES = 6;
const memory = (titleId: string) => `backlot.upload.${titleId}`;

class Uploads {
  #items: UploadItem[] = [];
  #files = new Map<string, { file: File; client: Client; stop: AbortController }>();
  #listeners = new Set<() => void>();
  #running = false;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  items = (): UploadItem[] => this.#items;

  /** Queues a file for a title; one file is sent at a time, its parts several at once. */
  add(client: Client, title: { id: string; name: string }, file: File): void {
    this.#files.set(title.id, { file, client, stop: new AbortController() });
    const item: UploadItem = { titleId: title.id, titleName: title.name, fileName: file.name, bytes: file.size, sent: 0, state: 'waiting' };
    this.#set([...this.#items.filter((one) => one.titleId !== title.id), item]);
    void this.#work();
  }

  pause(titleId: string): void {
    this.#files.get(titleId)?.stop.abort();
    this.#change(titleId, { state: 'paused', note: undefined });
  }

  resume(titleId: string): void {
    const kept = this.#files.get(titleId);
    if (!kept) return;
    kept.stop = new AbortController();
    this.#change(titleId, { state: 'waiting', reason: undefined });
    void this.#work();
  }

  /** Takes a finished or stopped item off the list; what has arrived stays and can be continued. */
  dismiss(titleId: string): void {
    this.#files.get(titleId)?.stop.abort();
    this.#files.delete(titleId);
    this.#set(this.#items.filter((one) => one.titleId !== titleId));
  }

  async #work(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#next(); next; next = this.#next()) await this.#send(next);
    this.#running = false;
  }

  #next(): UploadItem | undefined {
    return this.#items.find((item) => item.state === 'waiting');
  }

  async #send({ titleId }: UploadItem): Promise<void> {
    const kept = this.#files.get(titleId);
    if (!kept) return;
    const { file, client, stop } = kept;
    this.#change(titleId, { state: 'sending' });
    try {
      const place = await this.#place(client, titleId, file);
      const arrived = new Set(place.received);
      const missing = Array.from({ length: place.parts }, (_, part) => part).filter((part) => !arrived.has(part));
      const sizeOf = (part: number) => Math.min(place.partBytes, file.size - part * place.partBytes);
      let sent = place.received.reduce((sum, part) => sum + sizeOf(part), 0);
      this.#change(titleId, { sent });
      const lane = async () => {
        for (let part = missing.shift(); part !== undefined; part = missing.shift()) {
          const from = part * place.partBytes;
          await this.#part(titleId, `${place.partUrl}${part}`, file.slice(from, from + sizeOf(part)), stop.signal);
          sent += sizeOf(part);
          this.#change(titleId, { sent, note: undefined });
        }
      };
      await Promise.all(Array.from({ length: PARTS_AT_ONCE }, lane));
      await this.#ask(`${place.url}/complete`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}', signal: stop.signal });
      localStorage.removeItem(memory(titleId));
      this.#change(titleId, { state: 'done', sent: file.size, note: undefined });
    } catch (error) {
      if (stop.signal.aborted) return;
      stop.abort();
      const reason =
        error instanceof Stopped
          ? error.reason
          : { code: 'NOT_READ', message: `${file.name} could not be read.`, wayOut: 'Look whether the file is still there, then choose it again.' };
      this.#change(titleId, { state: 'failed', reason, note: undefined });
    }
  }

  /** Where to send: the place begun earlier for these very bytes, else a new one. */
  async #place(client: Client, titleId: string, file: File): Promise<Place> {
    const mark = `${file.name}|${file.size}|${file.lastModified}`;
    const known = JSON.parse(localStorage.getItem(memory(titleId)) ?? 'null') as (Place & { mark: string }) | null;
    if (known?.mark === mark) {
      const answer = await fetch(known.url, { credentials: 'same-origin' });
      if (answer.ok) return { ...known, ...((await answer.json()) as { received: number[] }) };
    }
    const result = await client.mutation(createUpload, { input: { titleId, fileName: file.name, bytes: String(file.size) } }).toPromise();
    const upload = result.data?.createUpload;
    if (!upload) throw new Stopped({ code: 'NO_ANSWER', message: 'Backlot did not answer.', wayOut: 'Continue the upload when it does.' });
    if (upload.__typename === 'Refused') throw new Stopped(upload);
    localStorage.setItem(memory(titleId), JSON.stringify({ ...upload, mark }));
    return upload;
  }

  async #part(titleId: string, address: string, part: Blob, signal: AbortSignal): Promise<void> {
    // Only a page of https or of this machine itself is given the browser's own SHA-256.
    if (!('subtle' in crypto)) {
      throw new Stopped({ code: 'NEEDS_HTTPS', message: 'This address cannot send files safely.', wayOut: 'Open the console by https, or as localhost.' });
    }
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await part.arrayBuffer()));
    const base64 = btoa(String.fromCharCode(...digest));
    const init = { method: 'PUT', body: part, signal, headers: { 'content-digest': `sha-256=:${base64}:`, 'content-type': 'application/octet-stream' } };
    await this.#ask(address, init, (wait) => this.#change(titleId, { note: `The line broke; trying again in ${Math.round(wait / 1000)} s` }));
  }

  /** Asks until there is an answer: 4xx is final, a broken line or 5xx is tried again, ever more slowly. */
  async #ask(address: string, init: RequestInit, onWait?: (milliseconds: number) => void): Promise<void> {
    for (let tried = 1; ; tried++) {
      const answer = await fetch(address, { credentials: 'same-origin', ...init }).catch((error: unknown) => {
        if (init.signal?.aborted) throw error;
        return undefined;
      });
      if (answer?.ok) return;
      if ((answer && answer.status < 500 && answer.status !== 429) || tried === TRIES) {
        const told = (await answer?.json().catch(() => undefined)) as ReasonLike | undefined;
        throw new Stopped(told?.message ? told : { code: 'NO_ANSWER', message: 'The upload stopped: Backlot does not answer.', wayOut: 'What has arrived is kept. Continue when the line is back.' });
      }
      const wait = 500 * 2 ** tried;
      onWait?.(wait);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  #change(titleId: string, change: Partial<UploadItem>): void {
    this.#set(this.#items.map((item) => (item.titleId === titleId ? { ...item, ...change } : item)));
  }

  #set(items: UploadItem[]): void {
    this.#items = items;
    for (const listener of this.#listeners) listener();
  }
}

export const uploads = new Uploads();

export function useUploads(): UploadItem[] {
  return useSyncExternalStore(uploads.subscribe, uploads.items);
}
