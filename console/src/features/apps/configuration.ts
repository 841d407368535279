import { modelValue, parseModelValue } from "@/shared/api/models";
import type { ModelConfig } from "@/shared/api/types";

/** What the configure page edits, as its fields hold it. */
export interface Configuration {
  instructions: string;
  model: string;
  datasets: string[];
  topK: string;
  thresholdOn: boolean;
  threshold: string;
  opening: string;
  questions: string[];
}

export function fromConfig(config: ModelConfig | undefined): Configuration {
  const search = config?.dataset_configs;
  return {
    instructions: config?.pre_prompt ?? "",
    model: config?.model ? modelValue({ provider: config.model.provider, model: config.model.name }) : "",
    datasets: (search?.datasets?.datasets ?? []).filter(({ dataset }) => dataset.enabled).map(({ dataset }) => dataset.id),
    topK: String(search?.top_k ?? 4),
    thresholdOn: search?.score_threshold_enabled ?? false,
    threshold: String(search?.score_threshold ?? 0.5),
    opening: config?.opening_statement ?? "",
    questions: config?.suggested_questions ?? [],
  };
}

/** The stored configuration with the fields laid over it; what the page does not show stays as it is. */
export function toConfig(form: Configuration, before: ModelConfig | undefined, mode: string): Partial<ModelConfig> {
  const chosen = parseModelValue(form.model);
  const kept = before?.model;
  const same = kept && chosen && kept.provider === chosen.provider && kept.name === chosen.model;
  return {
    ...before,
    model: chosen ? (same ? kept : { provider: chosen.provider, name: chosen.model, mode, completion_params: {} }) : null,
    pre_prompt: form.instructions,
    dataset_configs: {
      retrieval_model: "multiple",
      reranking_enable: false,
      ...before?.dataset_configs,
      datasets: { datasets: form.datasets.map((id) => ({ dataset: { enabled: true, id } })) },
      top_k: Number(form.topK),
      score_threshold_enabled: form.thresholdOn,
      score_threshold: form.thresholdOn ? Number(form.threshold) : (before?.dataset_configs?.score_threshold ?? null),
    },
    opening_statement: form.opening,
    suggested_questions: form.questions.map((question) => question.trim()).filter(Boolean),
  };
}
