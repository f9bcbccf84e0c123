import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { usePagedList } from '../../lib/paged-list.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { Page } from '../../ui/page.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { AddLicenceDialog } from './add-licence-dialog.js';

const licences = graphql(`
  query Licences($first: Int!, $after: String) {
    licences(first: $first, after: $after) {
      nodes {
        id
        name
        licensor
        version
        summary
        titles(first: 1) {
          totalCount
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
      totalCount
    }
  }
`);

export function LicencesPage() {
  const can = useCan();
  const navigate = useNavigate();
  const [adding, setAdding] = useState(false);
  const list = usePagedList(licences, {}, (data) => data.licences, 40);
  const add = can('create Licence') && (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus size={16} aria-hidden />
      Add a licence
    </Button>
  );
  return (
    <Page title="Licences" lead="What no licence permits is refused; what one prohibits is refused whatever others permit." actions={add}>
      <Paged
        list={list}
        waiting={<SkeletonRows className="h-32" />}
        empty={
          <Empty title="No licence yet" action={add}>
            A licence is an ODRL policy. Add one, and titles can be put under it.
          </Empty>
        }
      >
        {(nodes) => (
          <ul className="grid gap-5 lg:grid-cols-2">
            {nodes.map((licence) => (
              <li key={licence.id} className="relative rounded-xl border border-line bg-panel p-5 hover:border-edge">
                <h2 className="text-base font-semibold">
                  <Link to="/licences/$licenceId" params={{ licenceId: licence.id }} className="after:absolute after:inset-0">
                    {licence.name}
                  </Link>
                </h2>
                <p className="figures text-xs text-faint">
                  {licence.licensor} · version {licence.version} · {licence.titles.totalCount.toLocaleString('en')} {licence.titles.totalCount === 1 ? 'title' : 'titles'}
                </p>
                <ul className="mt-3 flex flex-col gap-1 text-sm text-soft">
                  {licence.summary.map((line) => (
                    <li key={line}>{line}</li>
                  ))}
                </ul>
              </li>
            ))}
          </ul>
        )}
      </Paged>
      {adding && <AddLicenceDialog onClose={() => setAdding(false)} onAdded={(licenceId) => void navigate({ to: '/licences/$licenceId', params: { licenceId } })} />}
    </Page>
  );
}
