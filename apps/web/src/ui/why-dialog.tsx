import type { ReactNode } from 'react';
import { useForm } from '../lib/form.js';
import { TextArea } from './field.js';
import { FormDialog } from './form-dialog.js';
import type { ReasonLike } from './states.js';

interface WhyDialogProps {
  title: string;
  act: string;
  label?: string;
  hint?: string;
  danger?: boolean;
  children?: ReactNode;
  action: { busy: boolean; refusal?: ReasonLike | undefined };
  /** Carries it out; anything given back means that it was done. */
  run: (why: string) => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
}

/** Something that is done for a reason, which stays on record. */
export function WhyDialog({ label = 'Why', hint, children, run, onDone, ...dialog }: WhyDialogProps) {
  const { values, field } = useForm({ why: '' });
  const submit = async () => {
    if (!(await run(values.why))) return;
    onDone();
    dialog.onClose();
  };
  return (
    <FormDialog {...dialog} onSubmit={submit}>
      {children}
      <TextArea label={label} required autoFocus {...field('why')} hint={hint} />
    </FormDialog>
  );
}
