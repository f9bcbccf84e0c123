import { graphql } from '../../generated/index.js';
import { count, spaced } from '../../lib/format.js';
import type { ResultOf } from '../../lib/result.js';

export const agreementFields = graphql(`
  fragment AgreementFields on Agreement {
    shots
    agreed
    share
    items {
      about
      shots
      same
      share
      kappa
    }
    boundary {
      shots
      exact
      meanFrames
      mostFrames
    }
  }
`);

type Agreement = ResultOf<typeof agreementFields>;

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
const names: Record<string, string> = { inside: 'Missed transitions', caption: 'Caption' };

/** How far two who reviewed the same shots blind agree. */
export function AgreementTable({ agreement: { shots, agreed, share, items, boundary } }: { agreement: Agreement }) {
  return (
    <section aria-label="Agreement of two reviewers">
      <p className="figures text-sm">
        Two reviewers said the same in everything of {agreed.toLocaleString('en')} of {count(shots, 'shot')} ({percent(share)}).
        {boundary && ` Where both see a transition they are ${boundary.meanFrames.toLocaleString('en', { maximumFractionDigits: 2 })} frames apart on average, at most ${boundary.mostFrames.toLocaleString('en')}; ${boundary.exact.toLocaleString('en')} of ${boundary.shots.toLocaleString('en')} to the frame.`}
      </p>
      <div className="overflow-x-auto">
        <table className="figures mt-3 w-full text-sm">
          <thead className="text-left text-xs text-faint">
            <tr>
              <th scope="col" className="pb-2 font-medium">
                About
              </th>
              <th scope="col" className="pb-2 text-right font-medium">
                Same
              </th>
              <th scope="col" className="pb-2 text-right font-medium">
                Share
              </th>
              <th scope="col" className="pb-2 text-right font-medium" title="Cohen’s kappa: 1 is always the same, 0 as often as by chance">
                Kappa
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={item.about} className="border-t border-line text-soft">
                <th scope="row" className="py-1.5 text-left font-[inherit]">
                  {names[item.about] ?? (item.about[0] ?? '').toUpperCase() + spaced(item.about).slice(1)}
                </th>
                <td className="py-1.5 text-right">
                  {item.same.toLocaleString('en')} of {item.shots.toLocaleString('en')}
                </td>
                <td className="py-1.5 text-right">{percent(item.share)}</td>
                <td className="py-1.5 text-right">{item.kappa == null ? '–' : item.kappa.toFixed(2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="mt-2 text-xs text-faint">Both saw what was proposed, and neither what the other said. No kappa: it is no choice among kinds, or both always said one thing.</p>
    </section>
  );
}
