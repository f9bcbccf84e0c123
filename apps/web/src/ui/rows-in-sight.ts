import { useWindowVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** Of `count` rows of about `height` pixels, those that the window shows: 10,000 scroll like ten. `element` begins where the rows begin. */
export function useRowsInSight<Element extends HTMLElement>(count: number, height: number, overscan = 6): { element: RefObject<Element | null>; rows: Virtualizer<Window, HTMLElement> } {
  const element = useRef<Element>(null);
  const [top, setTop] = useState(0);
  // What stands above may grow at any render.
  useLayoutEffect(() => {
    if (element.current) setTop(element.current.getBoundingClientRect().top + window.scrollY);
  });
  return { element, rows: useWindowVirtualizer<HTMLElement>({ count, estimateSize: () => height, overscan, scrollMargin: top }) };
}
