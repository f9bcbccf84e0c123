import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useClient, type Client, type CombinedError, type OperationResult } from 'urql';
import type { ResultOf } from '../../lib/result.js';
import { placeAt, titleShots, type Shot } from './shots.js';

export const SHOTS_A_PAGE = 100;
/** Pages in memory that nobody looks at any more: 2,000 shots, however long the film is. */
const KEPT = 20;
/** Whoever drags through a film passes a hundred pages; those that are still in sight when a request ends are asked for. */
const AT_ONCE = 2;
/** A stretch of film that holds more shots than this is not filled. */
const MOST_OF_SPAN = 4 * SHOTS_A_PAGE;

/** Shots that somebody looks at: a frame's, those of some numbers (both inside), or all of a stretch of frames. */
export interface Want {
  frame?: number | undefined;
  numbers?: [from: number, to: number] | undefined;
  span?: [from: number, to: number] | undefined;
}

interface Page {
  nodes: Shot[];
  /** The last frame of which the API said that it is of this page: a transition after its last shot is of no shot. */
  until: number;
}

const pageOf = (number: number): number => Math.floor(number / SHOTS_A_PAGE);

/** The shots of a title as far as they have arrived. */
export class Shots {
  /** In the order of the film; where a page is not there yet, shots are missing between two. */
  readonly loaded: Shot[];

  constructor(
    private readonly pages: ReadonlyMap<number, Page> = new Map(),
    /** Undefined: nothing has arrived yet. */
    readonly total: number | undefined = undefined,
    readonly error: CombinedError | undefined = undefined,
  ) {
    this.loaded = [...pages].sort(([one], [other]) => one - other).flatMap(([, { nodes }]) => nodes);
  }

  numbered(number: number): Shot | undefined {
    return this.pages.get(pageOf(number))?.nodes[number % SHOTS_A_PAGE];
  }

  find(id: string | undefined): Shot | undefined {
    return this.loaded.find((shot) => shot.id === id);
  }

  /** The shot that holds the frame, or the one before it where it is of a transition; undefined while that is not known. */
  holding(frame: number): Shot | undefined {
    const shot = this.loaded[placeAt(this.loaded, frame)];
    if (!shot) return undefined;
    if (shot.first > frame) return shot.number === 0 ? shot : undefined;
    const known = frame <= shot.last || this.isLast(shot) || this.numbered(shot.number + 1) !== undefined || (this.pages.get(pageOf(shot.number))?.until ?? -1) >= frame;
    return known ? shot : undefined;
  }

  /** The last of the shots that follow each other from this one and have arrived. */
  runFrom(shot: Shot): Shot {
    let end = shot;
    for (let page = pageOf(shot.number); this.pages.has(page); page++) end = this.pages.get(page)!.nodes.at(-1) ?? end;
    return end;
  }

  isLast(shot: Shot): boolean {
    return this.total !== undefined && shot.number >= this.total - 1;
  }
}

type Answer = OperationResult<ResultOf<typeof titleShots>>;
type Asked = { from: number } | { around: number };

/**
 * The shots of a title, page by page, and only those pages that somebody looks at. Each page that has arrived is watched in the cache:
 * what a mutation says of a shot is seen at once.
 */
export class ShotPages {
  #pages = new Map<number, Page>();
  #watched = new Map<number, { unsubscribe: () => void }>();
  #inFlight = new Map<string, { unsubscribe: () => void }>();
  #wants = new Map<string | symbol, Want>();
  #listeners = new Set<() => void>();
  #now = new Shots();
  #open = false;
  /** Ends when every page of a renewal has arrived; until then the shots from before are shown, all of them of one state. */
  #renewing: { left: number; done: () => void } | undefined;

