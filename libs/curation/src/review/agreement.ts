import { type Database, isId, rows, type Scope } from '#libs/platform';
import { isSame, type Opinion } from './opinion.js';

/** How far two who reviewed the same shots without seeing each other's decisions agree. */
export interface Agreement {
  /** Shots that two decided on, and of how many they said the same in everything. */
  shots: number;
  agreed: number;
  share: number;
  items: ItemAgreement[];
  /** Of shots of which both say that they begin with a transition: how many frames the two are apart. */
  boundary: { shots: number; exact: number; meanFrames: number; mostFrames: number } | null;
}

export interface ItemAgreement {
  about: string;
  shots: number;
  same: number;
  share: number;
  /** Null: it is no choice among kinds, or both always said the same one thing, so that there is nothing beyond chance to agree on. */
  kappa: number | null;
}

/** What of a shot is one of some values, for which chance can be reckoned with; of the rest only whether both said the same is counted. */
const CHOICES = ['transition', 'people', 'faces', 'place', 'shotSize', 'scene'] as const;
const LABELS = ['people', 'faces', 'place', 'shotSize', 'scene'] as const;
const ORDER: readonly string[] = [...CHOICES, 'objects', 'inside', 'caption'];
const NONE = 'none';

interface Said {
  about: string;
  one: string;
  other: string;
  oneSays: string;
  otherSays: string;
  shots: number;
}

/** Counts what two said of one shot. Runs in the caller's transaction. */
export async function countAgreement({ studioId }: Scope, titleId: string, a: Opinion, b: Opinion): Promise<void> {
  // By id and not by who came first: kappa asks what each of the two is given to say.
  const [one, other] = a.memberId < b.memberId ? [a, b] : [b, a];
  const said: [about: string, oneSays: string, otherSays: string][] = [];
  const whether = (about: string, same: boolean): unknown => said.push([about, same ? 'same' : 'other', 'same']);
  whether('shot', isSame(one, other));
  if (one.kind !== 'start') said.push(['transition', one.kind ?? NONE, other.kind ?? NONE]);
  // Who says that there is no such shot says nothing of what is in it.
  if (one.kind && other.kind) {
    if (one.kind !== 'start') said.push(['boundary', String(Math.abs(one.frame - other.frame)), '']);
    for (const label of LABELS) said.push([label, text(one.labels[label]), text(other.labels[label])]);
    whether('objects', text(one.labels.objects) === text(other.labels.objects));
    whether('inside', JSON.stringify(one.inside) === JSON.stringify(other.inside));
    whether('caption', one.sentence === other.sentence);
  }
  await rows(
    `insert into agreement (title_id, one, other, about, one_says, other_says, studio_id, shots) select $1, $2, $3, s->>0, s->>1, s->>2, $4, 1 from jsonb_array_elements($5) as s
     on conflict (title_id, one, other, about, one_says, other_says) do update set shots = agreement.shots + 1`,
    [titleId, one.memberId, other.memberId, studioId, JSON.stringify(said)],
  );
}

const text = (value: string | string[] | undefined): string => (value === undefined ? NONE : [value].flat().join(', '));

/** Of one title, or of all of the studio's; null where no shot was decided on by two. */
export async function agreementOf(database: Database, scope: Scope, titleId?: string): Promise<Agreement | null> {
  return database.inStudio(scope, async () => {
    const of = titleId === undefined ? '' : 'and title_id = $2';
    return together(
      await rows<Said>(
        `select about, one, other, one_says as "oneSays", other_says as "otherSays", sum(shots)::float8 as shots from agreement where studio_id = $1 ${of} group by about, one, other, one_says, other_says`,
        [scope.studioId, ...(titleId === undefined ? [] : [isId(titleId) ? titleId : null])],
      ),
    );
  });
}

export function together(said: Said[]): Agreement | null {
  const all = said.filter(({ about }) => about === 'shot');
  const shots = sum(all);
  if (!shots) return null;
  const agreed = sum(all.filter(same));
  const apart = said.filter(({ about }) => about === 'boundary');
  const pairs = sum(apart);
  return {
    shots,
    agreed,
    share: agreed / shots,
    items: ORDER.flatMap((about) => {
      const one = said.filter((item) => item.about === about);
      const [counted, equal] = [sum(one), sum(one.filter(same))];
      return counted ? [{ about, shots: counted, same: equal, share: equal / counted, kappa: (CHOICES as readonly string[]).includes(about) ? kappaOf(one) : null }] : [];
    }),
    boundary: pairs ? { shots: pairs, exact: sum(apart.filter(({ oneSays }) => oneSays === '0')), meanFrames: apart.reduce((frames, { oneSays, shots: n }) => frames + Number(oneSays) * n, 0) / pairs, mostFrames: apart.reduce((most, { oneSays }) => Math.max(most, Number(oneSays)), 0) } : null,
  };
}

/**
 * Cohen's kappa. Of several pairs of members, what each pair is expected to agree on by chance is reckoned from what those two say, and
 * summed over the pairs (pooled kappa: De Vries and others 2008, doi:10.1177/1525822X08317166).
 */
function kappaOf(said: Said[]): number | null {
  const pairs = Map.groupBy(said, ({ one, other }) => `${one} ${other}`);
  let [counted, observed, expected] = [0, 0, 0];
  for (const pair of pairs.values()) {
    const n = sum(pair);
    counted += n;
    observed += sum(pair.filter(same));
    const others = Map.groupBy(pair, ({ otherSays }) => otherSays);
    for (const [value, ones] of Map.groupBy(pair, ({ oneSays }) => oneSays)) expected += (sum(ones) * sum(others.get(value) ?? [])) / n;
  }
  return counted - expected > 1e-9 ? (observed - expected) / (counted - expected) : null;
}

const same = ({ oneSays, otherSays }: Said): boolean => oneSays === otherSays;
const sum = (said: Said[]): number => said.reduce((count, { shots }) => count + shots, 0);
