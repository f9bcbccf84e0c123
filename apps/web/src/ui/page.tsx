import clsx from 'clsx';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';

/** A page: its name, one line about it, what can be done, and its content. */
export function Page({ title, lead, actions, above, children }: { title: string; lead?: ReactNode; actions?: ReactNode; above?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Backlot`;
  }, [title]);
  return (
    <div className="mx-auto w-full max-w-[88rem] px-4 pt-6 pb-24 sm:px-8 md:pt-8 md:pb-16">
      <header className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-4">
        <div className="min-w-0">
          {above && <div className="mb-1 text-sm text-faint">{above}</div>}
          <h1 className="text-2xl font-semibold tracking-tight text-balance">{title}</h1>
          {lead && <div className="mt-1 text-sm text-soft">{lead}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Panel({ title, aside, children, className }: { title?: string; aside?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={clsx('rounded-xl border border-line bg-panel', className)}>
      {title && (
        <header className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 px-5 pt-4">
          <h2 className="text-sm font-semibold">{title}</h2>
          {aside && <div className="text-xs text-faint">{aside}</div>}
        </header>
      )}
      <div className="p-5">{children}</div>
    </section>
  );
}

/** Facts as name and value. */
export function Facts({ facts, className }: { facts: [string, ReactNode][]; className?: string }) {
  return (
    <dl className={clsx('figures grid grid-cols-[max-content_minmax(0,1fr)] gap-x-6 gap-y-1.5 text-sm', className)}>
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-faint">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface Tab<Name extends string> {
  name: Name;
  label: string;
  count?: number | undefined;
}

export function Tabs<Name extends string>({ tabs, open, onOpen, label }: { tabs: Tab<Name>[]; open: Name; onOpen: (name: Name) => void; label: string }) {
  return (
    <div
      role="tablist"
      aria-label={label}
      className="mb-5 flex gap-6 overflow-x-auto border-b border-line"
      onKeyDown={(event) => {
        const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
        if (!step) return;
        event.stopPropagation();
        const next = tabs.at((tabs.findIndex((tab) => tab.name === open) + step) % tabs.length);
        if (next) onOpen(next.name);
        (event.currentTarget.querySelector(`[data-tab="${next?.name}"]`) as HTMLElement | null)?.focus();
      }}
    >
      {tabs.map((tab) => (
        <button
          key={tab.name}
          type="button"
          role="tab"
          data-tab={tab.name}
          aria-selected={tab.name === open}
          tabIndex={tab.name === open ? 0 : -1}
          onClick={() => onOpen(tab.name)}
          className={clsx(
            'figures -mb-px border-b-2 pb-2.5 text-sm whitespace-nowrap',
            tab.name === open ? 'border-tungsten font-medium text-ink' : 'border-transparent text-soft hover:text-ink',
          )}
        >
          {tab.label}
          {tab.count !== undefined && <span className="ml-1.5 text-faint">{tab.count.toLocaleString('en')}</span>}
        </button>
      ))}
    </div>
  );
}

/** A long value, shortened for the eye and copied whole. */
export function Copied({ value, shown }: { value: string; shown?: string }) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      title={value}
      aria-label={`Copy ${value}`}
      className="inline-flex max-w-full items-center gap-1.5 font-mono text-xs text-soft hover:text-ink"
      onClick={() => {
        void navigator.clipboard.writeText(value).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 1200);
        });
      }}
    >
      <span className="truncate">{shown ?? (value.length > 20 ? `${value.slice(0, 12)}…` : value)}</span>
      {done ? <Check size={13} aria-label="copied" className="shrink-0 text-go" /> : <Copy size={13} aria-hidden className="shrink-0" />}
    </button>
  );
}