  constructor(
    private readonly client: Client,
    private readonly titleId: string,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view = (): Shots => this.#now;

  open(): () => void {
    this.#open = true;
    this.#pump();
    return () => {
      this.#open = false;
      this.#drop();
      this.#now = new Shots();
    };
  }

  /** Says what `who` looks at, in place of what they looked at before. */
  want(who: string | symbol, want: Want): void {
    this.#wants.set(who, want);
    this.#pump();
  }

  /** The shot that holds the frame, when its page has arrived; undefined where there is none or it does not come. */
  reach(frame: number): Promise<Shot | undefined> {
    return this.#awaited({ frame }, () => this.#now.holding(frame));
  }

  numbered(number: number): Promise<Shot | undefined> {
    return this.#awaited({ numbers: [number, number] }, () => this.#now.numbered(number));
  }

  /** Shots as a mutation answered them. */
  put(shots: readonly Shot[]): void {
    const byId = new Map(shots.map((shot) => [shot.id, shot]));
    for (const page of this.#pages.values()) page.nodes = page.nodes.map((shot) => byId.get(shot.id) ?? shot);
    this.#show();
  }

  /** What somebody looks at anew, and the rest not at all: the numbers of all later shots may have changed. */
  async renew(): Promise<void> {
    const pages = this.#wanted();
    this.#drop();
    if (pages.size === 0) return this.#show();
    await new Promise<void>((done) => {
      this.#renewing?.done();
      this.#renewing = { left: pages.size, done };
      for (const page of pages) this.#ask({ from: page * SHOTS_A_PAGE });
    });
  }

  /** Asks again for what did not come. */
  retry = (): void => this.#show({ total: this.#now.total });

  /** Pages that somebody looks at. */
  #wanted(): Set<number> {
    const pages = new Set<number>();
    const add = (from: number | undefined, to = from) => {
      if (from !== undefined && to !== undefined) for (let page = pageOf(Math.max(0, from)); page <= pageOf(Math.min(to, (this.#now.total ?? 1) - 1)); page++) pages.add(page);
    };
    for (const { frame, numbers, span } of this.#wants.values()) {
      if (frame !== undefined) add(this.#now.holding(frame)?.number);
      if (numbers) add(...numbers);
      if (span) {
        const from = this.#now.holding(span[0]);
        const to = this.#now.holding(span[1]) ?? (from && this.#now.runFrom(from));
        if (from && to && to.number - from.number <= MOST_OF_SPAN) add(from.number, to.number);
      }
    }
    return pages;
  }

  /** What somebody looks at and is neither there nor on its way. */
  #missing(): Asked | undefined {
    const { total } = this.#now;
    if (total === 0) return undefined;
    const page = (number: number): Asked | undefined => {
      if (number < 0 || (total !== undefined && number >= total) || this.#pages.has(pageOf(number))) return undefined;
      const asked = { from: pageOf(number) * SHOTS_A_PAGE };
      return this.#inFlight.has(keyOf(asked)) ? undefined : asked;
    };
    const around = (frame: number): Asked | undefined => (this.#now.holding(frame) || this.#inFlight.has(keyOf({ around: frame })) ? undefined : { around: frame });
    for (const { frame, numbers, span } of this.#wants.values()) {
      const asked = (frame !== undefined && around(frame)) || (numbers && (page(numbers[0]) ?? page(numbers[1]))) || (span && this.#missingOf(span, page, around));
      if (asked) return asked;
    }
    return undefined;
  }

  #missingOf([from, to]: [number, number], page: (number: number) => Asked | undefined, around: (frame: number) => Asked | undefined): Asked | undefined {
    const first = this.#now.holding(from);
    if (!first) return around(from);
    const end = this.#now.runFrom(first);
    return end.last >= to || end.number - first.number >= MOST_OF_SPAN ? undefined : page(end.number + 1);
  }

  #pump(): void {
    while (this.#open && !this.#renewing && !this.#now.error && this.#inFlight.size < AT_ONCE) {
      const asked = this.#missing();
      if (!asked) return;
      this.#ask(asked);
    }
  }

  #ask(asked: Asked): void {
    const key = keyOf(asked);
    let closed = false;
    // An answer may come before `subscribe` returns.
    let watch: { unsubscribe: () => void } | undefined = undefined;
    const mine = { unsubscribe: () => void ((closed = true), watch?.unsubscribe()) };
    this.#inFlight.set(key, mine);
    watch = this.client.query(titleShots, { id: this.titleId, first: SHOTS_A_PAGE, ...asked }, { requestPolicy: 'network-only' }).subscribe((answer) => {
      if (!closed) this.#arrived(asked, answer, mine);
    });
    if (closed) watch.unsubscribe();
  }

  #arrived(asked: Asked, { data, error }: Answer, watch: { unsubscribe: () => void }): void {
    const first = this.#inFlight.delete(keyOf(asked));
    const shots = data?.title?.shots;
    const number = shots?.nodes[0]?.number;
    if (number === undefined) watch.unsubscribe();
    else {
      const page = pageOf(number);
      if (this.#watched.get(page) !== watch) this.#watched.get(page)?.unsubscribe();
      this.#watched.set(page, watch);
      const { nodes } = shots!;
      const until = Math.max(this.#pages.get(page)?.until ?? -1, 'around' in asked && (nodes.at(-1) as Shot).first <= asked.around ? asked.around : -1);
      this.#pages.set(page, { nodes, until });
    }
    if (this.#renewing && first && --this.#renewing.left > 0) return;
    const { done } = this.#renewing ?? {};
    this.#renewing = undefined;
    // No title and no error: it is not there, and neither is a shot of it.
    this.#show(data ? { total: shots?.totalCount ?? 0 } : { total: this.#now.total, error });
    done?.();
  }

  #show({ total, error }: Pick<Shots, 'total'> & { error?: CombinedError | undefined } = this.#now): void {
    if (this.#renewing) return;
    const wanted = this.#pages.size > KEPT ? this.#wanted() : undefined;
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= KEPT) break;
      if (wanted?.has(page)) continue;
      this.#pages.delete(page);
      this.#watched.get(page)?.unsubscribe();
      this.#watched.delete(page);
    }
    this.#now = new Shots(new Map(this.#pages), total, error);
    for (const listener of this.#listeners) listener();
    this.#pump();
  }

  #drop(): void {
    for (const { unsubscribe } of [...this.#watched.values(), ...this.#inFlight.values()]) unsubscribe();
    this.#watched.clear();
    this.#inFlight.clear();
    this.#pages.clear();
  }

  #awaited(want: Want, found: () => Shot | undefined): Promise<Shot | undefined> {
    const who = Symbol('awaited');
    return new Promise((resolve) => {
      const look = () => {
        const shot = found();
        const { total, error } = this.#now;
        const never = error !== undefined || total === 0 || (want.numbers !== undefined && (want.numbers[0] < 0 || (total !== undefined && want.numbers[0] >= total)));
        if (!shot && !never) return;
        stop();
        this.#wants.delete(who);
        resolve(shot);
      };
      const stop = this.subscribe(look);
      this.want(who, want);
      look();
    });
  }
}

const keyOf = (asked: Asked): string => JSON.stringify(asked);

/** The shots of a title that are looked at; `pages` says what is. */
export function useShotPages(titleId: string): { pages: ShotPages; shots: Shots } {
  const client = useClient();
  const pages = useMemo(() => new ShotPages(client, titleId), [client, titleId]);
  useEffect(() => pages.open(), [pages]);
  return { pages, shots: useSyncExternalStore(pages.subscribe, pages.view) };
}
