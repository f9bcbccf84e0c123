import { useRef, useState } from 'react';
import { useClient, useQuery, type OperationResult } from 'urql';
import { reasonOf } from '../../lib/outcome.js';
import type { ResultOf } from '../../lib/result.js';
import type { ReasonLike } from '../../ui/states.js';
import { decideShot, type Dispute, disputesForMe, doubleReview, ownOpinion, settleShot, waitingForMe } from './double-query.js';
import { cutInside, type Draft, draftOf, gradualFrom, inputOf, moved, otherKind, shownDraft } from './opinion.js';
import type { Playhead } from './playhead.js';
import { labels } from './labels.js';
import type { ShotPages, Shots } from './shot-pages.js';
import type { Shot } from './shots.js';
import type { Playback } from './use-playback.js';

type Met = Pick<Shot, 'id' | 'first'>;

const focusOn = (name: string): void => document.querySelector<HTMLElement>(`[aria-label="Double review"] [name="${name}"]`)?.focus();

/**
 * Deciding on the shots of a title that two review, and settling where they differ. What is changed is a draft of one's own until it is
 * sent; what keys ask for is done one after the other.
 */
export function useDoubleReview({ titleId, pages, shots, playhead, playback }: { titleId: string; pages: ShotPages; shots: Shots; playhead: Playhead; playback: Playback }) {
  const client = useClient();
  const [{ data, error }, ask] = useQuery({ query: doubleReview, variables: { id: titleId }, requestPolicy: 'cache-and-network' });
  const [on, setOn] = useState(false);
  const [at, setAt] = useState<string>();
  const [draft, setDraft] = useState<Draft>();
  const [dispute, setDispute] = useState<Dispute>();
  const [settling, setSettling] = useState(false);
  const [refusal, setRefusal] = useState<ReasonLike>();
  const [told, setTold] = useState('');
  const [waiting, setWaiting] = useState(0);
  /** What keys that follow each other without a pause build on. */
  const now = useRef<{ at?: string | undefined; draft?: Draft | undefined; dispute?: Dispute | undefined; settling: boolean }>({ settling: false });
  const trail = useRef<Met[]>([]);
  const last = useRef<Promise<void>>(Promise.resolve());

  const review = data?.title?.review;
  const state = review?.doubleReview ?? undefined;
  const open = !!state && !state.endedAt;
  const count = () => client.query(doubleReview, { id: titleId }, { requestPolicy: 'network-only' }).toPromise();

  const say = (next: Draft | undefined) => setDraft((now.current.draft = next));
  const current = (): Shot | undefined => pages.view().find(now.current.at);
  const goTo = async (shot: Shot | undefined, differ?: Dispute): Promise<void> => {
    now.current.at = shot?.id;
    setAt(shot?.id);
    setDispute((now.current.dispute = differ));
    if (!shot) return say(undefined);
    trail.current.push({ id: shot.id, first: shot.first });
    // It stays at hand wherever the film is scrubbed to.
    pages.want('review', { numbers: [shot.number, shot.number] });
    playback.show(shot.first);
    say(shownDraft(shot));
    if (differ) return;
    const own: OperationResult<ResultOf<typeof ownOpinion>> = await client.query(ownOpinion, { id: titleId, number: shot.number }, { requestPolicy: 'network-only' }).toPromise();
    const opinion = own.data?.title?.shots.nodes.find(({ id }) => id === shot.id)?.review.opinion;
    if (opinion) say(draftOf(shot, opinion));
  };

  /** Of a queue the first that was not passed by; what was passed by comes again when everything else was seen. */
  const fromQueue = async <Node>(page: (after: string | null) => Promise<{ nodes: Node[]; pageInfo: { endCursor?: string | null; hasNextPage: boolean } } | undefined>, idOf: (node: Node) => string): Promise<Node | undefined> => {
    const passed = new Set(trail.current.map(({ id }) => id));
    let again: Node | undefined;
    for (let after: string | null = null; ; ) {
      const queue = await page(after);
      const others = queue?.nodes.filter((node) => idOf(node) !== now.current.at) ?? [];
      const fresh = others.find((node) => !passed.has(idOf(node)));
      again ??= others[0] ?? queue?.nodes[0];
      if (fresh || !queue?.pageInfo.hasNextPage) return fresh ?? again;
      after = queue.pageInfo.endCursor ?? null;
    }
  };
  const toDecide = () =>
    fromQueue(
      async (after) => {
        const answer: OperationResult<ResultOf<typeof waitingForMe>> = await client.query(waitingForMe, { id: titleId, first: 100, after }, { requestPolicy: 'network-only' }).toPromise();
        if (answer.error) setRefusal(reasonOf(answer.error));
        return answer.data?.title?.review?.doubleReview?.waiting;
      },
      ({ id }) => id,
    );
  const toSettle = () =>
    fromQueue(
      async (after) => {
        const answer: OperationResult<ResultOf<typeof disputesForMe>> = await client.query(disputesForMe, { id: titleId, first: 20, after }, { requestPolicy: 'network-only' }).toPromise();
        if (answer.error) setRefusal(reasonOf(answer.error));
        return answer.data?.title?.review?.doubleReview?.disputes;
      },
      ({ shot }) => shot.id,
    );
  const change = (to: boolean) => setSettling((now.current.settling = to));
  const nextToDecide = async (): Promise<boolean> => {
    const met = await toDecide();
    if (met) await goTo(await pages.reach(met.first));
    return met !== undefined;
  };
  const nextToSettle = async (): Promise<boolean> => {
    const met = await toSettle();
    if (met) await goTo(await pages.reach(met.shot.first), met);
    return met !== undefined;
  };
  /** Where one queue is empty the other goes on. */
  const next = async (): Promise<void> => {
    const order = now.current.settling ? [nextToSettle, nextToDecide] : [nextToDecide, nextToSettle];
    for (const [place, look] of order.entries()) {
      if (!(await look())) continue;
      if (place === 1) change(!now.current.settling);
      return;
    }
    await goTo(undefined);
  };
  const back = async (): Promise<void> => {
    trail.current.pop();
    for (let before = trail.current.pop(); before; before = trail.current.pop()) {
      await pages.reach(before.first);
      const shot = pages.view().find(before.id);
      if (shot) return goTo(shot);
    }
  };

  const doing = (work: () => Promise<void>) => {
    setWaiting((count) => count + 1);
    last.current = last.current.then(work).finally(() => setWaiting((count) => count - 1));
  };
  /** A change of the draft, after what was asked for before it. */
  const drafting = (by: (draft: Draft) => Draft, show = true) =>
    doing(async () => {
      if (!now.current.draft) return;
      setRefusal(undefined);
      say(by(now.current.draft));
      if (show) playback.show(now.current.draft.frame);
    });
  const send = async (): Promise<void> => {
    const shot = current();
    const { draft: says, dispute: differ } = now.current;
    if (!shot || !says) return;
    setRefusal(undefined);
    const answer = await client.mutation(differ ? settleShot : decideShot, { id: shot.id, version: shot.review.version, input: inputOf(says, shownDraft(shot)) }).toPromise();
    const decision = answer.data?.decision;
    if (answer.error) return setRefusal(reasonOf(answer.error));
    if (decision?.__typename === 'Refused') {
      setRefusal(decision);
      await Promise.all([pages.renew(), count()]);
      return;
    }
    const words = { WAITING: 'Kept: it waits for the other.', AGREED: 'Both say the same: it is settled.', DISPUTED: 'The other says something else: a third settles it.', SETTLED: 'Settled.' };
    if (decision) setTold(`Shot ${shot.number + 1}: ${words[decision.outcome]}`);
    const written = decision?.outcome === 'AGREED' || decision?.outcome === 'SETTLED';
    await Promise.all([written && pages.renew(), count()]);
    await next();
  };
  const take = (which: 'one' | 'other') =>
    doing(async () => {
      const shot = current();
      const said = now.current.dispute?.[which];
      if (shot && said) say(draftOf(shot, said));
    });

  const keys: Record<string, () => void> = {
    n: () => doing(next),
    p: () => doing(back),
    g: () =>
      doing(async () => {
        change(!now.current.settling);
        await next();
      }),
    ArrowDown: () => doing(async () => goTo(await pages.numbered((current()?.number ?? -1) + 1))),
    ArrowUp: () => doing(async () => goTo(await pages.numbered((current()?.number ?? 1) - 1))),
    ',': () => drafting((says) => moved(says, -1)),
    '.': () => drafting((says) => moved(says, 1)),
    b: () => {
      const { frame } = playhead;
      drafting((says) => moved(says, frame - says.frame));
    },
    '[': () => {
      const { frame } = playhead;
      drafting((says) => gradualFrom(says, frame), false);
    },
    t: () => drafting(otherKind),
    m: () => drafting((says) => (says.kind === 'start' ? says : { ...says, none: !says.none })),
    s: () => {
      const { frame } = playhead;
      drafting((says) => cutInside(says, frame), false);
    },
    u: () =>
      doing(async () => {
        const shot = current();
        if (shot) say(shownDraft(shot));
      }),
    z: () => take('one'),
    x: () => take('other'),
    a: () => doing(send),
    e: () => focusOn('sentence'),
    ...Object.fromEntries(labels.map(([name], place) => [String(place + 1), () => focusOn(name)])),
    r: () => setOn(false),
  };
  const start = () => {
    setOn(true);
    if (!current()) doing(next);
  };
  return {
    /** Whether the title is reviewed by two now; undefined while that is not known. */
    open: data || error ? open : undefined,
    on: on && open,
    start,
    keys,
    state,
    review,
    settling,
    dispute,
    shot: shots.find(at),
    draft,
    /** Changes the draft in fields. */
    write: (by: (draft: Draft) => Draft) => now.current.draft && say(by(now.current.draft)),
    refusal: refusal ?? (error && reasonOf(error)),
    told,
    busy: waiting > 0,
    again: () => ask({ requestPolicy: 'network-only' }),
  };
}

export type DoublyReviewing = ReturnType<typeof useDoubleReview>;
