import { graphql } from '../../generated/index.js';
import { useAction } from '../../lib/outcome.js';
import { FormDialog } from '../../ui/form-dialog.js';
import { Copied } from '../../ui/page.js';
import { Changes } from './changes.js';
import type { Version } from './licence-query.js';
import { ProseOf } from './prose.js';

const signLicence = graphql(`
  mutation SignLicence($id: ID!, $version: Int!, $sha256: String!) {
    signLicence(id: $id, version: $version, sha256: $sha256) {
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

/** The text that is signed, whole, before the signature. */
export function SignDialog({ version, onClose, onSigned }: { version: Version; onClose: () => void; onSigned: () => void }) {
  const action = useAction(signLicence, 'signLicence');
  const submit = async () => {
    if (!(await action.run({ id: version.licence.id, version: version.version, sha256: version.sha256 }))) return;
    onSigned();
    onClose();
  };
  const last = version.signatures.length > 0;
  return (
    <FormDialog wide title={`Sign ${version.licence.name}, version ${version.version}`} act="Sign this text" action={action} onSubmit={submit} onClose={onClose}>
      <p className="text-sm text-soft">
        {last ? 'Yours is the second signature: with it the version is signed and decides from its day on.' : 'Yours is the first signature. A second member signs after you; one of the two is a compliance officer.'}
      </p>
      {version.kind !== 'ORIGINAL' && (
        <section>
          <h3 className="mb-2 text-xs font-medium text-faint">What it changes</h3>
          <Changes changes={version.changes} />
        </section>
      )}
      <section>
        <h3 className="mb-2 text-xs font-medium text-faint">What it says</h3>
        <ProseOf prose={version.prose} />
      </section>
      <p className="flex items-baseline gap-2 text-xs text-faint">
        SHA-256 of the text <Copied value={version.sha256} shown={version.sha256.slice(0, 24)} />
      </p>
    </FormDialog>
  );
}
