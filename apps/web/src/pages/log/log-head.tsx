import { useQuery } from 'urql';
import { graphql } from '../../generated/index.js';
import { Answered } from '../../ui/answered.js';
import { Copied, Facts, Panel } from '../../ui/page.js';
import { Skeleton } from '../../ui/states.js';

const head = graphql(`
  query LogHead {
    log {
      origin
      verifierKey
      size
      root
      checkpoint
    }
  }
`);

/** Where the log stands, and how a stranger checks it without us. */
export function LogHead() {
  const answer = useQuery({ query: head, requestPolicy: 'cache-and-network' });
  return (
    <div className="mb-8">
      <Answered answer={answer} waiting={<Skeleton className="h-40" />}>
        {({ log }) => (
          <Panel title="Transparency log" aside={log.root ? 'signed checkpoint, C2SP tlog' : 'the first checkpoint is on its way'}>
            <div className="grid gap-6 lg:grid-cols-2">
              <Facts
                facts={[
                  ['Origin', log.origin],
                  ['Size', log.size.toLocaleString('en')],
                  ['Root', log.root ? <Copied key="root" value={log.root} shown={log.root} /> : 'none yet'],
                  ['Verifier key', <Copied key="key" value={log.verifierKey} shown={log.verifierKey} />],
                ]}
              />
              <div className="text-sm text-soft">
                <p>
                  Check it from the files alone, without this product running: every signature, every entry’s place, and that each checkpoint continues the one before.
                </p>
                <p className="mt-2">
                  <Copied value="npx backlot log verify" shown="npx backlot log verify" />
                </p>
                {log.checkpoint && (
                  <details className="mt-3">
                    <summary className="hover:text-ink">Newest signed checkpoint</summary>
                    <pre className="mt-2 overflow-x-auto rounded-md bg-room p-3 font-mono text-xs">{log.checkpoint}</pre>
                  </details>
                )}
              </div>
            </div>
          </Panel>
        )}
      </Answered>
    </div>
  );
}
