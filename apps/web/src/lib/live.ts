import { useEffect, useRef } from 'react';

/** Calls `look` every `every` milliseconds while `active` and while the tab is seen. */
export function useLive(active: boolean, look: () => void, every = 1500): void {
  const latest = useRef(look);
  latest.current = look;
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') latest.current();
    }, every);
    return () => clearInterval(timer);
  }, [active, every]);
}
