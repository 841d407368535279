import { expect, it } from "vitest";
import { fromConfig, toConfig } from "@/features/apps/configuration";
import type { ModelConfig } from "@/shared/api/types";

const STORED: ModelConfig = {
  model: { provider: "openai", name: "small", mode: "chat", completion_params: { temperature: 0.2 } },
  pre_prompt: "Be brief.",
  user_input_form: [],
  dataset_configs: {
    datasets: { datasets: [{ dataset: { enabled: true, id: "one" } }] },
    top_k: 6, score_threshold_enabled: false, score_threshold: null, retrieval_model: "multiple", reranking_enable: false,
  },
  opening_statement: "Ahoy",
  suggested_questions: ["Where?"],
  suggested_questions_after_answer: { enabled: false },
  retriever_resource: { enabled: true },
  text_to_speech: { enabled: true },
};

it("gives back what was stored when nothing is changed", () => {
  expect(toConfig(fromConfig(STORED), STORED, "chat")).toEqual(STORED);
});

it("keeps the parameters of a model that stays, and drops those of one that goes", () => {
  const other = toConfig({ ...fromConfig(STORED), model: "ollama::a/b::c" }, STORED, "chat");
  expect(other.model).toEqual({ provider: "ollama", name: "a/b::c", mode: "chat", completion_params: {} });
  expect(toConfig({ ...fromConfig(STORED), model: "" }, STORED, "chat").model).toBeNull();
});

it("drops empty questions", () => {
  expect(toConfig({ ...fromConfig(STORED), questions: [" When? ", "", "  "] }, STORED, "chat").suggested_questions).toEqual(["When?"]);
});
