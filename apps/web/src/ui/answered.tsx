import type { ReactNode } from 'react';
import type { CombinedError } from 'urql';
import type { ListView, PagedList } from '../lib/paged-list.js';
import { More } from './more.js';
import { Page } from './page.js';
import { Failed, NotThere, SkeletonRows } from './states.js';

interface Answer<Data> {
  data?: Data | undefined;
  error?: CombinedError | undefined;
  fetching: boolean;
}

/** What a question brought, or why not yet. */
export function Answered<Data>({ answer: [{ data, error }, again], waiting = <SkeletonRows />, children }: { answer: readonly [Answer<Data>, (options: { requestPolicy: 'network-only' }) => void, ...unknown[]]; waiting?: ReactNode; children: (data: Data) => ReactNode }) {
  if (data) return children(data);
  return error ? <Failed error={error} retry={() => again({ requestPolicy: 'network-only' })} /> : waiting;
}

/** The page of a thing that is not on it yet, or not at all. */
export function Absent({ what, back, answer, retry, waiting = <SkeletonRows /> }: { what: string; back: ReactNode; answer: Answer<unknown>; retry: () => void; waiting?: ReactNode }) {
  return (
    <Page title={what[0]?.toUpperCase() + what.slice(1)} above={back}>
      {answer.error ? <Failed error={answer.error} retry={retry} /> : answer.fetching || !answer.data ? waiting : <NotThere what={what} back={back} />}
    </Page>
  );
}

/** A list page by page: what it holds, or why it shows nothing. */
export function Paged<Data, Node>({ list, waiting = <SkeletonRows />, empty, byHand, children }: { list: ListView<Node> & Pick<PagedList<Data, Node>, 'loadMore' | 'refresh'>; waiting?: ReactNode; empty: ReactNode; byHand?: boolean; children: (nodes: Node[]) => ReactNode }) {
  if (list.nodes.length === 0) return list.error ? <Failed error={list.error} retry={() => list.refresh()} /> : list.starting ? waiting : empty;
  return (
    <>
      {children(list.nodes)}
      {/* A page that failed is asked for by hand: the end of the list is in sight and would ask without end. */}
      {list.error && list.more ? <Failed error={list.error} retry={list.loadMore} /> : <More more={list.more} loading={list.loadingMore} byHand={byHand} onMore={list.loadMore} />}
    </>
  );
}
