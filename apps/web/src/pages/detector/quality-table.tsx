import { graphql } from '../../generated/index.js';
import type { ResultOf } from '../../lib/result.js';

export const qualityFields = graphql(`
  fragment QualityFields on TransitionQuality {
    kind
    detected
    right
    real
    found
    exact
    named
    precision
    recall
  }
`);

type Quality = ResultOf<typeof qualityFields>;

const percent = (share: number | null | undefined): string => (share == null ? '–' : `${(share * 100).toFixed(1)}%`);
const columns: [head: string, says: string, cell: (row: Quality) => string][] = [
  ['Precision', 'Of what was detected, how much is there', ({ precision }) => percent(precision)],
  ['Recall', 'Of what is there, how much was detected', ({ recall }) => percent(recall)],
  ['Right', 'Detected and there, of what was detected', ({ right, detected }) => `${right.toLocaleString('en')} of ${detected.toLocaleString('en')}`],
  ['Found', 'There and detected, of what is there', ({ found, real }) => `${found.toLocaleString('en')} of ${real.toLocaleString('en')}`],
  ['To the frame', 'Of what was found', ({ exact }) => exact.toLocaleString('en')],
  ['Named rightly', 'Of what was found', ({ named }) => named.toLocaleString('en')],
];

/** Precision and recall, kind by kind. */
export function QualityTable({ quality }: { quality: Quality[] }) {
  return (
    <div className="overflow-x-auto">
      <table className="figures w-full min-w-[36rem] text-sm">
        <thead className="text-left text-xs text-faint">
          <tr>
            <th scope="col" className="pb-2 font-medium">
              Kind
            </th>
            {columns.map(([head, says]) => (
              <th key={head} scope="col" title={says} className="pb-2 text-right font-medium">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {quality.map((row) => (
            <tr key={row.kind ?? 'all'} className={row.kind ? 'border-t border-line text-soft' : 'border-t border-line font-medium'}>
              <th scope="row" className="py-1.5 text-left font-[inherit]">
                {row.kind ?? 'All'}
              </th>
              {columns.map(([head, , cell]) => (
                <td key={head} className="py-1.5 text-right">
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
