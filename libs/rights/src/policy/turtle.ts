import { DataFactory, Parser, type Quad, type Quad_Graph, type Quad_Object, type Quad_Predicate, type Quad_Subject } from 'n3';
import { BASE, treeOf, type Statement, type Tree } from './graph.js';
import { invalid, InvalidPolicy, MAX_TURTLE_BYTES, MAX_VALUES, tooLarge } from './json.js';

/** A policy in Turtle as a document of the profile. Refuses with INVALID_POLICY and the line. */
export function readTurtle(text: string): Tree {
  if (text.length > MAX_TURTLE_BYTES) throw invalid('', `it is larger than ${MAX_TURTLE_BYTES / 1_000_000} MB of Turtle`);
  const statements: Statement[] = [];
  // A statement is complete when its full stop or semicolon is read: what it says ended a token before.
  let line = 1;
  let before = 1;
  const factory = {
    ...DataFactory,
    quad: (subject: Quad_Subject, predicate: Quad_Predicate, object: Quad_Object, graph?: Quad_Graph): Quad => {
      if (statements.push({ subject, predicate, object, place: `line ${before}` }) > MAX_VALUES) throw tooLarge();
      return DataFactory.quad(subject, predicate, object, graph);
    },
  };
  const parser = new Parser({ format: 'text/turtle', baseIRI: BASE, factory: factory as typeof DataFactory });
  const onToken = (token: { line: number }): void => {
    before = line;
    line = token.line;
  };
  try {
    // @types/n3 does not know the callbacks by name yet.
    (parser.parse as unknown as (this: Parser, text: string, callbacks: object) => Quad[]).call(parser, text, { onToken });
  } catch (error) {
    if (error instanceof InvalidPolicy || !(error instanceof Error)) throw error;
    // n3 gives the line of what it did not expect; on some broken texts it stumbles instead.
    const context = 'context' in error ? (error.context as { line?: number }) : undefined;
    throw invalid(`line ${context?.line ?? line}`, `it is not Turtle${context ? ` (${error.message.replace(/ on line \d+\.$/, '')})` : ''}`);
  }
  return treeOf(statements);
}
