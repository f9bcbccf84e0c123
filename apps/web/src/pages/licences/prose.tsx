import { graphql } from '../../generated/index.js';
import type { ResultOf } from '../../lib/result.js';
import { Facts } from '../../ui/page.js';

export const proseFields = graphql(`
  fragment ProseFields on Prose {
    definitions {
      term
      value
    }
    sections {
      clause
      heading
      prose
      sentences {
        words
      }
    }
    general
  }
`);

export type Prose = ResultOf<typeof proseFields>;

const capital = (words: string) => words[0]?.toUpperCase() + words.slice(1);

/** A licence as a contract is read: its clauses with their numbers, whom it calls what, and how the whole is read. */
export function ProseOf({ prose }: { prose: Prose }) {
  // A party that the contract names is called by that name in its clauses.
  const named = (words: string) => prose.definitions.reduce((text, { term, value }) => (value.includes(':') ? text.replaceAll(value, term).replaceAll(capital(value), capital(term)) : text), words);
  return (
    <div className="flex flex-col gap-5 text-sm">
      <ol className="flex flex-col gap-3.5">
        {prose.sections.map((section, place) => (
          <li key={place} className="grid grid-cols-[2.5rem_minmax(0,1fr)] gap-x-3">
            <span className="figures text-right text-faint">{section.clause}</span>
            <div className="flex min-w-0 flex-col gap-1 break-words text-pretty">
              {section.heading && <h3 className="font-medium">{section.heading}</h3>}
              {section.prose && <p className="text-soft">{section.prose}</p>}
              {section.sentences.map(({ words }) => (
                <p key={words} className={section.prose ? 'border-l border-line pl-3' : undefined}>
                  {named(words)}
                </p>
              ))}
            </div>
          </li>
        ))}
      </ol>
      <details>
        <summary className="text-sm font-medium text-soft hover:text-ink">Who is meant, and how it is read</summary>
        <Facts className="mt-3" facts={prose.definitions.map(({ term, value }) => [term, value])} />
        <ul className="mt-3 flex flex-col gap-1 text-soft">
          {prose.general.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}
