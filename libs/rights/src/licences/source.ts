import { readDocument } from '../policy/document.js';

/** Where a policy comes from: a document, or text as a lawyer's repository has it. */
export type PolicySource = { policy: unknown } | { text: string };

/** The policy document of a source. Throws Refusal INVALID_POLICY with the path inside the document. */
export async function documentOf(source: PolicySource): Promise<Record<string, unknown>> {
  return readDocument('text' in source ? source.text : source.policy);
}
