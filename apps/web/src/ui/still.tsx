import { Film } from 'lucide-react';
import { useState } from 'react';

/** A picture of a film beside words that say what it is of. One that may not be seen (now) leaves its place plain. */
export function Still({ url, className }: { url: string | null | undefined; className?: string }) {
  const [refused, setRefused] = useState<string>();
  if (!url || url === refused) {
    return (
      <span className={`grid place-items-center bg-panel ${className ?? ''}`}>
        <Film size={18} aria-hidden className="text-line" />
      </span>
    );
  }
  return <img src={url} alt="" loading="lazy" decoding="async" draggable={false} className={className} onError={() => setRefused(url)} />;
}
