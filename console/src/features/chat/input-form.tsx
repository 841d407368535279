import type { FormItem } from "@/shared/api/types";
import { AreaField, SelectField, TextField } from "@/shared/ui/field";

export type Inputs = Record<string, string>;

const fieldsOf = (form: FormItem[]) => form.flatMap((item) => Object.values(item));

export function emptyInputs(form: FormItem[]): Inputs {
  return Object.fromEntries(fieldsOf(form).map((field) => [field.variable, String(field.default ?? "")]));
}

/** The first required field that is still empty, or null. */
export function missing(form: FormItem[], inputs: Inputs): string | null {
  return fieldsOf(form).find((field) => field.required && !inputs[field.variable]?.trim())?.label ?? null;
}

/** The form an app asks its reader to fill in. */
export function InputForm({ form, inputs, onChange }: { form: FormItem[]; inputs: Inputs; onChange: (inputs: Inputs) => void }) {
  return form.flatMap((item) => Object.entries(item)).map(([kind, field]) => {
    const props = {
      label: field.label, optional: !field.required, value: inputs[field.variable] ?? "",
      onChange: (value: string) => onChange({ ...inputs, [field.variable]: value }),
    };
    if (kind === "paragraph") return <AreaField key={field.variable} {...props} rows={3} maxLength={field.max_length} />;
    if (kind === "select") {
      return (
        <SelectField key={field.variable} {...props}>
          <option value="">Choose…</option>
          {(field.options ?? []).map((option) => <option key={option}>{option}</option>)}
        </SelectField>
      );
    }
    return <TextField key={field.variable} {...props} type={kind === "number" ? "number" : "text"} maxLength={field.max_length} />;
  });
}
