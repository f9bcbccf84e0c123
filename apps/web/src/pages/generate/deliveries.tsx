import { Download } from 'lucide-react';
import { graphql } from '../../generated/index.js';
import { count, date } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { useCan } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Why } from '../../ui/states.js';
import type { Generation } from './wish.js';

const deliverOutput = graphql(`
  mutation DeliverOutput($id: ID!) {
    deliverOutput(id: $id) {
      __typename
      ... on Delivery {
        id
        url
        expiresAt
        downloads
      }
      ... on Refused {
        code
        message
        wayOut
        decisionId
      }
    }
  }
`);

/** Signed links to an approved output; each works for this studio, and for a while. */
export function Deliveries({ output, onChange }: { output: NonNullable<Generation['output']>; onChange: () => void }) {
  const can = useCan();
  const { run, busy, refusal } = useAction(deliverOutput, 'deliverOutput');
  const now = Date.now();
  return (
    <div className="flex flex-col gap-2 border-t border-line pt-3">
      {output.deliveries.map((delivery) =>
        Date.parse(delivery.expiresAt) > now ? (
          <p key={delivery.id} className="figures flex flex-wrap items-baseline gap-x-3 text-xs text-faint">
            <a href={delivery.url} download className="flex items-center gap-1.5 text-sm text-tungsten underline underline-offset-2">
              <Download size={15} aria-hidden />
              Download
            </a>
            <span>until {date(delivery.expiresAt)}</span>
            <span>{delivery.downloads === 0 ? 'not yet taken' : count(delivery.downloads, 'download')}</span>
          </p>
        ) : (
          <p key={delivery.id} className="figures text-xs text-faint">
            A link ended on {date(delivery.expiresAt)}, {count(delivery.downloads, 'download')}
          </p>
        ),
      )}
      {refusal && <Why reason={refusal} />}
      {can('create Delivery') && (
        <Button busy={busy} className="!min-h-8 self-start" onClick={() => void run({ id: output.id }).then((made) => made && onChange())}>
          {output.deliveries.length ? 'Make another link' : 'Deliver to our studio'}
        </Button>
      )}
    </div>
  );
}
