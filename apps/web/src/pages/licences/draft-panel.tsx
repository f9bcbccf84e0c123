import { useState } from 'react';
import { graphql } from '../../generated/index.js';
import { date, listed } from '../../lib/format.js';
import { useAction } from '../../lib/outcome.js';
import { useCan, useSession } from '../../lib/session.js';
import { Button } from '../../ui/button.js';
import { Chip } from '../../ui/chip.js';
import { Panel } from '../../ui/page.js';
import { WhyDialog } from '../../ui/why-dialog.js';
import { Changes } from './changes.js';
import type { Version } from './licence-query.js';
import { kindWords } from './licence-state.js';
import { SignDialog } from './sign-dialog.js';
import { VersionDialog } from './version-dialog.js';
import { WhatIf } from './what-if.js';

const discardDraft = graphql(`
  mutation DiscardDraft($id: ID!, $version: Int!, $why: String!) {
    discardDraft(id: $id, version: $version, why: $why) {
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

/** The version that is not signed yet: what it changes, what that would do, and whose signatures it waits for. */
export function DraftPanel({ draft, onChange }: { draft: Version; onChange: () => void }) {
  const can = useCan();
  const { member } = useSession();
  const [open, setOpen] = useState<'sign' | 'revise' | 'discard'>();
  const discard = useAction(discardDraft, 'discardDraft');
  const signed = draft.signatures.some((signature) => signature.member?.id === member?.id);
  const close = () => setOpen(undefined);
  return (
    <Panel
      title={`Version ${draft.version} waits for signatures`}
      aside={`${kindWords[draft.kind]}, drafted by ${draft.draftedBy?.name ?? 'the product'}, ${date(draft.createdAt)}${draft.effectiveFrom ? `; decides from ${date(draft.effectiveFrom)}` : ''}`}
      className="mb-6 !border-tungsten/50"
    >
      <div className="grid gap-x-8 gap-y-6 lg:grid-cols-[minmax(0,1fr)_19rem]">
        <div className="flex min-w-0 flex-col gap-6">
          {draft.kind === 'ORIGINAL' ? (
            <p className="text-sm text-soft">The first text of the licence; what it says stands below.</p>
          ) : (
            <section>
              <h3 className="mb-2 text-xs font-medium text-faint">What it changes</h3>
              <Changes changes={draft.changes} />
            </section>
          )}
          {can('simulate Licence') && <WhatIf key={draft.sha256} draft={draft} />}
        </div>
        <div className="flex flex-col gap-5">
          <Signatures draft={draft} />
          {(can('sign Licence') || can('create Licence')) && (
            <div className="flex flex-wrap gap-2">
              {can('sign Licence') && !signed && (
                <Button look="primary" onClick={() => setOpen('sign')}>
                  Read and sign
                </Button>
              )}
              {can('create Licence') && (
                <>
                  <Button onClick={() => setOpen('revise')}>Correct it</Button>
                  {draft.kind !== 'ORIGINAL' && <Button onClick={() => setOpen('discard')}>Give it up</Button>}
                </>
              )}
            </div>
          )}
        </div>
      </div>
      {open === 'sign' && <SignDialog version={draft} onClose={close} onSigned={onChange} />}
      {open === 'revise' && <VersionDialog licenceId={draft.licence.id} onClose={close} onDone={onChange} />}
      {open === 'discard' && (
        <WhyDialog
          title={`Give up version ${draft.version}`}
          act="Give it up"
          hint="It stays in the history. The version that decides now goes on deciding."
          action={discard}
          run={(why) => discard.run({ id: draft.licence.id, version: draft.version, why })}
          onDone={onChange}
          onClose={close}
        />
      )}
    </Panel>
  );
}

/** Two different members sign, one of them a compliance officer. */
function Signatures({ draft }: { draft: Version }) {
  return (
    <section aria-label="Signatures">
      <h3 className="mb-2 text-xs font-medium text-faint">Signatures, {draft.signatures.length} of 2</h3>
      <ol className="flex flex-col gap-2 text-sm">
        {draft.signatures.map((signature) => (
          <li key={signature.at}>
            <Chip tone="go">{signature.member?.name ?? 'a former member'}</Chip>
            <span className="block pl-3 text-xs text-faint">
              {signature.roles.map((role) => role.toLowerCase()).join(', ')}, {date(signature.at)}
            </span>
          </li>
        ))}
        {draft.awaits.length > 0 && (
          <li className="text-soft">
            {draft.signatures.length === 0 ? `Waits for two of ${listed(draft.awaits.map(({ name }) => name))}` : `Waits for ${listed(draft.awaits.map(({ name }) => name), 'or')}`}
          </li>
        )}
      </ol>
    </section>
  );
}
