import clsx from 'clsx';
import { X } from 'lucide-react';
import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { IconButton } from './button.js';

/**
 * The browser's own modal: it keeps the focus inside, closes on Escape and gives the focus back,
 * and needs no style element that the page's policy would refuse.
 */
export function Dialog({ title, wide, onClose, children }: { title: string; wide?: boolean; onClose: () => void; children: ReactNode }) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Closed while it is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const shown = element.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className={clsx('m-auto max-w-none rounded-xl border border-line bg-panel p-0 text-ink shadow-2xl shadow-black/60', wide ? 'w-[min(56rem,calc(100vw-1.5rem))]' : 'w-[min(36rem,calc(100vw-1.5rem))]')}
    >
      <div className="flex max-h-[85dvh] flex-col">
        <header className="flex items-center justify-between border-b border-line py-3 pr-3 pl-6">
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          <IconButton label="Close" onClick={onClose}>
            <X size={18} aria-hidden />
          </IconButton>
        </header>
        <div className="overflow-y-auto p-6">{children}</div>
      </div>
    </dialog>
  );
}
