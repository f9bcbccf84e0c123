import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import type { LicenceState } from '../../generated/graphql.js';
import { useForm } from '../../lib/form.js';
import { useAction } from '../../lib/outcome.js';
import { usePagedList } from '../../lib/paged-list.js';
import type { ResultOf } from '../../lib/result.js';
import { useCan } from '../../lib/session.js';
import { Paged } from '../../ui/answered.js';
import { Button } from '../../ui/button.js';
import { TextArea } from '../../ui/field.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { Table, type Column } from '../../ui/table.js';
import { TitleChoices } from '../../ui/title-choices.js';
import { WhyDialog } from '../../ui/why-dialog.js';
import { TitleStateChip } from '../catalogue/title-state.js';

const licenceTitles = graphql(`
  query LicenceTitles($id: ID!, $first: Int!, $after: String) {
    licence(id: $id) {
      id
      titles(first: $first, after: $after) {
        nodes {
          id
          name
          state
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
const attachLicence = graphql(`
  mutation AttachLicence($id: ID!, $titleId: ID!, $why: String!) {
    attachLicence(id: $id, titleId: $titleId, why: $why) {
      __typename
      ... on Licence {
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
const detachLicence = graphql(`
  mutation DetachLicence($id: ID!, $titleId: ID!, $why: String!) {
    detachLicence(id: $id, titleId: $titleId, why: $why) {
      __typename
      ... on Licence {
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

type TitleUnder = NonNullable<ResultOf<typeof licenceTitles>['licence']>['titles']['nodes'][number];
interface Under {
  id: string;
  name: string;
  state: LicenceState;
}

/** The titles under a licence. Further ones are put under it; from under one that has ended they can be taken out. */
export function Titles({ licence, onChange }: { licence: Under; onChange: () => void }) {
  const can = useCan();
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<TitleUnder>();
  const list = usePagedList(licenceTitles, { id: licence.id }, (data) => data.licence?.titles, 50);
  const change = () => {
    list.refresh(() => true);
    onChange();
  };
  const add = licence.state !== 'WITHDRAWN' && licence.state !== 'EXPIRED' && can('attach Licence') && <Button onClick={() => setAdding(true)}>Put titles under it</Button>;
  const ended = (licence.state === 'WITHDRAWN' || licence.state === 'EXPIRED') && can('detach Licence');
  const columns: Column<TitleUnder>[] = [['State', (title) => <TitleStateChip state={title.state} />]];
  if (ended) {
    columns.push([
      'Change',
      (title) => (
        // Above the row's own link.
        <Button className="relative z-10 -my-2" onClick={() => setLeaving(title)} aria-label={`Take ${title.name} out`}>
          Take it out
        </Button>
      ),
    ]);
  }
  return (
    <>
      <Paged
        list={list}
        waiting={<SkeletonRows rows={3} className="h-8" />}
        empty={
          <Empty title="No title is under it" action={add}>
            A title is put under a licence when it is added to the catalogue, or later.
          </Empty>
        }
      >
        {(titles) => (
          <>
            {add && <div className="mb-4 flex justify-end">{add}</div>}
            {ended && <p className="mb-4 text-sm text-soft">It has ended and refuses everything asked of these titles. One that is under another licence can be taken out from under it: then the others decide.</p>}
            <Table label="Titles under it" rows={titles} head="Title" name={(title) => title.name} to={(title) => ({ to: '/titles/$titleId', params: { titleId: title.id } })} columns={columns} />
          </>
        )}
      </Paged>
      {adding && <AttachDialog licence={licence} onChange={change} onClose={() => setAdding(false)} />}
      {leaving && <DetachDialog licence={licence} title={leaving} onDone={change} onClose={() => setLeaving(undefined)} />}
    </>
  );
}

function AttachDialog({ licence, onChange, onClose }: { licence: Under; onChange: () => void; onClose: () => void }) {
  const action = useAction(attachLicence, 'attachLicence');
  const [chosen, setChosen] = useState<string[]>([]);
  const { values, field } = useForm({ why: '' });
  const submit = async () => {
    let refused = false;
    for (const titleId of chosen) {
      refused = !(await action.run({ id: licence.id, titleId, why: values.why }));
      // Where it stops, what is still chosen was not done.
      if (refused) break;
      setChosen((now) => now.filter((one) => one !== titleId));
    }
    onChange();
    if (!refused) onClose();
  };
  return (
    <FormDialog title={`Put titles under ${licence.name}`} act="Put under it" action={action} disabled={chosen.length === 0} onSubmit={submit} onClose={onClose}>
      <TitleChoices legend="Titles" hint="What they are under already still counts: all of their licences must permit." none="The catalogue is empty." chosen={chosen} onChange={setChosen} />
      <TextArea label="Why" required {...field('why')} hint="It stays in the licence's history and in the log." />
    </FormDialog>
  );
}

function DetachDialog({ licence, title, onDone, onClose }: { licence: Under; title: TitleUnder; onDone: () => void; onClose: () => void }) {
  const action = useAction(detachLicence, 'detachLicence');
  return (
    <WhyDialog
      title={`Take ${title.name} out from under ${licence.name}`}
      act="Take it out"
      danger
      hint="From now on its other licences decide. The reason stays in the licence's history and in the log."
      action={action}
      run={(why) => action.run({ id: licence.id, titleId: title.id, why })}
      onDone={onDone}
      onClose={onClose}
    />
  );
}
