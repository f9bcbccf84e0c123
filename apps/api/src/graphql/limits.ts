import type { ApolloServerPlugin } from '@apollo/server';
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';
import type { RequestContext } from './context.js';

/** The console's largest query (a title with 100 shots, their keyframes and corrections) costs 12,000 and is 6 deep. */
const MAX_COST = 50_000;
const MAX_DEPTH = 12;
/** Lists without `first` are short: keyframes, licences of a title, samples. */
const UNPAGED_LIST = 10;

const cost: ComplexityEstimator = ({ args, childComplexity, field, type }) => {
  const first: unknown = args.first;
  if (typeof first === 'number') return 1 + Math.max(1, first) * childComplexity;
  // The nodes of a page were counted by its `first`.
  const unpaged = String(field.type).startsWith('[') && !type.name.endsWith('Connection');
  return 1 + childComplexity * (unpaged ? UNPAGED_LIST : 1);
};

/** Refuses operations that would cost too much before anything runs, and says 503 for an answer that lacks the database. */
export function limits(): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ schema, document, operation, operationName, request }) {
          if (operation) refuseDeep(document, operation);
          refuseCostly(schema, document, operationName, request.variables ?? {});
        },
        async willSendResponse({ response, contextValue }) {
          if (contextValue.databaseAway) response.http.status = 503;
        },
      };
    },
  };
}

function refuseDeep(document: DocumentNode, operation: OperationDefinitionNode): void {
  const fragments = new Map(document.definitions.flatMap((definition) => (definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition.selectionSet] as const] : [])));
  const depthOf = (set: SelectionSetNode): number =>
    Math.max(
      ...set.selections.map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return depthOf(fragments.get(selection.name.value)!);
        if (selection.kind === Kind.INLINE_FRAGMENT) return depthOf(selection.selectionSet);
        // Introspection is off where it matters, and 13 deep.
        if (selection.name.value.startsWith('__')) return 0;
        return 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0);
      }),
    );
  const depth = depthOf(operation.selectionSet);
  if (depth > MAX_DEPTH) throw refused('TOO_DEEP', `The query is ${depth} levels deep; ${MAX_DEPTH} are the most.`);
}

function refuseCostly(schema: GraphQLSchema, document: DocumentNode, operationName: string | null, variables: Record<string, unknown>): void {
  const complexity = getComplexity({ schema, query: document, ...(operationName === null ? {} : { operationName }), variables, estimators: [cost] });
  if (complexity > MAX_COST) throw refused('TOO_COSTLY', `The query asks for about ${complexity} things; ${MAX_COST} are the most.`);
}

const refused = (code: string, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code, wayOut: 'Ask for smaller pages or fewer levels at once.', http: { status: 400 } } });
