import { readPolicy } from '../policy/index.js';

/** Where a policy comes from: a document, or text as a lawyer's repository has it. */
export type PolicySource = { policy: unknown } | { text: string };

/** The policy document of a source: JSON-LD or Turtle. Throws Refusal INVALID_POLICY with the path inside the document, and the line of Turtle. */
export async function documentOf(source: PolicySource): Promise<Record<string, unknown>> {
  return readPolicy('text' in source ? source.text : source.policy);
}
