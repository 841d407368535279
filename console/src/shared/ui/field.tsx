import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";

interface Shown {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | null;
  optional?: boolean;
}

function Frame({ id, label, hint, error, optional, children }: Shown & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {optional && <span className="optional">(optional)</span>}
      </label>
      {children}
      {error && <p className="field-error" id={`${id}-error`} role="alert">{error}</p>}
      {hint && <p className="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

function described(id: string, { hint, error }: Shown): { "aria-describedby"?: string; "aria-invalid"?: true } {
  const ids = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return { ...(ids ? { "aria-describedby": ids } : {}), ...(error ? { "aria-invalid": true as const } : {}) };
}

type TextProps = Shown & Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> & { onChange: (value: string) => void };

export function TextField({ label, hint, error, optional, onChange, ...rest }: TextProps) {
  const id = useId();
  const shown = { label, hint, error, optional };
  return (
    <Frame id={id} {...shown}>
      <input {...rest} {...described(id, shown)} id={id} className="input" onChange={(event) => onChange(event.target.value)} />
    </Frame>
  );
}

type AreaProps = Shown & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange"> & { onChange: (value: string) => void };

export function AreaField({ label, hint, error, optional, onChange, ...rest }: AreaProps) {
  const id = useId();
  const shown = { label, hint, error, optional };
  return (
    <Frame id={id} {...shown}>
      <textarea {...rest} {...described(id, shown)} id={id} className="input" onChange={(event) => onChange(event.target.value)} />
    </Frame>
  );
}

type SelectProps = Shown & Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange"> & { onChange: (value: string) => void };

export function SelectField({ label, hint, error, optional, onChange, children, ...rest }: SelectProps) {
  const id = useId();
  const shown = { label, hint, error, optional };
  return (
    <Frame id={id} {...shown}>
      <select {...rest} {...described(id, shown)} id={id} className="input" onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </Frame>
  );
}

interface CheckProps {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Check({ label, hint, checked, onChange }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>
        {label}
        {hint && <span className="field-hint" style={{ display: "block" }}>{hint}</span>}
      </span>
    </label>
  );
}

interface SwitchProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

/** An on/off switch; the label is read out and shown as a tooltip. */
export function Switch({ label, checked, disabled, onChange }: SwitchProps) {
  return (
    <label className="switch" title={label}>
      <input
        type="checkbox" role="switch" aria-label={label} checked={checked} disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  name: string;
  value: T;
  options: { value: T; title: string; about: string }[];
  onChange: (value: T) => void;
}

/** A few exclusive options, each with a sentence. */
export function Choices<T extends string>({ legend, name, value, options, onChange }: ChoiceProps<T>) {
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <legend className="field-label" style={{ padding: 0, marginBottom: 5 }}>{legend}</legend>
      <div className="choices">
        {options.map((option) => (
          <label key={option.value} className="choice">
            <input
              type="radio" name={name} value={option.value} checked={value === option.value}
              aria-label={option.title} onChange={() => onChange(option.value)}
            />
            <span>
              <strong>{option.title}</strong>
              <span className="field-hint">{option.about}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
