import { useRef, useState } from 'react';
import { useClient, useQuery, type AnyVariables, type OperationResult, type TypedDocumentNode } from 'urql';
import { graphql } from '../../generated/index.js';
import { spaced } from '../../lib/format.js';
import { reasonOf } from '../../lib/outcome.js';
import type { ResultOf } from '../../lib/result.js';
import type { ReasonLike } from '../../ui/states.js';
import type { Playhead } from './playhead.js';
import { labels } from './labels.js';
import type { ShotPages, Shots } from './shot-pages.js';
import { entryOf, type Entry, type Shot } from './shots.js';
import type { Playback } from './use-playback.js';

/** How far review is with all shots of the title, however few of them are here. */
const reviewProgress = graphql(`
  query ReviewProgress($id: ID!) {
    title(id: $id) {
      id
      review {
        reviewed
        stale
        recomputing {
          id
          state
          progress
          note
          reason {
            code
            message
            wayOut
          }
        }
      }
    }
  }
`);

const waitingShots = graphql(`
  query WaitingShots($titleId: ID!, $first: Int!, $after: String) {
    reviewQueue(titleId: $titleId, first: $first, after: $after) {
      nodes {
        id
        first
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

const changeEntry = graphql(`
  mutation ChangeEntry($id: ID!, $version: Int!, $input: EntryInput!) {
    edit: changeEntry(id: $id, version: $version, input: $input) {
      __typename
      ... on ShotEdit {
        id
        shots {
          ...ShotFields
        }
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const acceptShot = graphql(`
  mutation AcceptShot($id: ID!, $version: Int!) {
    edit: acceptShot(id: $id, version: $version) {
      __typename
      ... on ShotEdit {
        id
        shots {
          ...ShotFields
        }
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const splitShot = graphql(`
  mutation SplitShot($id: ID!, $version: Int!, $input: EntryInput!) {
    edit: splitShot(id: $id, version: $version, input: $input) {
      __typename
      ... on ShotEdit {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const mergeShot = graphql(`
  mutation MergeShot($id: ID!, $version: Int!) {
    edit: mergeShot(id: $id, version: $version) {
      __typename
      ... on ShotEdit {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const acceptShots = graphql(`
  mutation AcceptShots($titleId: ID!, $confidence: Float!) {
    edit: acceptShots(titleId: $titleId, confidence: $confidence) {
      __typename
      ... on ShotEdit {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const undoShotEdit = graphql(`
  mutation UndoShotEdit($id: ID!) {
    edit: undoShotEdit(id: $id) {
      __typename
      ... on ShotEdit {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

const KINDS: Entry['kind'][] = ['cut', 'dissolve', 'fade', 'wipe', 'other'];

type Edited = { edit: ({ __typename: 'ShotEdit'; id: string; shots?: Shot[] } | ({ __typename: 'Refused' } & ReasonLike)) };

const press = (button: string): void => document.querySelector<HTMLButtonElement>(button)?.click();

/** A shot as it is found again, whatever its number has become. */
type Met = Pick<Shot, 'id' | 'first'>;

/** Going from transition to transition and putting them right. What keys ask for is done one after the other, each on what the one before left. */
export function useReview({ titleId, pages, shots, playhead, playback }: { titleId: string; pages: ShotPages; shots: Shots; playhead: Playhead; playback: Playback }) {
  const client = useClient();
  const [on, setOn] = useState(false);
  const [byDoubt, setByDoubt] = useState(true);
  const [at, setAt] = useState<string>();
  const [sure, setSure] = useState(0.95);
  const [refusal, setRefusal] = useState<ReasonLike>();
  const [waiting, setWaiting] = useState(0);
  const [{ data: told }] = useQuery({ query: reviewProgress, variables: { id: titleId }, requestPolicy: 'cache-and-network', pause: !on });
  const now = useRef({ at, byDoubt, sure });
  const edits = useRef<string[]>([]);
  /** The shots that were looked at, in that order. */
  const trail = useRef<Met[]>([]);
  const last = useRef<Promise<void>>(Promise.resolve());

  const current = (): Shot | undefined => pages.view().find(now.current.at);
  const goTo = (shot: Shot | undefined) => {
    if (!shot) return;
    now.current.at = shot.id;
    trail.current.push(shot);
    // It stays at hand wherever the film is scrubbed to.
    pages.want('review', { numbers: [shot.number, shot.number] });
    setAt(shot.id);
    playback.show(shot.first);
  };
  const next = async (step: 1 | -1, doubt: boolean): Promise<void> => {
    if (!doubt) return goTo(await pages.numbered((current()?.number ?? -1) + step));
    if (step > 0) {
      const met = await mostDoubtful();
      return goTo(met && (await pages.reach(met.first)));
    }
    trail.current.pop();
    for (let before = trail.current.pop(); before; before = trail.current.pop()) {
      await pages.reach(before.first);
      // One that has become part of another since is passed over.
      const shot = pages.view().find(before.id);
      if (shot) return goTo(shot);
    }
  };
  /** Of the shots that nobody reviewed the one that asks for it most. What was passed by comes again when everything else was seen. */
  const mostDoubtful = async (): Promise<Met | undefined> => {
    const passed = new Set(trail.current.map(({ id }) => id));
    let again: Met | undefined;
    for (let after: string | null = null; ; ) {
      const answer: OperationResult<ResultOf<typeof waitingShots>> = await client.query(waitingShots, { titleId, first: 100, after }, { requestPolicy: 'network-only' }).toPromise();
      if (answer.error) setRefusal(reasonOf(answer.error));
      const queue = answer.data?.reviewQueue;
      const others = queue?.nodes.filter(({ id }) => id !== now.current.at) ?? [];
      const fresh = others.find(({ id }) => !passed.has(id));
      again ??= others[0];
      if (fresh || !queue?.pageInfo.hasNextPage) return fresh ?? again;
      after = queue.pageInfo.endCursor ?? null;
    }
  };

  const count = () => client.query(reviewProgress, { id: titleId }, { requestPolicy: 'network-only' }).toPromise();

  const ask = async <Variables extends AnyVariables>(document: TypedDocumentNode<Edited, Variables>, variables: Variables): Promise<string | undefined> => {
    setRefusal(undefined);
    const { data, error } = await client.mutation(document, variables).toPromise();
    const edit = data?.edit;
    if (edit?.__typename === 'ShotEdit') {
      // Where shots come or go, the numbers of all later ones change.
      if (edit.shots) pages.put(edit.shots);
      else await pages.renew();
      await count();
      return edit.id;
    }
    if (error) setRefusal(reasonOf(error));
    if (edit) setRefusal(edit);
    await Promise.all([pages.renew(), count()]);
    return undefined;
  };
  const doing = (work: () => Promise<void>) => {
    setWaiting((count) => count + 1);
    last.current = last.current.then(work).finally(() => setWaiting((count) => count - 1));
  };
  const editing = (work: (shot: Shot) => Promise<string | undefined> | undefined, then?: (shot: Shot) => void | Promise<void>) =>
    doing(async () => {
      const shot = current();
      const id = shot && (await work(shot));
      if (!shot || !id) return;
      edits.current.push(id);
      await then?.(shot);
    });
  const entered = (shot: Shot, input: { kind: Entry['kind']; first: number; from?: number | undefined }) => {
    const { kind, first, from } = input;
    return ask(changeEntry as TypedDocumentNode<Edited, { id: string; version: number; input: { kind: string; first: number; from?: number } }>, { id: shot.id, version: shot.review.version, input: { kind, first, ...(from === undefined ? {} : { from }) } });
  };
  const seen = () => playback.show(current()?.first ?? playhead.frame);
  const move = (to: (shot: Shot) => number) =>
    editing((shot) => {
      const by = to(shot) - shot.first;
      const { kind, first: from } = entryOf(shot);
      return by === 0 ? undefined : entered(shot, { kind, first: shot.first + by, from: from === undefined ? undefined : from + by });
    }, seen);

  const keys: Record<string, () => void> = {
    n: () => doing(() => next(1, now.current.byDoubt)),
    p: () => doing(() => next(-1, now.current.byDoubt)),
    ArrowDown: () => doing(() => next(1, false)),
    ArrowUp: () => doing(() => next(-1, false)),
    d: () => setByDoubt((now.current.byDoubt = !now.current.byDoubt)),
    ',': () => move((shot) => shot.first - 1),
    '.': () => move((shot) => shot.first + 1),
    b: () => {
      const { frame } = playhead;
      move(() => frame);
    },
    '[': () => {
      const from = playhead.frame;
      editing((shot) => entered(shot, { kind: entryOf(shot).kind === 'cut' ? 'dissolve' : entryOf(shot).kind, first: shot.first, from }));
    },
    t: () =>
      editing((shot) => {
        const { kind, first: from } = entryOf(shot);
        const other = KINDS[(KINDS.indexOf(kind) + 1) % KINDS.length] as Entry['kind'];
        // What was a cut becomes gradual by a frame, which [ then widens; what becomes a cut has its frames in the shot before.
        return entered(shot, { kind: other, first: shot.first, from: other === 'cut' ? undefined : (from ?? shot.first - 1) });
      }),
    s: () => {
      const { frame } = playhead;
      doing(async () => {
        const shot = await pages.reach(frame);
        const id = shot && (await ask(splitShot as TypedDocumentNode<Edited, { id: string; version: number; input: { kind: string; first: number } }>, { id: shot.id, version: shot.review.version, input: { kind: 'cut', first: frame } }));
        if (!id) return;
        edits.current.push(id);
        goTo(await pages.reach(frame));
      });
    },
    m: () =>
      editing(
        (shot) => ask(mergeShot as TypedDocumentNode<Edited, { id: string; version: number }>, { id: shot.id, version: shot.review.version }),
        async (shot) => goTo(await pages.reach(shot.first)),
      ),
    a: () =>
      editing(
        (shot) => ask(acceptShot as TypedDocumentNode<Edited, { id: string; version: number }>, { id: shot.id, version: shot.review.version }),
        () => next(1, now.current.byDoubt),
      ),
    'Shift+a': () =>
      doing(async () => {
        const id = await ask(acceptShots as TypedDocumentNode<Edited, { titleId: string; confidence: number }>, { titleId, confidence: now.current.sure });
        if (id) edits.current.push(id);
      }),
    '-': () => setSure((now.current.sure = Math.max(0, Math.round(now.current.sure * 100 - 5) / 100))),
    '=': () => setSure((now.current.sure = Math.min(1, Math.round(now.current.sure * 100 + 5) / 100))),
    u: () =>
      doing(async () => {
        const id = edits.current.at(-1);
        if (id === undefined || !(await ask(undoShotEdit as TypedDocumentNode<Edited, { id: string }>, { id }))) return;
        edits.current.pop();
        seen();
      }),
    e: () => press('[aria-label="Correct sentence"]'),
    ...Object.fromEntries(labels.map(([name], place) => [String(place + 1), () => press(`[aria-label=Labels] [aria-label="Correct ${spaced(name)}"]`)])),
    r: () => setOn(false),
  };
  const start = () => {
    setOn(true);
    if (!current()) doing(() => next(1, now.current.byDoubt));
  };
  return { on, start, keys, byDoubt, sure, refusal, busy: waiting > 0, shot: shots.find(at), progress: told?.title?.review ?? undefined, count: () => void count() };
}

export type Reviewing = ReturnType<typeof useReview>;
