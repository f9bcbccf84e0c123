import clsx from 'clsx';
import type { ButtonHTMLAttributes, ReactNode } from 'react';

const looks = {
  primary: 'bg-tungsten text-room font-medium hover:bg-[#f0c07d] disabled:bg-raised disabled:text-faint',
  quiet: 'border border-line bg-panel text-ink hover:border-edge hover:bg-raised disabled:text-faint disabled:hover:border-line disabled:hover:bg-panel',
  bare: 'text-soft hover:bg-raised hover:text-ink disabled:text-faint disabled:hover:bg-transparent',
  danger: 'border border-line bg-panel text-stop hover:border-stop disabled:text-faint',
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: keyof typeof looks;
  /** Shows that the press is being carried out and takes no second one. */
  busy?: boolean;
  children: ReactNode;
}

export function Button({ look = 'quiet', busy, className, disabled, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={clsx('inline-flex min-h-9 items-center justify-center gap-2 rounded-md px-3.5 text-sm whitespace-nowrap transition-colors', looks[look], className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {children}
    </button>
  );
}

/** A button that shows only a picture; `label` is its name for everyone who does not see it. */
export function IconButton({ label, className, children, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { label: string }) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      className={clsx('inline-flex size-9 items-center justify-center rounded-md text-soft transition-colors hover:bg-raised hover:text-ink disabled:text-line', className)}
      {...rest}
    >
      {children}
    </button>
  );
}
