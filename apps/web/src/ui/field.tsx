import clsx from 'clsx';
import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from 'react';

const box =
  'w-full rounded-md border border-line bg-room px-3 py-2 text-sm text-ink placeholder:text-faint hover:border-edge focus-visible:border-tungsten focus-visible:outline-offset-0 disabled:text-faint';

interface Labelled {
  label: string;
  hint?: ReactNode;
}

function Field({ id, label, hint, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium text-soft">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-xs text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, className, ...rest }: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint}>
      <input id={id} aria-describedby={hint ? `${id}-hint` : undefined} className={clsx(box, className)} {...rest} />
    </Field>
  );
}

export function TextArea({ label, hint, className, ...rest }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint}>
      <textarea id={id} rows={3} aria-describedby={hint ? `${id}-hint` : undefined} className={clsx(box, 'resize-y', className)} {...rest} />
    </Field>
  );
}

export function Select({ label, hint, className, children, ...rest }: Labelled & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint}>
      <select id={id} aria-describedby={hint ? `${id}-hint` : undefined} className={clsx(box, className)} {...rest}>
        {children}
      </select>
    </Field>
  );
}

/** Checks in a list that scrolls inside itself; with `single` only one can be chosen. */
export function Choices({
  legend,
  hint,
  options,
  chosen,
  onChange,
  single,
}: {
  legend: string;
  hint?: ReactNode;
  options: { id: string; name: string; note?: string }[];
  chosen: string[];
  onChange: (ids: string[]) => void;
  single?: boolean;
}) {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 text-sm font-medium text-soft">{legend}</legend>
      <div className="max-h-52 overflow-y-auto rounded-md border border-line bg-room">
        {options.map((option) => (
          <label key={option.id} className="flex cursor-pointer items-baseline gap-3 px-3 py-2 text-sm hover:bg-raised">
            <input
              type={single ? 'radio' : 'checkbox'}
              name={single ? name : undefined}
              className="translate-y-0.5 accent-tungsten"
              checked={chosen.includes(option.id)}
              onChange={({ target }) => onChange(single ? [option.id] : target.checked ? [...chosen, option.id] : chosen.filter((id) => id !== option.id))}
            />
            <span className="min-w-0">
              {option.name}
              {option.note && <span className="block text-xs text-faint">{option.note}</span>}
            </span>
          </label>
        ))}
      </div>
      {hint && <p className="text-xs text-faint">{hint}</p>}
    </fieldset>
  );
}
