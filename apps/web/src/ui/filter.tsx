import { Button } from './button.js';

/** One of a few ways to narrow a list. */
export function Filter<Value>({ label, options, value, onChange }: { label: string; options: { name: string; value: Value }[]; value: Value; onChange: (value: Value) => void }) {
  return (
    <div role="group" aria-label={label} className="mb-4 flex flex-wrap gap-2">
      {options.map((option) => (
        <Button key={option.name} look={option.value === value ? 'quiet' : 'bare'} aria-pressed={option.value === value} className="!min-h-8" onClick={() => onChange(option.value)}>
          {option.name}
        </Button>
      ))}
    </div>
  );
}
