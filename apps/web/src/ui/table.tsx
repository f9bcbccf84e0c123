import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** A list whose lines open: the first cell is the link, and the whole line is its target. */
export function Lines({ label, heads, children }: { label: string; heads: string[]; children: ReactNode }) {
  return (
    <table aria-label={label} className="figures w-full border-collapse text-sm">
      <thead className="hidden text-left text-xs text-faint md:table-header-group">
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col" className="border-b border-line px-3 pb-2 font-medium first:pl-3">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

export function Line({ to, params, name, under, cells }: Pick<LinkProps, 'to' | 'params'> & { name: string; under?: ReactNode; cells: [string, ReactNode][] }) {
  return (
    <tr className="relative flex flex-wrap items-baseline gap-x-3 border-b border-line py-3 hover:bg-panel md:table-row md:py-0">
      <th scope="row" className="w-full px-3 text-left font-medium md:w-auto md:py-3">
        <Link to={to} params={params} className="after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-tungsten">
          {name}
        </Link>
        {under && <div className="mt-0.5 text-xs font-normal text-faint">{under}</div>}
      </th>
      {cells.map(([head, cell]) => (
        <td key={head} className="py-0.5 pl-3 text-soft md:px-3 md:py-3 md:align-top">
          <span className="text-xs text-faint md:hidden">{head} </span>
          {cell}
        </td>
      ))}
    </tr>
  );
}
