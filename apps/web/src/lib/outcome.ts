import { useCallback, useState } from 'react';
import type { AnyVariables, CombinedError, OperationResult, TypedDocumentNode } from 'urql';
import { useMutation } from 'urql';
import { wayOutOf, type ReasonLike } from '../ui/states.js';

/** What a member reads when the answer is no answer at all. */
export function reasonOf(error: CombinedError): ReasonLike {
  if (error.networkError) {
    return { code: 'NO_ANSWER', message: 'Backlot did not answer; nothing was changed.', wayOut: 'Look whether the product is running, then try again.' };
  }
  const first = error.graphQLErrors[0];
  const code = first?.extensions['code'];
  return { code: typeof code === 'string' ? code : 'FAILED', message: first?.message ?? error.message, wayOut: wayOutOf(error) || 'Nothing was changed. Try again.' };
}

/**
 * A mutation whose answer is a thing or a refusal: gives the thing, or keeps the refusal for showing.
 * `field` is the one field of the mutation.
 */
export function useAction<Data extends Record<string, unknown>, Variables extends AnyVariables, Field extends keyof Data & string>(
  document: TypedDocumentNode<Data, Variables>,
  field: Field,
) {
  type Thing = Exclude<Data[Field], { __typename: 'Refused' } | null | undefined>;
  const [{ fetching }, execute] = useMutation(document);
  const [refusal, setRefusal] = useState<ReasonLike>();
  const run = useCallback(
    async (variables: Variables): Promise<Thing | undefined> => {
      setRefusal(undefined);
      const result: OperationResult<Data, Variables> = await execute(variables);
      const answer = result.data?.[field] as ({ __typename?: string } & Partial<ReasonLike>) | undefined;
      if (answer && answer.__typename !== 'Refused') return answer as Thing;
      setRefusal(answer ? (answer as ReasonLike) : result.error && reasonOf(result.error));
      return undefined;
    },
    [execute, field],
  );
  const forget = useCallback(() => setRefusal(undefined), []);
  return { run, busy: fetching, refusal, forget };
}
