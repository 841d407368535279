/** Made-up contents for looking at the console without a server. */
import { randomUUID } from "node:crypto";

export const now = () => Math.floor(Date.now() / 1000);
export const id = randomUUID;

const PASSAGES = [
  "The harbour is open every day from six in the morning until ten at night. Between October and March the outer basin closes at eight, because the leading lights are switched to winter service.",
  "Visiting boats moor at the northern pontoon. Depth at low water is 2.4 metres. Radio the harbour office on channel 12 before you enter; the berth is free for the first two hours.",
  "Fees are paid at the office or at the machine next to the crane. Boats up to eight metres pay 14 euros a night, up to twelve metres 22 euros, longer ones 30 euros. Electricity and water are included.",
  "Storm warnings are shown by a red light on the pier head. While it is lit, the gate of the inner basin is closed and no boat may leave without permission of the harbour master.",
  "Fuel is sold on weekdays from eight to noon and from two to five. Please switch off engines, and do not leave the boat alone while the hose is connected.",
  "Lost things are kept at the office for six months. Bicycles are handed over to the town after two weeks.",
];

export const retrieval = (method = "semantic_search") => ({
  search_method: method, top_k: 4, score_threshold_enabled: false, score_threshold: null, reranking_enable: false, weights: null,
});

export function newDataset(fields) {
  const economy = fields.indexing_technique === "economy";
  return {
    id: id(), name: "", description: "", indexing_technique: "high_quality", embedding_model: economy ? null : "wordllama-256",
    embedding_model_provider: economy ? null : "homeport/local", document_count: 0, word_count: 0, app_count: 0,
    retrieval_model: retrieval(economy ? "keyword_search" : undefined), created_at: now(), updated_at: now(), total_documents: 0,
    total_available_documents: 0, ...fields,
  };
}

export function newDocument(dataset, name, size, fields = {}) {
  const extension = name.includes(".") ? name.split(".").pop() : "";
  const segments = 4 + Math.ceil(size / 4000);
  return {
    id: id(), dataset, name, position: 1, indexing_status: "waiting", display_status: "queuing", error: null, enabled: true, archived: false,
    word_count: Math.round(size / 6), tokens: Math.round(size / 4), hit_count: 0, segment_count: segments, completed_segments: 0,
    total_segments: segments, progress: 0, data_source_type: "upload_file",
    file: extension ? { id: id(), name, size, extension, mime_type: "text/plain" } : null,
    created_at: now(), updated_at: now(), completed_at: null, born: Date.now(), ...fields,
  };
}

export function segmentsOf(document) {
  return Array.from({ length: document.segment_count }, (_, index) => {
    const content = PASSAGES[index % PASSAGES.length];
    return {
      id: id(), document_id: document.id, position: index + 1, content, word_count: content.split(" ").length, tokens: 52,
      keywords: index % 2 ? ["harbour", "pontoon", "office"] : [], hit_count: (index * 7) % 23, enabled: index !== 4, status: "completed",
      created_at: now(), updated_at: now(), error: null,
    };
  });
}

const done = (hours, hits) => ({
  indexing_status: "completed", display_status: "available", completed_segments: 1, progress: 1, hit_count: hits,
  created_at: now() - hours * 3600, born: null,
});

