import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { DefaultModels, ModelChoice, ModelType } from "@/shared/api/types";

export function useModels(type: ModelType) {
  return useQuery({
    queryKey: [...keys.models, type],
    queryFn: ({ signal }) => api.get<{ data: ModelChoice[] }>("/model-providers/models", { model_type: type }, signal),
    select: (answer) => answer.data,
  });
}

export function useDefaultModels() {
  return useQuery({
    queryKey: keys.defaultModels,
    queryFn: ({ signal }) => api.get<DefaultModels>("/default-models", {}, signal),
  });
}

/** A model as the value of a select: provider and name in one text. */
export const modelValue = (ref: { provider: string; model: string } | null | undefined): string =>
  ref ? `${ref.provider}::${ref.model}` : "";

export function parseModelValue(value: string): { provider: string; model: string } | null {
  const at = value.indexOf("::");
  return at < 0 ? null : { provider: value.slice(0, at), model: value.slice(at + 2) };
}
