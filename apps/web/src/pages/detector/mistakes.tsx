import { Link } from '@tanstack/react-router';
import { graphql } from '../../generated/index.js';
import type { MistakeKind } from '../../generated/graphql.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Chip, type Tone } from '../../ui/chip.js';

const mistakes = graphql(`
  query Mistakes($id: ID!, $first: Int!, $after: String) {
    title(id: $id) {
      id
      review {
        mistakes(first: $first, after: $after) {
          nodes {
            frame
            what
            detected
            real
          }
          pageInfo {
            endCursor
            hasNextPage
          }
          totalCount
        }
      }
    }
  }
`);

const words: Record<MistakeKind, [string, Tone]> = { FALSE: ['is none', 'stop'], MISSED: ['not seen', 'soon'], OFF: ['off', 'busy'], MISNAMED: ['another kind', 'kept'] };

interface Begin {
  frame: number;
  entry: { kind: string };
}

/** Where the detector was wrong; each leads to the frame. */
export function Mistakes({ titleId }: { titleId: string }) {
  const list = usePagedList(mistakes, { id: titleId }, (data) => data.title?.review?.mistakes, 50);
  return (
    <Paged list={list} byHand empty={<p className="text-sm text-faint">No mistake.</p>}>
      {(nodes) => (
        <ol className="figures mt-3 grid gap-x-6 text-sm sm:grid-cols-2 xl:grid-cols-3">
          {nodes.map(({ frame, what, detected, real }) => {
            const [said, is] = [detected as Begin | null, real as Begin | null];
            const [name, tone] = words[what];
            return (
              <li key={`${frame} ${what}`} className="flex flex-wrap items-baseline gap-x-3 border-b border-line py-1.5">
                <Link to="/titles/$titleId" params={{ titleId }} search={{ frame }} className="text-tungsten underline underline-offset-2">
                  frame {frame}
                </Link>
                <Chip tone={tone}>{name}</Chip>
                <span className="text-xs text-faint">
                  {said ? `detected: ${said.entry.kind} at ${said.frame}` : 'nothing detected'}
                  {is && `, there: ${is.entry.kind} at ${is.frame}`}
                </span>
              </li>
            );
          })}
        </ol>
      )}
    </Paged>
  );
}
