import { Link } from '@tanstack/react-router';
import { ChevronDown } from 'lucide-react';
import type { DetailsHTMLAttributes } from 'react';
import type { DecisionFieldsFragment } from '../generated/graphql.js';
import { date, inWords, spaced } from '../lib/format.js';
import { rangeInWords } from '../lib/ranges.js';
import { Chip } from '../ui/chip.js';
import { Copied, Facts } from '../ui/page.js';
import { Rows } from '../ui/rows.js';
import { Trace, type DecisionReason, type RuleTrace } from './trace.js';

export function DecisionList({ decisions }: { decisions: DecisionFieldsFragment[] }) {
  return (
    <Rows rows={decisions} height={70} className="pb-2">
      {(decision, details) => <DecisionCard decision={decision} {...details} />}
    </Rows>
  );
}

/** One decision: its sentence, and behind it every rule with what was actually the case. */
export function DecisionCard({ decision, ...details }: { decision: DecisionFieldsFragment } & Pick<DetailsHTMLAttributes<HTMLDetailsElement>, 'open' | 'onToggle'>) {
  return (
    <details {...details} className="group rounded-lg border border-line bg-panel open:border-edge/60">
      <summary className="flex list-none items-start gap-3 px-4 py-3 [&::-webkit-details-marker]:hidden">
        <Chip tone={decision.permitted ? 'go' : 'stop'} className="mt-0.5 w-20 shrink-0">
          {decision.permitted ? 'Allowed' : 'Refused'}
        </Chip>
        <span className="min-w-0 flex-1">
          <span className="block text-sm">{withoutOutcome(decision.sentence)}</span>
          <span className="figures mt-0.5 block text-xs text-faint">
            {spaced(decision.action)} · {decision.memberName ?? decision.actor} · {date(decision.at)}
          </span>
        </span>
        <ChevronDown size={16} aria-hidden className="mt-1 shrink-0 text-faint transition-transform group-open:rotate-180" />
      </summary>
      <div className="border-t border-line px-4 py-4">
        <DecisionDetails decision={decision} />
      </div>
    </details>
  );
}

/** 'Refused: clause 7.1 …' → 'Clause 7.1 …', where the outcome stands beside it anyway. */
function withoutOutcome(sentence: string): string {
  const rest = sentence.replace(/^(Allowed|Refused): /, '');
  return rest[0]?.toUpperCase() + rest.slice(1);
}

/** `alone`: on its own page, where a link to that page says nothing. */
export function DecisionDetails({ decision, alone }: { decision: DecisionFieldsFragment; alone?: boolean }) {
  const reason = (decision.reason ?? {}) as DecisionReason;
  const policies = (decision.policies ?? []) as { id: string; version: string; sha256: string }[];
  return (
    <div className="flex flex-col gap-5">
      {reason.whatWouldChangeIt && (
        <div>
          <h3 className="mb-1 text-xs font-medium text-faint">What would change it</h3>
          <p className="text-sm">{reason.whatWouldChangeIt}</p>
        </div>
      )}
      {reason.facts && reason.facts.length > 0 && (
        <div>
          <h3 className="mb-1 text-xs font-medium text-faint">Settled by these facts</h3>
          <Facts facts={reason.facts.map(({ name, value }) => [spaced(name), inWords(value)])} />
        </div>
      )}
      <LeftOutFrames frames={reason.frames ?? []} />
      <div>
        <h3 className="mb-1.5 text-xs font-medium text-faint">Every rule that was looked at</h3>
        <Trace trace={(decision.trace ?? []) as RuleTrace[]} />
      </div>
      <div>
        <h3 className="mb-1 text-xs font-medium text-faint">Licence policies, as they were</h3>
        <ul className="flex flex-col gap-1 text-sm">
          {policies.map((policy) => (
            <li key={policy.id} className="flex flex-wrap items-baseline gap-x-3">
              <span className="break-all text-soft">{policy.id}</span>
              <span className="figures text-faint">version {policy.version}</span>
              <Copied value={policy.sha256} />
            </li>
          ))}
        </ul>
      </div>
      {!alone && (
        <Link to="/decisions/$decisionId" params={{ decisionId: decision.id }} className="self-start text-sm text-tungsten underline underline-offset-2">
          This decision on its own page
        </Link>
      )}
    </div>
  );
}

const FEW = 20;

/** The frames that the answer is not about, of titles that are not allowed or refused as a whole. */
function LeftOutFrames({ frames }: { frames: NonNullable<DecisionReason['frames']> }) {
  const all = frames.flatMap(({ titleId, leftOut }) => leftOut.map((range) => ({ titleId, ...range })));
  if (all.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-xs font-medium text-faint">Frames that are left out</h3>
      <ul className="figures flex flex-col gap-1 text-sm">
        {all.slice(0, FEW).map((range) => (
          <li key={`${range.titleId} ${range.first}`} className="grid gap-x-4 sm:grid-cols-[12rem_minmax(0,1fr)]">
            <Link to="/titles/$titleId" params={{ titleId: range.titleId }} className="text-soft underline decoration-line underline-offset-2 hover:decoration-ink">
              {rangeInWords(range)}
            </Link>
            <span>{range.sentence}</span>
          </li>
        ))}
        {all.length > FEW && <li className="text-faint">and {(all.length - FEW).toLocaleString('en')} more</li>}
      </ul>
    </div>
  );
}
