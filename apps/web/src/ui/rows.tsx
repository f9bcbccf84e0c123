import { useState, type ReactNode, type ToggleEvent } from 'react';
import { useRowsInSight } from './rows-in-sight.js';

interface RowsProps<Row> {
  rows: Row[];
  /** What a closed row is high, about. */
  height: number;
  className?: string;
  children: (row: Row, details: { open: boolean; onToggle: (event: ToggleEvent<HTMLDetailsElement>) => void }) => ReactNode;
}

/** A list of which only the rows in sight are in the page. A row of `details` gets what keeps it open when it comes back into sight. */
export function Rows<Row extends { id: string }>({ rows, height, className, children }: RowsProps<Row>) {
  const { element, rows: virtual } = useRowsInSight<HTMLOListElement>(rows.length, height);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string, open: boolean) =>
    setOpened((now) => {
      if (now.has(id) === open) return now;
      const next = new Set(now);
      if (open) next.add(id);
      else next.delete(id);
      return next;
    });
  return (
    <ol ref={element} className="relative" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, start }) => {
        const row = rows[index] as Row;
        return (
          <li
            key={row.id}
            ref={virtual.measureElement}
            data-index={index}
            aria-setsize={rows.length}
            aria-posinset={index + 1}
            className={`absolute inset-x-0 top-0 ${className ?? ''}`}
            style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
          >
            {children(row, { open: opened.has(row.id), onToggle: ({ currentTarget }) => toggle(row.id, currentTarget.open) })}
          </li>
        );
      })}
    </ol>
  );
}
