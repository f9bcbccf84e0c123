import { graphql } from '../../generated/index.js';
import type { LicenceTemplatesQuery } from '../../generated/graphql.js';
import { TextField } from '../../ui/field.js';

export const licenceTemplates = graphql(`
  query LicenceTemplates {
    licenceTemplates {
      name
      title
      about
      parameters {
        name
        type
        words
        default
        example
      }
    }
  }
`);

export type Template = LicenceTemplatesQuery['licenceTemplates'][number];

const lists = new Set(['assets', 'parties', 'places', 'words']);
const hints: Record<string, string> = { period: 'ISO 8601: P30D is 30 days, P3M three months.', zone: 'For example Europe/Berlin.' };
/** The contract's subject and its licensee are set when the draft is made; few contracts name them otherwise. */
const seldom = new Set(['licensee', 'titles']);

const asText = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** What was filled in, as the API takes it; what is empty is the template's own. */
export function parametersOf(template: Template, filled: Record<string, string>): Record<string, unknown> {
  const given = template.parameters.flatMap(({ name, type }): [string, unknown][] => {
    const text = filled[name]?.trim() ?? '';
    if (text === '') return [];
    return [[name, lists.has(type) ? text.split(/[\s,]+/).filter(Boolean) : type === 'number' ? Number(text) : text]];
  });
  return Object.fromEntries(given);
}

/** The blanks of a contract's shape. */
export function TemplateFields({ template, filled, onChange }: { template: Template; filled: Record<string, string>; onChange: (filled: Record<string, string>) => void }) {
  const fields = (parameters: Template['parameters']) => (
    <div className="grid gap-4 sm:grid-cols-2">
      {parameters.map(({ name, type, words, default: own, example }) => (
        <TextField
          key={name}
          label={words[0]?.toUpperCase() + words.slice(1)}
          type={type === 'number' ? 'number' : type === 'date' ? 'date' : 'text'}
          step="any"
          required={own === null && !seldom.has(name)}
          placeholder={asText(own) || asText(example)}
          value={filled[name] ?? (type === 'date' ? asText(own) : '')}
          onChange={({ target }) => onChange({ ...filled, [name]: target.value })}
          hint={lists.has(type) ? 'Several with commas between.' : hints[type]}
        />
      ))}
    </div>
  );
  return (
    <>
      <p className="text-sm text-soft">{template.about}</p>
      {fields(template.parameters.filter(({ name }) => !seldom.has(name)))}
      <details>
        <summary className="text-sm font-medium text-soft hover:text-ink">Who it is for, and which titles; empty: your studio, and the titles that are put under it</summary>
        <div className="mt-3">{fields(template.parameters.filter(({ name }) => seldom.has(name)))}</div>
      </details>
    </>
  );
}
