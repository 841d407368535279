/** Shapes of the console API, as the server sends them. Times are unix seconds, ids are uuid text. */

export interface Page<T> {
  data: T[];
  page: number;
  limit: number;
  total: number;
  has_more: boolean;
}

export interface Problem {
  code: string;
  message: string;
  status: number;
  hint?: string | null;
}

export interface Setup {
  step: "not_started" | "finished";
  setup_at: number | null;
}

export interface SystemInfo {
  version: string;
  setup_step: Setup["step"];
}

export interface Profile {
  id: string;
  name: string;
  email: string;
  interface_language: string | null;
  timezone: string | null;
  created_at: number;
}

export interface Workspace {
  id: string;
  name: string;
  role: string;
  operates: boolean;
  created_at: number;
}

export type IndexingTechnique = "high_quality" | "economy";
export type SearchMethod = "semantic_search" | "full_text_search" | "hybrid_search" | "keyword_search";

export interface RetrievalModel {
  search_method: SearchMethod;
  top_k: number;
  score_threshold_enabled: boolean;
  score_threshold: number | null;
  reranking_enable: boolean;
  weights?: unknown;
}

export interface ProcessRule {
  mode: "automatic" | "custom";
  rules?: {
    pre_processing_rules: { id: "remove_extra_spaces" | "remove_urls_emails"; enabled: boolean }[];
    segmentation: { separator: string; max_tokens: number; chunk_overlap: number };
  };
}

export interface Dataset {
  id: string;
  name: string;
  description: string | null;
  indexing_technique: IndexingTechnique;
  embedding_model: string | null;
  embedding_model_provider: string | null;
  document_count: number;
  word_count: number;
  app_count: number;
  retrieval_model: RetrievalModel;
  created_at: number;
  updated_at: number;
  total_documents: number;
  total_available_documents: number;
}

export type IndexingStatus =
  | "waiting" | "parsing" | "cleaning" | "splitting" | "indexing" | "paused" | "error" | "completed";
export type DisplayStatus = "queuing" | "indexing" | "paused" | "error" | "available" | "disabled" | "archived";

export interface SourceFile {
  id: string;
  name: string;
  size: number;
  extension: string;
  mime_type: string;
}

export interface Document {
  id: string;
  name: string;
  position: number;
  indexing_status: IndexingStatus;
  display_status: DisplayStatus;
  error: string | null;
  enabled: boolean;
  archived: boolean;
  word_count: number | null;
  tokens: number | null;
  hit_count: number;
  segment_count: number;
  completed_segments: number;
  total_segments: number;
  progress: number;
  data_source_type: string;
  file: SourceFile | null;
  created_at: number;
  updated_at: number;
  completed_at: number | null;
}

export interface Rejected {
  name: string;
  code: string;
  message: string;
}

export interface UploadAnswer {
  documents: Document[];
  batch?: string;
  rejected: Rejected[];
}

export interface Segment {
  id: string;
  document_id: string;
  position: number;
  content: string;
  word_count: number;
  tokens: number;
  keywords: string[] | null;
  hit_count: number;
  enabled: boolean;
  status: string;
  created_at: number;
  updated_at: number;
  error: string | null;
  document?: { id: string; name: string };
}

export type Span = [start: number, end: number];

export interface RetrieveRecord {
  segment: Segment;
  document: { id: string; name: string };
  score: number;
  highlights: Span[];
}

export interface RetrieveAnswer {
  query: { content: string };
  records: RetrieveRecord[];
  took_ms: number;
}

export interface ApiKey {
  id: string;
  type: string;
  token: string;
  created_at: number;
  last_used_at: number | null;
}

export type AppMode = "chat" | "completion";

/** One item of a form is an object with a single key, its kind: {"text-input": {label, variable, ...}}. */
export type FormItem = Record<string, FormField>;

export interface FormField {
  label: string;
  variable: string;
  required?: boolean;
  max_length?: number;
  options?: string[];
  default?: string | number | null;
}

export interface ChosenModel {
  provider: string;
  name: string;
  mode?: string;
  completion_params?: Record<string, unknown>;
}

export interface DatasetConfigs {
  datasets: { datasets: { dataset: { enabled: boolean; id: string } }[] };
  top_k: number;
  score_threshold_enabled: boolean;
  score_threshold: number | null;
  retrieval_model: string;
  reranking_enable: boolean;
}

export interface ModelConfig {
  model: ChosenModel | null;
  pre_prompt: string | null;
  user_input_form: FormItem[];
  dataset_configs: DatasetConfigs;
  opening_statement: string | null;
  suggested_questions: string[] | null;
  suggested_questions_after_answer: { enabled: boolean } | null;
  retriever_resource: { enabled: boolean } | null;
  [other: string]: unknown;
}

export interface App {
  id: string;
  name: string;
  description: string | null;
  mode: AppMode;
  icon: string | null;
  icon_type: string | null;
  icon_background: string | null;
  enable_site: boolean;
  enable_api: boolean;
  created_at: number;
  updated_at: number;
  model_config?: ModelConfig;
}

export interface Conversation {
  id: string;
  name: string;
  status: string;
  introduction: string | null;
  created_at: number;
  updated_at: number;
}

export interface Slice<T> {
  data: T[];
  has_more: boolean;
  limit: number;
}

export type Rating = "like" | "dislike";

export interface Resource {
  position: number;
  dataset_id: string;
  dataset_name: string;
  document_id: string;
  document_name: string;
  data_source_type?: string;
  segment_id: string;
  score: number | null;
  hit_count?: number | null;
  word_count?: number | null;
  segment_position?: number | null;
  content: string;
}

export interface Message {
  id: string;
  conversation_id: string;
  query: string;
  answer: string;
  feedback: { rating: Rating | null } | null;
  retriever_resources: Resource[] | null;
  status: string;
  error: string | null;
  created_at: number;
}

export type ModelType = "llm" | "text-embedding";

export interface ProviderModel {
  model: string;
  model_type: string;
  context_size?: number | null;
}

export interface Provider {
  provider: string;
  label: string;
  configured: boolean;
  source: "environment" | "workspace" | null;
  base_url: string | null;
  api_key_masked: string | null;
  models: ProviderModel[];
  description: string | null;
}

export interface ModelChoice extends ModelRef {
  model_type: string;
  label: string;
}

export interface ModelRef {
  provider: string;
  model: string;
}

export type DefaultModels = Record<ModelType, ModelRef | null>;
