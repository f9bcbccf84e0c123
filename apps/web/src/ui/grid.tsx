import { useEffect, useLayoutEffect, useState, type ReactNode } from 'react';
import { useRowsInSight } from './rows-in-sight.js';

const GAP = 20;

interface GridProps<Item> {
  items: readonly Item[];
  keyOf: (item: Item) => string;
  /** What stands below a picture, in pixels. */
  under: number;
  more: boolean;
  onMore: () => void;
  children: (item: Item) => ReactNode;
}

/** Pictures of 16:9 in as many columns as there is room for. Only the rows in sight are in the page: 10,000 scroll like ten. */
export function Grid<Item>({ items, keyOf, under, more, onMore, children }: GridProps<Item>) {
  const [width, setWidth] = useState(0);
  const columns = Math.max(2, Math.min(5, Math.floor(width / 235)));
  const rows = Math.ceil(items.length / columns);
  const cell = (width - GAP * (columns - 1)) / columns;
  const height = Math.max(80, (cell * 9) / 16 + under + GAP);
  const { element, rows: virtual } = useRowsInSight<HTMLDivElement>(rows, height, 3);
  useLayoutEffect(() => {
    if (!element.current) return;
    const watch = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    watch.observe(element.current);
    return () => watch.disconnect();
  }, [element]);
  useEffect(() => virtual.measure(), [virtual, height]);
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && width > 0 && last >= rows - 4) onMore();
  }, [more, onMore, last, rows, width]);
  return (
    <div ref={element} className="relative" style={{ height: virtual.getTotalSize() }}>
      {width > 0 &&
        shown.map((row) => (
          <div
            key={row.key}
            className="absolute inset-x-0 top-0 grid"
            style={{
              transform: `translateY(${row.start - virtual.options.scrollMargin}px)`,
              gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
              columnGap: GAP,
            }}
          >
            {items.slice(row.index * columns, (row.index + 1) * columns).map((item) => (
              <div key={keyOf(item)}>{children(item)}</div>
            ))}
          </div>
        ))}
    </div>
  );
}
