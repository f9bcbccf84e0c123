import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { spaced } from '../../lib/format.js';
import { usePagedList } from '../../lib/paged-list.js';
import { Paged } from '../../ui/answered.js';
import { Chip } from '../../ui/chip.js';
import { Tabs } from '../../ui/page.js';
import { SkeletonRows } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import type { Simulation } from './simulation.js';

const simulationFlips = graphql(`
  query SimulationFlips($id: ID!, $first: Int!, $after: String) {
    simulation(id: $id) {
      id
      flips(first: $first, after: $after) {
        nodes {
          number
          action
          permitted
          actor
          before
          after
          title {
            id
            name
          }
          decision {
            id
          }
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`);

const simulationTitles = graphql(`
  query SimulationTitles($id: ID!, $first: Int!, $after: String) {
    simulation(id: $id) {
      id
      titles(first: $first, after: $after) {
        nodes {
          title {
            id
            name
          }
          opened
          closed
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`);

const simulationJobs = graphql(`
  query SimulationJobs($id: ID!, $first: Int!, $after: String) {
    simulation(id: $id) {
      id
      jobs(first: $first, after: $after) {
        nodes {
          scopeKind
          scopeId
          actor
          opened
          closed
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`);

const waiting = <SkeletonRows rows={3} className="h-10" />;
const none = <p className="text-sm text-soft">None.</p>;

/** Every answer that would be another: one by one in sentences, by title, and by what asked. */
export function Flips({ simulation: { id, against } }: { simulation: Simulation }) {
  const [open, setOpen] = useState<'flips' | 'titles' | 'jobs'>('flips');
  return (
    <div>
      <Tabs
        label="Answers that would be others"
        open={open}
        onOpen={setOpen}
        tabs={[{ name: 'flips', label: 'In sentences' }, { name: 'titles', label: 'By title' }, ...(against === 'DECISIONS' ? [{ name: 'jobs' as const, label: 'By job' }] : [])]}
      />
      {open === 'flips' && <Sentences id={id} />}
      {open === 'titles' && <Titles id={id} />}
      {open === 'jobs' && <Jobs id={id} />}
    </div>
  );
}

function Sentences({ id }: { id: string }) {
  const list = usePagedList(simulationFlips, { id }, (data) => data.simulation?.flips);
  return (
    <Paged list={list} waiting={waiting} empty={none}>
      {(flips) => (
        <Table
          label="In sentences"
          rows={flips.map((flip) => ({ ...flip, id: String(flip.number) }))}
          head="Asked"
          name={(flip) => spaced(flip.action)[0]?.toUpperCase() + spaced(flip.action).slice(1)}
          under={(flip) => (
            <>
              {flip.title?.name ?? 'several titles'}
              {flip.decision && ` · ${flip.actor}`}
              <div className="mt-1">
                <Chip tone={flip.permitted ? 'go' : 'stop'}>{flip.permitted ? 'Would be allowed' : 'Would be refused'}</Chip>
              </div>
            </>
          )}
          to={(flip) => (flip.decision ? { to: '/decisions/$decisionId', params: { decisionId: flip.decision.id } } : flip.title ? { to: '/titles/$titleId', params: { titleId: flip.title.id } } : undefined)}
          columns={[
            ['Now', (flip) => <span className="text-faint">{flip.before}</span>],
            ['Then', (flip) => <span className="text-ink">{flip.after}</span>],
          ]}
        />
      )}
    </Paged>
  );
}

function Titles({ id }: { id: string }) {
  const list = usePagedList(simulationTitles, { id }, (data) => data.simulation?.titles);
  return (
    <Paged list={list} waiting={waiting} empty={none}>
      {(titles) => (
        <Table
          label="By title"
          rows={titles.map((one, place) => ({ ...one, id: one.title?.id ?? String(place) }))}
          head="Title"
          name={({ title }) => title?.name ?? 'A title that is gone'}
          to={({ title }) => (title ? { to: '/titles/$titleId', params: { titleId: title.id } } : undefined)}
          columns={counted}
        />
      )}
    </Paged>
  );
}

function Jobs({ id }: { id: string }) {
  const list = usePagedList(simulationJobs, { id }, (data) => data.simulation?.jobs);
  return (
    <Paged list={list} waiting={waiting} empty={none}>
      {(jobs) => <Table label="By job" rows={jobs.map((job) => ({ ...job, id: `${job.scopeId} ${job.actor}` }))} head="Job" name={(job) => job.actor} under={(job) => `about one ${job.scopeKind}`} to={linkOf} columns={counted} />}
    </Paged>
  );
}

const counted: [string, (row: { opened: number; closed: number }) => string][] = [
  ['Would be allowed', ({ opened }) => opened.toLocaleString('en')],
  ['Would be refused', ({ closed }) => closed.toLocaleString('en')],
];

function linkOf({ scopeKind, scopeId }: { scopeKind: string; scopeId: string }) {
  if (scopeKind === 'title') return { to: '/titles/$titleId' as const, params: { titleId: scopeId } };
  if (scopeKind === 'dataset') return { to: '/datasets/$versionId' as const, params: { versionId: scopeId } };
  return undefined;
}
