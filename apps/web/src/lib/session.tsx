import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import { Provider, useQuery, type CombinedError } from 'urql';
import { graphql } from '../generated/index.js';
import type { MeQuery } from '../generated/graphql.js';
import { createClient } from './client.js';

const me = graphql(`
  query Me {
    me {
      id
      name
      email
      roles
      can
      studio {
        id
        name
      }
    }
  }
`);

export type Me = NonNullable<MeQuery['me']>;

interface Session {
  /** Undefined while it is not known, null when nobody is signed in. */
  member: Me | null | undefined;
  error: CombinedError | undefined;
  /** Forgets everything on the screen and asks again who is here: after signing in or out. */
  renew: () => void;
  retry: () => void;
}

const Context = createContext<Session | undefined>(undefined);

/** Who is here. Each sign-in has its own client, so that nothing of the member before stays in memory. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [visit, setVisit] = useState(0);
  const renew = useCallback(() => setVisit((number) => number + 1), []);
  const client = useMemo(() => createClient(renew), [renew, visit]);
  return (
    <Provider value={client} key={visit}>
      <Asked renew={renew}>{children}</Asked>
    </Provider>
  );
}

function Asked({ renew, children }: { renew: () => void; children: ReactNode }) {
  const [{ data, error }, ask] = useQuery({ query: me });
  const retry = useCallback(() => ask({ requestPolicy: 'network-only' }), [ask]);
  const session = useMemo(() => ({ member: data ? (data.me ?? null) : undefined, error, renew, retry }), [data, error, renew, retry]);
  return <Context value={session}>{children}</Context>;
}

export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('useSession outside SessionProvider');
  return session;
}

/** Whether the member may do something, as the API says it: 'create Title'. */
export function useCan(): (permission: string) => boolean {
  const { member } = useSession();
  return (permission) => member?.can.includes(permission) ?? false;
}
