import type { ReactNode } from 'react';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { Why, type ReasonLike } from './states.js';

interface FormDialogProps {
  title: string;
  /** The word on the button that carries it out. */
  act: string;
  /** The action behind it: shows that it runs, and why it was refused. */
  action: { busy: boolean; refusal?: ReasonLike | undefined };
  onSubmit: () => Promise<unknown>;
  onClose: () => void;
  cancel?: string;
  danger?: boolean;
  wide?: boolean;
  disabled?: boolean;
  children: ReactNode;
}

/** A question in a dialog: its fields, why the answer was refused, and the two ways out. */
export function FormDialog({ title, act, action, onSubmit, onClose, cancel = 'Cancel', danger, wide, disabled, children }: FormDialogProps) {
  return (
    <Dialog title={title} wide={wide} onClose={onClose}>
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          void onSubmit();
        }}
      >
        {children}
        {action.refusal && <Why reason={action.refusal} />}
        <div className="flex justify-end gap-2">
          <Button look="bare" onClick={onClose}>
            {cancel}
          </Button>
          <Button look={danger ? 'danger' : 'primary'} type="submit" busy={action.busy} disabled={disabled}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
