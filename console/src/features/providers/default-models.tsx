import { useSaveDefaults } from "@/features/providers/queries";
import { modelValue, parseModelValue, useDefaultModels, useModels } from "@/shared/api/models";
import type { DefaultModels, ModelType } from "@/shared/api/types";
import { SelectField } from "@/shared/ui/field";
import { Card } from "@/shared/ui/page";
import { Loaded, SkeletonRows } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

/** The models that are used where nothing else is said; saved as soon as they are chosen. */
export function DefaultModelsCard() {
  const defaults = useDefaultModels();
  const save = useSaveDefaults();
  const toasts = useToasts();
  const put = (all: DefaultModels, type: ModelType, value: string) =>
    save.mutate(
      { ...all, [type]: parseModelValue(value) },
      { onSuccess: () => toasts.done("The default model is saved."), onError: toasts.failed },
    );
  return (
    <Card title="Defaults" about="Used by every app and knowledge base that names no model of its own.">
      <Loaded query={defaults} skeleton={<SkeletonRows rows={2} />}>
        {(all) => (
          <div className="grid-2">
            <Choice type="llm" label="Chat model" none="Built-in answerer (quotes passages)" value={modelValue(all.llm)} busy={save.isPending} onChange={(value) => put(all, "llm", value)} />
            <Choice type="text-embedding" label="Embedding model" none="Built-in local model" value={modelValue(all["text-embedding"])} busy={save.isPending} onChange={(value) => put(all, "text-embedding", value)} />
          </div>
        )}
      </Loaded>
    </Card>
  );
}

interface ChoiceProps {
  type: ModelType;
  label: string;
  none: string;
  value: string;
  busy: boolean;
  onChange: (value: string) => void;
}

function Choice({ type, label, none, value, busy, onChange }: ChoiceProps) {
  const models = useModels(type);
  const known = models.data ?? [];
  return (
    <SelectField label={label} value={value} disabled={busy || models.isPending} onChange={onChange} error={models.isError ? models.error.message : null}>
      <option value="">{none}</option>
      {value !== "" && !known.some((model) => modelValue(model) === value) && <option value={value}>{value.split("::").slice(1).join("::")}</option>}
      {known.map((model) => (
        <option key={modelValue(model)} value={modelValue(model)}>{model.label || `${model.model} (${model.provider})`}</option>
      ))}
    </SelectField>
  );
}
