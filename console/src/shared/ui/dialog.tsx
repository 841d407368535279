import { useEffect, useId, useRef, type FormEvent, type ReactNode } from "react";
import { Button, IconButton } from "@/shared/ui/button";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** A modal dialog, shown while it is mounted. Esc closes it; focus comes back to where it was. */
export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const before = document.activeElement;
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus], .dialog-body :is(input, textarea, select, button)")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return (
    <dialog
      ref={ref} className={wide ? "dialog wide" : "dialog"} aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current && !event.currentTarget.querySelector("form")) onClose();
      }}
    >
      <header className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

interface FormDialogProps extends DialogProps {
  action: string;
  busy?: boolean;
  disabled?: boolean;
  danger?: boolean;
  onSubmit: () => void;
}

/** A dialog that is a form with one action. */
export function FormDialog({ action, busy, disabled, danger, onSubmit, children, ...dialog }: FormDialogProps) {
  function submit(event: FormEvent) {
    event.preventDefault();
    event.stopPropagation();
    if (!busy && !disabled) onSubmit();
  }
  return (
    <Dialog {...dialog}>
      <form className="dialog-form" onSubmit={submit}>
        <div className="dialog-body">{children}</div>
        <footer className="dialog-foot">
          <Button onClick={dialog.onClose} data-autofocus={danger || undefined}>Cancel</Button>
          <Button type="submit" kind={danger ? "danger" : "primary"} busy={busy} disabled={disabled}>{action}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface ConfirmProps {
  title: string;
  action: string;
  busy?: boolean;
  error?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something is lost. Focus starts on "Cancel". */
export function Confirm({ title, action, busy, error, onConfirm, onClose, children }: ConfirmProps) {
  return (
    <FormDialog title={title} action={action} busy={busy} danger onSubmit={onConfirm} onClose={onClose}>
      <p className="muted">{children}</p>
      {error}
    </FormDialog>
  );
}
