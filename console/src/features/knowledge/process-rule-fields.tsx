import type { ProcessRule } from "@/shared/api/types";
import { Check, Choices, TextField } from "@/shared/ui/field";

export interface RuleForm {
  mode: ProcessRule["mode"];
  separator: string;
  size: string;
  overlap: string;
  spaces: boolean;
  urls: boolean;
}

export const DEFAULT_RULE: RuleForm = { mode: "automatic", separator: "\\n\\n", size: "1024", overlap: "50", spaces: true, urls: false };

/** Line breaks and tabs are typed as \n and \t. */
export const unescapeSeparator = (text: string): string => text.replace(/\\n/g, "\n").replace(/\\t/g, "\t");

export function toProcessRule(form: RuleForm): ProcessRule {
  if (form.mode === "automatic") return { mode: "automatic" };
  return {
    mode: "custom",
    rules: {
      pre_processing_rules: [
        { id: "remove_extra_spaces", enabled: form.spaces },
        { id: "remove_urls_emails", enabled: form.urls },
      ],
      segmentation: {
        separator: unescapeSeparator(form.separator),
        max_tokens: Number(form.size),
        chunk_overlap: Number(form.overlap),
      },
    },
  };
}

export function ProcessRuleFields({ form, onChange }: { form: RuleForm; onChange: (form: RuleForm) => void }) {
  const set = (part: Partial<RuleForm>) => onChange({ ...form, ...part });
  return (
    <>
      <Choices
        legend="Splitting into segments" name="splitting" value={form.mode} onChange={(mode) => set({ mode })}
        options={[
          { value: "automatic", title: "Automatic", about: "Sensible sizes for most documents." },
          { value: "custom", title: "Custom", about: "Set separator, size and overlap." },
        ]}
      />
      {form.mode === "custom" && (
        <>
          <div className="grid-3">
            <TextField label="Separator" value={form.separator} onChange={(separator) => set({ separator })} hint="\n is a line break" />
            <TextField label="Segment size" type="number" min={50} max={4000} required value={form.size} onChange={(size) => set({ size })} hint="Tokens, at most" />
            <TextField label="Overlap" type="number" min={0} max={Number(form.size) || 4000} required value={form.overlap} onChange={(overlap) => set({ overlap })} hint="Tokens shared" />
          </div>
          <Check label="Replace runs of spaces, tabs and line breaks" checked={form.spaces} onChange={(spaces) => set({ spaces })} />
          <Check label="Remove web and mail addresses" checked={form.urls} onChange={(urls) => set({ urls })} />
        </>
      )}
    </>
  );
}
