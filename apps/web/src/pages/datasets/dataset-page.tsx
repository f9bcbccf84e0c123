import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import type { DatasetQuery } from '../../generated/graphql.js';
import { count, date, inWords } from '../../lib/format.js';
import { useLive } from '../../lib/live.js';
import { useCan } from '../../lib/session.js';
import { Absent } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Copied, Facts, Page, Panel, Tabs } from '../../ui/page.js';
import { Progress } from '../../ui/progress.js';
import { Why } from '../../ui/states.js';
import { StartDialog } from '../runs/start-dialog.js';
import { Dropped } from './dropped.js';
import { Kept } from './kept.js';
import { DatasetStateChip } from './state-chip.js';

const datasetQuery = graphql(`
  query Dataset($id: ID!) {
    datasetVersion(id: $id) {
      id
      name
      number
      state
      hash
      query
      bucket
      captionLength
      captions {
        distinctShare
        leastWords
        meanWords
        mostWords
        flags {
          flag
          clips
        }
      }
      clipCount
      droppedCount
      createdAt
      frozenAt
      reason {
        code
        message
        wayOut
      }
      job {
        id
        state
        progress
        note
      }
    }
  }
`);

type Version = NonNullable<DatasetQuery['datasetVersion']>;
const route = getRouteApi('/datasets/$versionId');

export function DatasetPage() {
  const { versionId } = route.useParams();
  const can = useCan();
  const navigate = useNavigate();
  const [starting, setStarting] = useState(false);
  const [open, setOpen] = useState<'kept' | 'dropped'>('kept');
  const [answer, again] = useQuery({ query: datasetQuery, variables: { id: versionId }, requestPolicy: 'cache-and-network' });
  const version = answer.data?.datasetVersion;
  const look = () => again({ requestPolicy: 'network-only' });
  useLive(version?.state === 'BUILDING', look);

  const back = <Link to="/datasets">Datasets</Link>;
  if (!version) {
    return <Absent what="dataset" back={back} answer={answer} retry={look} />;
  }
  return (
    <Page
      title={`${version.name}, version ${version.number}`}
      above={back}
      lead={<DatasetStateChip state={version.state} />}
      actions={
        version.state === 'FROZEN' &&
        can('create Run') && (
          <Button look="primary" onClick={() => setStarting(true)}>
            Train on it
          </Button>
        )
      }
    >
      {version.reason && <Why reason={version.reason} className="mb-6" />}
      {version.state === 'BUILDING' && (
        <Panel title="Cutting and checking clips" aside={version.job?.note ?? undefined} className="mb-6">
          <Progress value={version.job?.progress ?? 0} label="Dataset" />
        </Panel>
      )}
      <Facts className="mb-8" facts={factsOf(version)} />
      <Tabs
        label="Shots"
        open={open}
        onOpen={setOpen}
        tabs={[
          { name: 'kept', label: 'Kept', count: version.clipCount },
          { name: 'dropped', label: 'Dropped', count: version.droppedCount },
        ]}
      />
      {/* A version that is finished shows what it froze, not what was seen on the way. */}
      {open === 'kept' ? <Kept key={version.state} versionId={version.id} building={version.state === 'BUILDING'} /> : <Dropped key={version.state} versionId={version.id} building={version.state === 'BUILDING'} />}
      {starting && <StartDialog datasetVersionId={version.id} onClose={() => setStarting(false)} onStarted={(runId) => void navigate({ to: '/runs/$runId', params: { runId } })} />}
    </Page>
  );
}

/** 'long, 21 to 48 words, 87% of them different; 3 clips too short' */
function captionsOf({ captionLength, captions }: Version): string {
  const length = captionLength.toLowerCase();
  if (!captions) return length;
  const { leastWords: least, mostWords: most, distinctShare, flags } = captions;
  const asking = flags.map(({ flag, clips }) => `${count(clips, 'clip')} ${flag}`);
  return [`${length}, ${least === most ? most : `${least} to ${most}`} words, ${Math.round(distinctShare * 100)}% of them different`, ...asking].join('; ');
}

function factsOf(version: Version): [string, React.ReactNode][] {
  const bucket = (version.bucket ?? {}) as { width?: number; height?: number; frames?: number; fps?: number };
  const query = (version.query ?? {}) as { titleIds?: string[]; minSeconds?: number | null; captionContains?: string | null; excludeShotIds?: string[]; clipsPerShot?: number | null };
  const asked = [
    query.titleIds?.length ? count(query.titleIds.length, 'chosen title') : 'every title that was analysed',
    query.minSeconds ? `shots of at least ${query.minSeconds} s` : '',
    query.captionContains ? `captions with “${query.captionContains}”` : '',
    query.excludeShotIds?.length ? `without ${count(query.excludeShotIds.length, 'shot')}` : '',
    query.clipsPerShot ? `at most ${count(query.clipsPerShot, 'clip')} a shot` : '',
  ];
  return [
    ['Hash', version.hash ? <Copied value={version.hash} shown={`${version.hash.slice(0, 24)}…`} /> : 'when it is frozen'],
    ['Clips', `${bucket.width}×${bucket.height}, ${inWords(bucket.frames)} frames${bucket.fps ? ` at ${bucket.fps} a second` : ''}`],
    ['Taken from', asked.filter(Boolean).join(', ')],
    ['Captions', captionsOf(version)],
    ['Begun', date(version.createdAt)],
    ...(version.frozenAt ? ([['Frozen', date(version.frozenAt)]] as [string, string][]) : []),
  ];
}
