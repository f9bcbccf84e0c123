import { Link } from '@tanstack/react-router';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import type { CombinedError } from 'urql';
import { Button } from './button.js';

/** The shape of what is coming. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={clsx('animate-[breathe_1.6s_ease-in-out_infinite] rounded-md bg-panel', className)} />;
}

/** `rows` grey lines with a word for those who cannot see them. */
export function SkeletonRows({ rows = 6, className = 'h-14' }: { rows?: number; className?: string }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-2">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} className={className} />
      ))}
    </div>
  );
}

/** Nothing is here yet: says what to do next. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 rounded-xl border border-dashed border-line px-6 py-14 text-center">
      <h2 className="text-base font-semibold">{title}</h2>
      <p className="max-w-md text-sm text-soft">{children}</p>
      {action}
    </div>
  );
}

/** The question could not be answered. Tells a broken line from a broken product. */
export function Failed({ error, retry }: { error: CombinedError; retry: () => void }) {
  return (
    <div role="alert" className="flex flex-col items-start gap-3 rounded-xl border border-stop/40 px-6 py-5">
      <h2 className="text-base font-semibold text-stop">{error.networkError ? 'Backlot did not answer' : 'This could not be loaded'}</h2>
      <p className="text-sm text-soft">
        {error.networkError
          ? 'The connection to the product failed. Nothing was changed; it may be starting again.'
          : `${error.graphQLErrors[0]?.message ?? error.message} ${wayOutOf(error)}`}
      </p>
      <Button onClick={retry}>Try again</Button>
    </div>
  );
}

/** What the API says to do about an error, where it says so. */
export function wayOutOf(error: CombinedError): string {
  const told = error.graphQLErrors[0]?.extensions['wayOut'];
  return typeof told === 'string' ? told : '';
}

export interface ReasonLike {
  code: string;
  message: string;
  wayOut: string;
  decisionId?: string | null;
}

/** Why something was refused or failed, and the way out. */
export function Why({ reason, className, tone = 'stop' }: { reason: ReasonLike; className?: string; tone?: 'stop' | 'kept' }) {
  return (
    <div role="alert" className={clsx('rounded-r-md border-l-2 bg-panel py-2.5 pr-4 pl-4 text-sm', tone === 'stop' ? 'border-stop' : 'border-kept', className)}>
      <p className="font-medium">{reason.message}</p>
      {reason.wayOut && <p className="mt-1 text-soft">{reason.wayOut}</p>}
      <p className="mt-1.5 flex flex-wrap gap-x-4 text-xs text-faint">
        <code className="font-mono">{reason.code}</code>
        {reason.decisionId && (
          <Link to="/decisions/$decisionId" params={{ decisionId: reason.decisionId }} className="text-tungsten underline underline-offset-2">
            Why? See the decision
          </Link>
        )}
      </p>
    </div>
  );
}

/** The thing asked for is not in this studio, or not at all: one answer for both. */
export function NotThere({ what, back }: { what: string; back: ReactNode }) {
  return (
    <Empty title={`There is no such ${what} in your studio`} action={back}>
      The address may be wrong, or it belongs to somebody else.
    </Empty>
  );
}
