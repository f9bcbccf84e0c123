import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useClient, type AnyVariables, type Client, type CombinedError, type OperationResult, type TypedDocumentNode } from 'urql';

export interface Connection<Node> {
  nodes: Node[];
  pageInfo: { endCursor?: string | null; hasNextPage: boolean };
  /** Null where nobody counts. */
  totalCount?: number | null;
}

interface Page<Node> {
  after: string | null;
  nodes: Node[];
  end: string | null;
  more: boolean;
}

export interface ListView<Node> {
  nodes: Node[];
  total: number | undefined;
  more: boolean;
  /** Nothing has arrived yet. */
  starting: boolean;
  loadingMore: boolean;
  error: CombinedError | undefined;
}

interface Question<Data, Node> {
  document: TypedDocumentNode<Data>;
  variables: Record<string, unknown>;
  connection: (data: Data) => Connection<Node> | null | undefined;
  size: number;
}

/**
 * A list that grows page by page and stays true: every page it has asked for is watched in the cache, so that a mutation
 * or a poll of one page changes only the rows it is about. 10,000 rows are 167 watched pages, never one answer.
 */
export class PagedList<Data, Node> {
  #pages: Page<Node>[] = [];
  #watched: { unsubscribe: () => void }[] = [];
  #listeners = new Set<() => void>();
  #view: ListView<Node> = { nodes: [], total: undefined, more: false, starting: true, loadingMore: false, error: undefined };
  #pending = false;

  constructor(
    private readonly client: Client,
    private readonly question: Question<Data, Node>,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view = (): ListView<Node> => this.#view;

  /** Begins with the first page; `close` ends every watch. */
  open(): () => void {
    this.#watch(0, null);
    return () => {
      for (const watch of this.#watched) watch.unsubscribe();
      this.#watched = [];
      this.#pages = [];
    };
  }

  /** Asks for the next page; does nothing while one is on its way or when there is none. */
  loadMore = (): void => {
    const last = this.#pages.at(-1);
    if (this.#pending || !last?.more || last.end === null) return;
    this.#watch(this.#pages.length, last.end);
  };

  /** Asks again for the pages that hold a row of which `moves` is true, and for the first when `head` is. */
  refresh = (moves: (node: Node) => boolean = () => false, head = true): void => {
    if (this.#pages.length === 0) return this.#again(null);
    this.#pages.forEach((page, place) => {
      if ((place === 0 && head) || page.nodes.some(moves)) this.#again(page.after);
    });
  };

  #variables(after: string | null): Record<string, unknown> {
    return { ...this.question.variables, first: this.question.size, after };
  }

  #again(after: string | null): void {
    void this.client
      .query(this.question.document, this.#variables(after), { requestPolicy: 'network-only' })
      .toPromise()
      .then((result) => {
        if (this.#pages.length === 0) this.#arrived(0, null, result);
      });
  }

  #watch(place: number, after: string | null): void {
    this.#pending = true;
    this.#show({ loadingMore: place > 0, error: undefined });
    const watch = this.client
      .query(this.question.document, this.#variables(after), { requestPolicy: 'cache-and-network' })
      .subscribe((result) => this.#arrived(place, after, result));
    this.#watched.push(watch);
  }

  #arrived(place: number, after: string | null, result: OperationResult<Data>): void {
    this.#pending = false;
    const connection = result.data ? this.question.connection(result.data) : undefined;
    if (!connection) {
      // An answer without data while a better one is on its way says nothing.
      if (!result.stale) this.#show({ error: result.error, starting: false, loadingMore: false });
      return;
    }
    const known = this.#pages[place];
    const fresh: Page<Node> = { after, nodes: connection.nodes, end: connection.pageInfo.endCursor ?? null, more: connection.pageInfo.hasNextPage };
    if (known && known.end !== fresh.end && this.#pages.length > place + 1) {
      // Newer rows pushed older ones over the page's edge; the next page still begins at the old edge.
      const edge = known.nodes.findIndex((node) => keyOf(node) === keyOf(fresh.nodes.at(-1)));
      fresh.nodes = [...fresh.nodes, ...known.nodes.slice(edge + 1)];
      fresh.end = known.end;
    }
    this.#pages = this.#pages.with(place < this.#pages.length ? place : this.#pages.push(fresh) - 1, fresh);
    this.#show({
      nodes: this.#pages.flatMap((page) => page.nodes),
      total: connection.totalCount ?? this.#view.total,
      more: this.#pages.at(-1)?.more ?? false,
      starting: false,
      loadingMore: false,
      error: result.error,
    });
  }

  #show(change: Partial<ListView<Node>>): void {
    this.#view = { ...this.#view, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function keyOf(node: unknown): unknown {
  const row = node as { id?: string; number?: number; shotId?: string; shot?: { id: string } } | undefined;
  return row?.id ?? row?.number ?? row?.shotId ?? row?.shot?.id;
}

/** The list of a connection; a change of variables begins it anew. */
export function usePagedList<Data, Node, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Record<string, unknown>,
  connection: (data: Data) => Connection<Node> | null | undefined,
  size = 60,
): ListView<Node> & Pick<PagedList<Data, Node>, 'loadMore' | 'refresh'> {
  const client = useClient();
  const key = JSON.stringify(variables);
  const list = useMemo(
    () => new PagedList(client, { document: document as TypedDocumentNode<Data>, variables: JSON.parse(key) as Record<string, unknown>, connection, size }),
    // `connection` is a fixed reader of the document's answer.
    [client, document, key, size],
  );
  useEffect(() => list.open(), [list]);
  const view = useSyncExternalStore(list.subscribe, list.view);
  return { ...view, loadMore: list.loadMore, refresh: list.refresh };
}
