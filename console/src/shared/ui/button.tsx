import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Icon, type IconName } from "@/shared/ui/icon";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "secondary" | "ghost" | "danger";
  small?: boolean;
  busy?: boolean;
  icon?: IconName;
  children: ReactNode;
}

/** While busy it shows a spinner and takes no second click. */
export function Button({ kind = "secondary", small, busy, icon, children, disabled, type = "button", ...rest }: ButtonProps) {
  const classes = ["button", `button-${kind}`, small ? "button-small" : ""].join(" ").trim();
  return (
    <button {...rest} type={type} className={classes} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> {
  icon: IconName;
  label: string;
  danger?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** A button that is only an icon: its label is read out and shown as a tooltip. */
export function IconButton({ icon, label, danger, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button" {...rest} aria-label={label} title={label}
      className={["icon-button", danger ? "danger" : "", className ?? ""].join(" ").trim()}
    >
      <Icon name={icon} />
    </button>
  );
}
