import { Link, type LinkProps } from '@tanstack/react-router';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useRowsInSight } from './rows-in-sight.js';

export type Column<Row> = [head: string, cell: (row: Row) => ReactNode];

interface TableProps<Row> {
  label: string;
  rows: Row[];
  /** The head of the first column, and what stands in it: the row's name and a line under it. */
  head: string;
  name: (row: Row) => string;
  under?: (row: Row) => ReactNode;
  /** Where a row leads; the whole row is its target. */
  to?: (row: Row) => Pick<LinkProps, 'to' | 'params'> | undefined;
  columns: Column<Row>[];
}

/** A table whose rows open. Beside it a column of names, under it on a narrow screen; only the rows in sight are in the page. */
export function Table<Row extends { id: string }>({ label, rows, head, name, under, to, columns }: TableProps<Row>) {
  const { element, rows: virtual } = useRowsInSight<HTMLTableSectionElement>(rows.length, 61);
  const shown = virtual.getVirtualItems();
  const before = (shown[0]?.start ?? virtual.options.scrollMargin) - virtual.options.scrollMargin;
  const after = virtual.getTotalSize() - before - ((shown.at(-1)?.end ?? 0) - (shown[0]?.start ?? 0));
  return (
    <table aria-label={label} aria-rowcount={rows.length + 1} className="figures block w-full border-collapse text-sm md:table md:table-fixed">
      <thead className="hidden text-left text-xs text-faint md:table-header-group">
        <tr>
          {[head, ...columns.map(([one]) => one)].map((one, place) => (
            <th key={one} scope="col" className={clsx('border-b border-line px-3 pb-2 font-medium', place === 0 && 'w-[30%]')}>
              {one}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={element} className="block md:table-row-group">
        <Gap height={before} />
        {shown.map(({ index, key }) => {
          const row = rows[index] as Row;
          const target = to?.(row);
          return (
            <tr
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              aria-rowindex={index + 2}
              className={clsx('relative flex flex-wrap items-baseline gap-x-3 border-b border-line py-3 md:table-row md:py-0', target && 'hover:bg-panel')}
            >
              <th scope="row" className="w-full px-3 text-left font-medium break-words md:w-auto md:py-3 md:align-top">
                {target ? (
                  <Link {...target} className="after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-tungsten">
                    {name(row)}
                  </Link>
                ) : (
                  name(row)
                )}
                {under && <div className="mt-0.5 text-xs font-normal text-faint">{under(row)}</div>}
              </th>
              {columns.map(([one, cell]) => (
                <td key={one} className="py-0.5 pl-3 text-soft md:px-3 md:py-3 md:align-top">
                  <span className="text-xs text-faint md:hidden">{one} </span>
                  {cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
        <Gap height={after} />
      </tbody>
    </table>
  );
}

/** The rows that are out of sight. */
function Gap({ height }: { height: number }) {
  return height > 0 ? (
    <tr aria-hidden className="block md:table-row" style={{ height }}>
      <td />
    </tr>
  ) : null;
}
