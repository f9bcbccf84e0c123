import { Link } from '@tanstack/react-router';
import clsx from 'clsx';
import { graphql } from '../../generated/index.js';
import type { DuplicateClustersQuery } from '../../generated/graphql.js';
import { count } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import type { ResultOf } from '../../lib/result.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Why } from '../../ui/states.js';
import { Still } from '../../ui/still.js';

export const duplicateShot = graphql(`
  fragment DuplicateShot on Shot {
    id
    number
    first
    last
    title {
      id
      name
      analysis {
        width
        height
      }
    }
    keyframes {
      url
    }
  }
`);

const chooseRepresentative = graphql(`
  mutation ChooseRepresentative($id: ID!, $chosen: Boolean!) {
    chooseRepresentative(id: $id, chosen: $chosen) {
      __typename
      ... on Shot {
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

type ClusterNode = DuplicateClustersQuery['duplicateClusters']['nodes'][number];
type DuplicateShot = ResultOf<typeof duplicateShot>;

/** One take: the shot that stands for it, and the others with how near they are. */
export function Cluster({ cluster: { size, chosen, representative, others }, onChange }: { cluster: ClusterNode; onChange: () => void }) {
  const can = useCan();
  const action = useAction(chooseRepresentative, 'chooseRepresentative');
  const choose = (id: string, by: boolean) => void action.run({ id, chosen: by }).then((done) => done && onChange());
  const more = size - 1 - others.nodes.length;
  return (
    <section aria-label={`${count(size, 'shot')} of one take`} className="rounded-xl border border-line bg-panel p-4">
      <div className="flex gap-4 overflow-x-auto pb-1">
        <Picture shot={representative} represents>
          <p className="text-xs text-tungsten">{chosen ? 'Chosen to represent them' : 'Represents them: the sharpest and largest'}</p>
          {chosen && can('change Filter') && (
            <Button look="bare" className="mt-1 -ml-2 !min-h-8 !px-2 text-xs" busy={action.busy} onClick={() => choose(representative.id, false)}>
              Take the choice back
            </Button>
          )}
        </Picture>
        {others.nodes.map(({ shot, mostBits, oneBits, look }) => (
          <Picture key={shot.id} shot={shot}>
            <p className="figures text-xs text-faint" title={`The two pictures that are most alike differ in ${oneBits} bits of 64${look == null ? '' : `; looks ${look.toFixed(2)} alike`}`}>
              {mostBits} bits of 64 apart
            </p>
            {can('change Filter') && (
              <Button look="bare" className="mt-1 -ml-2 !min-h-8 !px-2 text-xs" busy={action.busy} onClick={() => choose(shot.id, true)}>
                Let this one represent them
              </Button>
            )}
          </Picture>
        ))}
        {more > 0 && <p className="figures self-center px-3 text-sm whitespace-nowrap text-faint">and {more.toLocaleString('en')} more</p>}
      </div>
      {action.refusal && <Why reason={action.refusal} className="mt-3" />}
    </section>
  );
}

function Picture({ shot: { number, first, last, title, keyframes }, represents, children }: { shot: DuplicateShot; represents?: boolean; children: React.ReactNode }) {
  return (
    <div className="w-52 shrink-0">
      <Link to="/titles/$titleId" params={{ titleId: title.id }} className="block hover:text-ink">
        <Still reason="in words" url={keyframes[Math.floor(keyframes.length / 2)]?.url} className={clsx('aspect-video w-full rounded-sm bg-black object-contain', represents && 'outline-2 -outline-offset-2 outline-tungsten')} />
        <span className="mt-1.5 block truncate text-sm font-medium" title={title.name}>
          {title.name}
        </span>
        <span className="figures block truncate text-xs text-faint">
          shot {number + 1}, frames {first} to {last}
          {title.analysis && <span className="block">{`${title.analysis.width}×${title.analysis.height}`}</span>}
        </span>
      </Link>
      {children}
    </div>
  );
}
