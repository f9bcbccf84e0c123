import { ListPlus, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { timecode } from '../../../../shared/timecode.js';
import { count, date } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button, IconButton } from '../../ui/button.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { useRowsInSight } from '../../ui/rows-in-sight.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { rangeInWords } from '../../lib/ranges.js';
import { barredUses, type Exclusion, type useExclusions } from './exclusions.js';
import { ImportDialog } from './import-dialog.js';
import { LeaveOutDialog } from './leave-out-dialog.js';

const removeExclusion = graphql(`
  mutation RemoveExclusion($id: ID!) {
    removeExclusion(id: $id) {
      __typename
      ... on Exclusion {
        id
      }
      ... on Refused {
        code
        message
        wayOut
      }
    }
  }
`);

interface ExclusionListProps {
  titleId: string;
  rate: number;
  list: ReturnType<typeof useExclusions>['list'];
  onFrame: (frame: number) => void;
  onChange: () => void;
}

/** What is left out of a title, in the order shown, and why. */
export function ExclusionList({ titleId, rate, list, onFrame, onChange }: ExclusionListProps) {
  const [changing, setChanging] = useState<Exclusion>();
  const [removing, setRemoving] = useState<Exclusion>();
  const [importing, setImporting] = useState(false);
  const may = useCan()('change Exclusion');
  const remove = useAction(removeExclusion, 'removeExclusion');
  return (
    <>
      {may && (
        <Button className="mb-4" onClick={() => setImporting(true)}>
          <ListPlus size={16} aria-hidden />
          Take a list
        </Button>
      )}
      <Paged
        list={list}
        waiting={<SkeletonRows rows={3} />}
        empty={<Empty title="Every frame is used">Choose frames on the timeline (I is the first, O the last) and leave them out: players show black there, and datasets are cut without them.</Empty>}
      >
        {(exclusions) => <Rows exclusions={exclusions} rate={rate} onFrame={onFrame} onEdit={setChanging} onRemove={setRemoving} />}
      </Paged>
      {importing && <ImportDialog titleId={titleId} onClose={() => setImporting(false)} onDone={onChange} />}
      {changing && <LeaveOutDialog titleId={titleId} range={changing} exclusion={changing} onClose={() => setChanging(undefined)} onDone={onChange} />}
      {removing && (
        <FormDialog
          title="Use these frames again?"
          act="Use them again"
          action={remove}
          onClose={() => setRemoving(undefined)}
          onSubmit={() =>
            remove.run({ id: removing.id }).then((removed) => {
              if (!removed) return;
              setRemoving(undefined);
              onChange();
            })
          }
        >
          <p className="text-sm text-soft">
            {rangeInWords(removing)}, left out for: {removing.why}. What its licences permit may be done with them from now on. The log keeps that they were left out.
          </p>
        </FormDialog>
      )}
    </>
  );
}

interface RowsProps {
  exclusions: Exclusion[];
  rate: number;
  onFrame: (frame: number) => void;
  onEdit: (exclusion: Exclusion) => void;
  onRemove: (exclusion: Exclusion) => void;
}

function Rows({ exclusions, rate, onFrame, onEdit, onRemove }: RowsProps) {
  const may = useCan()('change Exclusion');
  const { element, rows } = useRowsInSight<HTMLOListElement>(exclusions.length, 62);
  return (
    <ol ref={element} aria-label="Left out" className="relative" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map(({ index, key, start }) => {
        const exclusion = exclusions[index] as Exclusion;
        const range = rangeInWords(exclusion);
        return (
          <li
            key={key}
            ref={rows.measureElement}
            data-index={index}
            aria-setsize={exclusions.length}
            aria-posinset={index + 1}
            className="absolute inset-x-0 top-0 flex items-center gap-4 border-b border-line py-2 text-sm"
            style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
          >
            <button type="button" className="figures w-48 shrink-0 rounded-md px-3 py-1 text-left hover:bg-panel" onClick={() => onFrame(exclusion.first)}>
              <span className="block">{range[0]?.toUpperCase() + range.slice(1)}</span>
              <span className="block font-mono text-xs text-faint">
                {timecode(exclusion.first, rate)} · {count(exclusion.end - exclusion.first, 'frame')}
              </span>
            </button>
            <div className="min-w-0 flex-1">
              <p className="break-words">
                {exclusion.why}
                {exclusion.clause && <span className="text-soft"> · clause {exclusion.clause}</span>}
              </p>
              <p className="figures text-xs text-faint">
                {exclusion.actions.length === 0 ? 'for every use' : `for ${exclusion.actions.map((action) => (barredUses[action] ?? action).toLowerCase()).join(', ')}`}
                {` · ${exclusion.changedBy ?? exclusion.addedBy ?? 'the product'}, ${date(exclusion.changedAt ?? exclusion.addedAt)}`}
              </p>
            </div>
            {may && (
              <span className="flex shrink-0">
                <IconButton label={`Change ${range}`} onClick={() => onEdit(exclusion)}>
                  <Pencil size={15} aria-hidden />
                </IconButton>
                <IconButton label={`Use ${range} again`} onClick={() => onRemove(exclusion)}>
                  <Trash2 size={15} aria-hidden />
                </IconButton>
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
