import type { IndexingTechnique, RetrievalModel, SearchMethod } from "@/shared/api/types";
import { Check, SelectField, TextField } from "@/shared/ui/field";

const METHODS: { value: SearchMethod; name: string; about: string; semantic: boolean }[] = [
  { value: "semantic_search", name: "Semantic", about: "Finds passages by meaning.", semantic: true },
  { value: "full_text_search", name: "Full text", about: "Finds passages by their words.", semantic: false },
  { value: "hybrid_search", name: "Hybrid", about: "Joins both and ranks them together.", semantic: true },
  { value: "keyword_search", name: "Keyword", about: "Finds passages by extracted keywords.", semantic: false },
];

interface Props {
  value: RetrievalModel;
  technique: IndexingTechnique;
  onChange: (value: RetrievalModel) => void;
}

/** How passages are searched: method, how many, how good at least. Economy knowledge bases have no semantic search. */
export function RetrievalFields({ value, technique, onChange }: Props) {
  const set = (part: Partial<RetrievalModel>) => onChange({ ...value, ...part });
  const methods = METHODS.filter(({ semantic }) => technique === "high_quality" || !semantic);
  const about = METHODS.find((method) => method.value === value.search_method)?.about;
  return (
    <>
      <SelectField label="Method" hint={about} value={value.search_method} onChange={(method) => set({ search_method: method as SearchMethod })}>
        {methods.map((method) => <option key={method.value} value={method.value}>{method.name}</option>)}
      </SelectField>
      <TextField
        label="Top K" type="number" min={1} max={100} required hint="Passages at most" value={String(value.top_k || "")}
        onChange={(text) => set({ top_k: Number(text) })}
      />
      <div className="stack-s">
        <Check label="Score threshold" checked={value.score_threshold_enabled} onChange={(on) => set({ score_threshold_enabled: on, score_threshold: value.score_threshold ?? 0.5 })} />
        {value.score_threshold_enabled && (
          <TextField
            label="Least score" type="number" min={0} max={1} step={0.01} required value={String(value.score_threshold ?? 0.5)}
            onChange={(text) => set({ score_threshold: Number(text) })}
          />
        )}
      </div>
    </>
  );
}

/** What the dataset says, made fit for its technique. */
export function retrievalOf(dataset: { retrieval_model: RetrievalModel | null; indexing_technique: IndexingTechnique }): RetrievalModel {
  const economy = dataset.indexing_technique === "economy";
  const base = dataset.retrieval_model ?? {
    search_method: "semantic_search", top_k: 4, score_threshold_enabled: false, score_threshold: null, reranking_enable: false,
  };
  const semantic = base.search_method === "semantic_search" || base.search_method === "hybrid_search";
  return economy && semantic ? { ...base, search_method: "keyword_search" } : base;
}
