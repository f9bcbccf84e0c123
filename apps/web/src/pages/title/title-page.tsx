import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useLive } from '../../lib/live.js';
import { useCan } from '../../lib/session.js';
import { Absent } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Page, Tabs } from '../../ui/page.js';
import { Skeleton, Why } from '../../ui/states.js';
import { TitleStateChip, useMoves } from '../catalogue/title-state.js';
import { HeldBanner } from '../holds/held-banner.js';
import { PlaceHoldDialog } from '../holds/place-dialog.js';
import { FilePanel } from './file-panel.js';
import { LicencePanel } from './licence-panel.js';
import { NextStep } from './next-step.js';
import { Studio } from './studio.js';
import { titleQuery, type Title } from './title-query.js';

const route = getRouteApi('/titles/$titleId');

export function TitlePage() {
  const { titleId } = route.useParams();
  const [answer, again] = useQuery({ query: titleQuery, variables: { id: titleId }, requestPolicy: 'cache-and-network' });
  const can = useCan();
  const [holding, setHolding] = useState(false);
  const title = answer.data?.title;
  const look = () => again({ requestPolicy: 'network-only' });
  const moves = useMoves();
  useLive(title ? moves(title) : false, look);

  const back = (
    <Link to="/catalogue" className="hover:text-ink">
      Catalogue
    </Link>
  );
  if (!title) {
    return <Absent what="title" back={back} answer={answer} retry={look} waiting={<Skeleton className="aspect-video max-h-[60dvh] w-full" />} />;
  }
  return (
    <Page
      key={title.id}
      title={title.name}
      above={back}
      lead={
        <span className="flex flex-wrap items-baseline gap-x-4">
          <TitleStateChip state={title.state} />
          {title.year && <span className="figures">{title.year}</span>}
          {title.attribution && <span className="text-faint">{title.attribution}</span>}
        </span>
      }
      actions={
        can('place Hold') && (
          <Button look="danger" onClick={() => setHolding(true)}>
            Place a hold
          </Button>
        )
      }
    >
      <HeldBanner holds={title.holds} onChange={look} />
      {title.reason && <Why reason={title.reason} tone={title.state === 'WITHHELD' ? 'kept' : 'stop'} className="mb-6" />}
      {title.analysis ? <Studio title={title} analysis={title.analysis} below={(shown) => <Below title={title} shown={shown} />} /> : <Unseen title={title} onChange={look} />}
      {holding && <PlaceHoldDialog on={{ kind: 'TITLE', id: title.id, name: title.name }} onClose={() => setHolding(false)} onPlaced={look} />}
    </Page>
  );
}

/** Before there is anything to watch: what is happening, and what to do next. */
function Unseen({ title, onChange }: { title: Title; onChange: () => void }) {
  return (
    <>
      <NextStep title={title} onChange={onChange} />
      <Below title={title} />
    </>
  );
}

type TabName = 'shots' | 'leftOut' | 'licence' | 'file';

function Below({ title, shown }: { title: Title; shown?: Parameters<Parameters<typeof Studio>[0]['below']>[0] }) {
  const [open, setOpen] = useState<TabName>(shown ? 'shots' : 'licence');
  return (
    <div className="mt-8">
      <Tabs<TabName>
        label="About this title"
        open={open}
        onOpen={setOpen}
        tabs={[
          ...(shown
            ? [
                { name: 'shots' as const, label: 'Shots', count: shown.shots.count },
                { name: 'leftOut' as const, label: 'Left out', count: shown.leftOut.count },
              ]
            : []),
          { name: 'licence', label: 'Licence and decisions' },
          { name: 'file', label: 'File' },
        ]}
      />
      {open === 'shots' && shown?.shots.list}
      {open === 'leftOut' && shown?.leftOut.list}
      {open === 'licence' && <LicencePanel titleId={title.id} licences={title.licences} />}
      {open === 'file' && <FilePanel title={title} />}
    </div>
  );
}
