import { useEffect, useRef, useState } from 'react';
import { useClient, type AnyVariables, type OperationResult, type TypedDocumentNode } from 'urql';
import { graphql } from '../../generated/index.js';
import { reasonOf } from '../../lib/outcome.js';
import type { ResultOf } from '../../lib/result.js';
import type { ReasonLike } from '../../ui/states.js';
import type { Playhead } from './playhead.js';
import { entryOf, placeAt, titleShots, type Entry, type Shot } from './shots.js';
import type { Playback } from './use-playback.js';

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

export const SHOTS_A_PAGE = 100;
const KINDS: Entry['kind'][] = ['cut', 'dissolve', 'fade', 'wipe', 'other'];

type Edited = { edit: ({ __typename: 'ShotEdit'; id: string; shots?: Shot[] } | ({ __typename: 'Refused' } & ReasonLike)) };

/** Going from transition to transition and putting them right. What keys ask for is done one after the other, each on what the one before left. */
export function useReview({ titleId, shots, playhead, playback }: { titleId: string; shots: Shot[]; playhead: Playhead; playback: Playback }) {
  const client = useClient();
  const [on, setOn] = useState(false);
  const [byDoubt, setByDoubt] = useState(true);
  const [at, setAt] = useState<string>();
  const [sure, setSure] = useState(0.95);
  const [refusal, setRefusal] = useState<ReasonLike>();
  const [waiting, setWaiting] = useState(0);
  const now = useRef({ shots, at, byDoubt, sure });
  const edits = useRef<string[]>([]);
  /** The shots that were looked at, in that order. */
  const trail = useRef<string[]>([]);
  const last = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => void (now.current.shots = shots), [shots]);

  const current = (): Shot | undefined => now.current.shots.find((shot) => shot.id === now.current.at);
  const goTo = (shot: Shot | undefined) => {
    if (!shot) return;
    now.current.at = shot.id;
    trail.current.push(shot.id);
    setAt(shot.id);
    playback.show(shot.first);
  };
  const next = (step: 1 | -1, doubt: boolean) => {
    const { shots: all, at: from } = now.current;
    if (!doubt) return goTo(all[all.findIndex((shot) => shot.id === from) + step]);
    if (step < 0) {
      trail.current.pop();
      const before = trail.current.pop();
      return goTo(all.find((shot) => shot.id === before));
    }
    const waiting = all.filter((shot) => !shot.review.reviewedBy && shot.id !== from).toSorted((a, b) => b.review.doubt - a.review.doubt || a.number - b.number);
    // What was passed by comes again when everything else was seen.
    goTo(waiting.find((shot) => !trail.current.includes(shot.id)) ?? waiting[0]);
  };

  /** Every page anew: the numbers of all later shots have changed. */
  const renew = async () => {
    const pages: Shot[] = [];
    let after: string | null = null;
    do {
      const answer: OperationResult<ResultOf<typeof titleShots>> = await client.query(titleShots, { id: titleId, first: SHOTS_A_PAGE, after }, { requestPolicy: 'network-only' }).toPromise();
      if (answer.error) return setRefusal(reasonOf(answer.error));
      const page: NonNullable<ResultOf<typeof titleShots>['title']>['shots'] | undefined = answer.data?.title?.shots;
      pages.push(...(page?.nodes ?? []));
      after = page?.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
    } while (after !== null);
    now.current.shots = pages;
  };

  const ask = async <Variables extends AnyVariables>(document: TypedDocumentNode<Edited, Variables>, variables: Variables): Promise<string | undefined> => {
    setRefusal(undefined);
    const { data, error } = await client.mutation(document, variables).toPromise();
    const edit = data?.edit;
    if (edit?.__typename === 'ShotEdit') {
      const changed = edit.shots;
      if (changed) now.current.shots = now.current.shots.map((shot) => changed.find(({ id }) => id === shot.id) ?? shot);
      else await renew();
      return edit.id;
    }
    if (error) setRefusal(reasonOf(error));
    if (edit) setRefusal(edit);
    await renew();
    return undefined;
  };
  const doing = (work: () => Promise<void>) => {
    setWaiting((count) => count + 1);
    last.current = last.current.then(work).finally(() => setWaiting((count) => count - 1));
  };
  const editing = (work: (shot: Shot) => Promise<string | undefined> | undefined, then?: (shot: Shot) => void) =>
    doing(async () => {
      const shot = current();
      const id = shot && (await work(shot));
      if (!shot || !id) return;
      edits.current.push(id);
      then?.(shot);
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
    n: () => doing(async () => next(1, now.current.byDoubt)),
    p: () => doing(async () => next(-1, now.current.byDoubt)),
    ArrowDown: () => doing(async () => next(1, false)),
    ArrowUp: () => doing(async () => next(-1, false)),
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
        const shot = now.current.shots[placeAt(now.current.shots, frame)];
        const id = shot && (await ask(splitShot as TypedDocumentNode<Edited, { id: string; version: number; input: { kind: string; first: number } }>, { id: shot.id, version: shot.review.version, input: { kind: 'cut', first: frame } }));
        if (!id) return;
        edits.current.push(id);
        goTo(now.current.shots.find((one) => one.first === frame));
      });
    },
    m: () =>
      editing(
        (shot) => ask(mergeShot as TypedDocumentNode<Edited, { id: string; version: number }>, { id: shot.id, version: shot.review.version }),
        (shot) => goTo(now.current.shots[placeAt(now.current.shots, shot.first)]),
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
    e: () => document.querySelector<HTMLButtonElement>('[aria-label="Correct sentence"]')?.click(),
    r: () => setOn(false),
  };
  const start = () => {
    setOn(true);
    if (!current()) doing(async () => next(1, now.current.byDoubt));
  };
  return { on, start, keys, byDoubt, sure, refusal, busy: waiting > 0, shot: shots.find((shot) => shot.id === at), reviewed: shots.filter((shot) => shot.review.reviewedBy).length };
}

export type Reviewing = ReturnType<typeof useReview>;