export function seed() {
  const handbook = newDataset({ name: "Harbour handbook", description: "Opening hours, fees, berths and safety rules for everyone who works at or visits the harbour.", app_count: 1, created_at: now() - 9e5, updated_at: now() - 4000 });
  const minutes = newDataset({ name: "Council minutes", description: "Minutes of the harbour council since 2019.", indexing_technique: "economy", created_at: now() - 9e6, updated_at: now() - 9e5 });
  const notices = newDataset({ name: "Notices to mariners", description: "", app_count: 1, updated_at: now() - 2e5 });
  const documents = [
    newDocument(handbook.id, "Fees and berths 2026.pdf", 482_300, done(2, 41)),
    newDocument(handbook.id, "Safety rules.docx", 88_120, done(3, 17)),
    newDocument(handbook.id, "Opening hours.md", 4_210, done(26, 112)),
    newDocument(handbook.id, "Tide tables (scan).pdf", 3_812_000, { indexing_status: "error", display_status: "error", error: "The PDF is encrypted: remove its password and upload it again.", created_at: now() - 7200, segment_count: 0, total_segments: 0, born: null }),
    newDocument(handbook.id, "Crane log 2025.xlsx", 1_204_000, { indexing_status: "paused", display_status: "paused", progress: 0.42, completed_segments: 127, created_at: now() - 7000, born: null }),
    newDocument(handbook.id, "Welcome text", 1_300, { ...done(600, 3), display_status: "disabled", enabled: false, file: null }),
    newDocument(minutes.id, "2025-11 minutes.txt", 30_000, done(99, 2)),
  ];
  const app = {
    id: id(), name: "Harbour assistant", description: "Answers visitors' questions about berths, fees and opening hours.", mode: "chat", icon: "⚓",
    icon_type: "emoji", icon_background: "#D5F5F6", enable_site: true, enable_api: true, created_at: now() - 8e5, updated_at: now() - 5000,
    model_config: modelConfig([handbook.id], "Hello! Ask me about berths, fees and opening hours.", ["When is the harbour open?", "What does a night cost for a ten-metre boat?", "What does the red light mean?"]),
  };
  const writer = {
    id: id(), name: "Notice writer", description: "Turns a few facts into a notice for the board.", mode: "completion", icon: null, icon_type: null, icon_background: null,
    enable_site: false, enable_api: true, created_at: now() - 3e5, updated_at: now() - 3e5, model_config: modelConfig([notices.id], "", []),
  };
  return { datasets: [handbook, minutes, notices], documents, apps: [app, writer] };
}

export function modelConfig(datasets, opening = "", questions = []) {
  return {
    model: null, pre_prompt: "", user_input_form: [],
    dataset_configs: { datasets: { datasets: datasets.map((one) => ({ dataset: { enabled: true, id: one } })) }, top_k: 4, score_threshold_enabled: false, score_threshold: null, retrieval_model: "multiple", reranking_enable: false },
    opening_statement: opening, suggested_questions: questions, suggested_questions_after_answer: { enabled: false }, retriever_resource: { enabled: true },
  };
}

export const PROVIDERS = [
  { provider: "extractive", label: "Built-in quoting", configured: true, source: null, base_url: null, api_key_masked: null, models: [{ model: "extractive", model_type: "llm" }], description: "Quotes the best passages with citations; used while no model is configured." },
  { provider: "local", label: "Built-in embeddings", configured: true, source: null, base_url: null, api_key_masked: null, models: [{ model: "wordllama-256", model_type: "text-embedding" }], description: "A small embedding model that runs in this process." },
  { provider: "openai", label: "OpenAI", configured: true, source: "environment", base_url: "https://api.openai.com/v1", api_key_masked: "sk-…f3Qa", models: [{ model: "gpt-large", model_type: "llm" }, { model: "gpt-small", model_type: "llm" }], description: "Chat and embedding models by OpenAI." },
  { provider: "ollama", label: "Ollama", configured: false, source: null, base_url: "http://127.0.0.1:11434/v1", api_key_masked: null, models: [], description: "Models on your own machine, served by Ollama." },
  { provider: "openai_api_compatible", label: "OpenAI-compatible", configured: false, source: null, base_url: null, api_key_masked: null, models: [], description: "Any server that speaks the OpenAI protocol: vLLM, llama.cpp, LM Studio, LocalAI." },
  { provider: "groq", label: "Groq", configured: false, source: null, base_url: "https://api.groq.com/openai/v1", api_key_masked: "", models: [], description: "Speaks the OpenAI interface." },
  { provider: "mistralai", label: "Mistral AI", configured: false, source: null, base_url: "https://api.mistral.ai/v1", api_key_masked: "", models: [], description: "Speaks the OpenAI interface." },
];

export const ANSWER = `The harbour is open **every day from six in the morning until ten at night** [1]. Between October and March the outer basin closes earlier, at eight [1].

| Boat length | Fee per night |
|---|---|
| up to 8 m | 14 € |
| up to 12 m | 22 € |

Before you enter:

1. Radio the harbour office on channel \`12\` [2]
2. Moor at the northern pontoon; the first two hours are free [2][3]

> While the red light on the pier head is lit, no boat may leave.`;
