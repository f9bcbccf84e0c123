import { useEffect, useRef } from 'react';
import { Button } from './button.js';

/** The end of a list: asks for the next page when it comes into sight, and only `byHand` where it is always in sight. */
export function More({ more, loading, byHand, onMore }: { more: boolean; loading: boolean; byHand?: boolean; onMore: () => void }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!more || loading || byHand || !element.current) return;
    // Going out of sight and coming back may be told at once: only the last of it is true.
    const sight = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && onMore(), { rootMargin: '600px' });
    sight.observe(element.current);
    return () => sight.disconnect();
  }, [more, loading, byHand, onMore]);
  if (!more) return null;
  return (
    <div ref={element} className="flex justify-center py-6">
      <Button look="bare" busy={loading} onClick={onMore}>
        {loading ? 'Loading more…' : 'Load more'}
      </Button>
    </div>
  );
}
