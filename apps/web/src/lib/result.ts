import type { TypedDocumentNode } from 'urql';

/** What a document answers with. */
export type ResultOf<Document> = Document extends TypedDocumentNode<infer Result, never> ? Result : Document extends TypedDocumentNode<infer Result> ? Result : never;
