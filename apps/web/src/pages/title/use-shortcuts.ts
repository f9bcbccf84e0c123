import { useEffect, useRef } from 'react';

/** Keys of the whole page; not while something is being written, chosen or confirmed. */
export function useShortcuts(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const on = event.target as HTMLElement;
      if (on.closest('input:not([type=range]), textarea, select, [contenteditable]')) return;
      // Space and Enter press the button that has the focus.
      if (event.key === ' ' && on.closest('button, summary, a, [role=tab]')) return;
      const act = latest.current[(event.shiftKey ? 'Shift+' : '') + (event.key.length === 1 ? event.key.toLowerCase() : event.key)];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
