import clsx from 'clsx';
import type { ReactNode } from 'react';

export type Tone = 'go' | 'stop' | 'busy' | 'kept' | 'still' | 'soon';

const dots: Record<Tone, string> = { go: 'bg-go', stop: 'bg-stop', busy: 'bg-busy', kept: 'bg-kept', still: 'bg-edge', soon: 'bg-tungsten' };
const words: Record<Tone, string> = { go: 'text-go', stop: 'text-stop', busy: 'text-busy', kept: 'text-kept', still: 'text-soft', soon: 'text-tungsten' };

/** A state in one word; the dot is for the eye, the word for everyone. */
export function Chip({ tone, children, className }: { tone: Tone; children: ReactNode; className?: string }) {
  return (
    <span className={clsx('inline-flex items-center gap-1.5 text-xs font-medium whitespace-nowrap', words[tone], className)}>
      <span aria-hidden className={clsx('size-1.5 rounded-full', dots[tone], tone === 'busy' && 'animate-[breathe_1.6s_ease-in-out_infinite]')} />
      {children}
    </span>
  );
}
