import clsx from 'clsx';
import { EyeOff, Film } from 'lucide-react';
import { useEffect, useState } from 'react';
import { refusalOf } from '../lib/refusal.js';

interface StillProps {
  url: string | null | undefined;
  className?: string;
  /** Says in its place why a picture may not be seen, where there is room for a sentence (`in words`) or for a hint (`on hover`). */
  reason?: 'in words' | 'on hover';
}

/** A picture of a film beside words that say what it is of. One that may not be seen (now) leaves its place plain. */
export function Still({ url, className, reason }: StillProps) {
  const [refused, setRefused] = useState<string>();
  if (url && url === refused && reason) return <Refused url={url} inWords={reason === 'in words'} className={className} />;
  if (!url || url === refused) {
    return (
      <span className={clsx('grid place-items-center bg-panel', className)}>
        <Film size={18} aria-hidden className="text-line" />
      </span>
    );
  }
  return <img src={url} alt="" loading="lazy" decoding="async" draggable={false} className={className} onError={() => setRefused(url)} />;
}

const broken = { code: 'NO_PICTURE', message: 'The picture could not be shown.', wayOut: '' };

function Refused({ url, inWords, className }: { url: string; inWords: boolean; className: string | undefined }) {
  const [message, setMessage] = useState('');
  useEffect(() => {
    let gone = false;
    // What the picture's own loader was told it keeps to itself.
    void refusalOf(url, broken).then((why) => gone || setMessage(why.message));
    return () => {
      gone = true;
    };
  }, [url]);
  return (
    <span className={clsx('flex flex-col items-center justify-center gap-2 bg-panel p-3', className)} title={message || undefined}>
      <EyeOff size={18} aria-hidden className="shrink-0 text-faint" />
      <span className={inWords ? 'line-clamp-4 text-center text-xs text-balance text-faint' : 'sr-only'}>{message}</span>
    </span>
  );
}
