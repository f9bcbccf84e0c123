import { Link } from '@tanstack/react-router';
import { Film } from 'lucide-react';
import type { ReactNode } from 'react';

/** One clip or dropped shot: its picture, where it is from, and what is to be said of it. */
export function SampleRow(props: { keyframeUrl: string | null | undefined; titleId: string; titleName: string; first: number; last: number; decisionId: string | null | undefined; aside?: ReactNode; children: ReactNode }) {
  return (
    <li className="flex gap-4 border-b border-line py-3">
      <div className="grid h-[4.5rem] w-32 shrink-0 place-items-center overflow-hidden rounded-sm bg-panel">
        {props.keyframeUrl ? <img src={props.keyframeUrl} alt="" loading="lazy" className="size-full object-cover" /> : <Film size={18} aria-hidden className="text-line" />}
      </div>
      <div className="min-w-0 flex-1 text-sm">
        {props.children}
        <p className="figures mt-1 flex flex-wrap gap-x-3 text-xs text-faint">
          <Link to="/titles/$titleId" params={{ titleId: props.titleId }} className="hover:text-ink">
            {props.titleName}
          </Link>
          <span>
            frames {props.first} to {props.last}
          </span>
          {props.decisionId && (
            <Link to="/decisions/$decisionId" params={{ decisionId: props.decisionId }} className="text-tungsten underline underline-offset-2">
              decision
            </Link>
          )}
          {props.aside}
        </p>
      </div>
    </li>
  );
}
