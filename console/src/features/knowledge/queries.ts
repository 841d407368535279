import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { isMoving, pollInterval } from "@/features/knowledge/progress";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Dataset, Document, Page, RetrievalModel, RetrieveAnswer, Segment } from "@/shared/api/types";
import { useToasts } from "@/shared/ui/toast";

export const DOCUMENTS_PER_PAGE = 20;
export const SEGMENTS_PER_PAGE = 20;

export interface ListQuery {
  page: number;
  keyword: string;
  status?: string;
}

export function useDataset(id: string) {
  return useQuery({
    queryKey: keys.dataset(id),
    queryFn: ({ signal }) => api.get<Dataset>(`/datasets/${id}`, {}, signal),
  });
}

export function useSaveDataset(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<Dataset>) => api.patch<Dataset>(`/datasets/${id}`, change),
    onSuccess: (saved) => {
      client.setQueryData(keys.dataset(id), saved);
      return client.invalidateQueries({ queryKey: [...keys.datasets, "list"] });
    },
  });
}

/** The documents of a dataset; asked again each second while one of them is unfinished. */
export function useDocuments(dataset: string, query: ListQuery) {
  return useQuery({
    queryKey: [...keys.documents(dataset), query],
    queryFn: ({ signal }) =>
      api.get<Page<Document>>(`/datasets/${dataset}/documents`, { ...query, limit: DOCUMENTS_PER_PAGE }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (state) => pollInterval(state.state.data?.data),
  });
}

export function useDocument(dataset: string, document: string) {
  return useQuery({
    queryKey: keys.document(dataset, document),
    queryFn: ({ signal }) => api.get<Document>(`/datasets/${dataset}/documents/${document}`, {}, signal),
    refetchInterval: (state) => (state.state.data && isMoving(state.state.data) ? 1000 : false),
  });
}

/** Forgets what is known about the documents of a dataset, so that lists and counts are asked again. */
export function useRefreshDocuments(dataset: string) {
  const client = useQueryClient();
  return useCallback(
    () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.documents(dataset) }),
        client.invalidateQueries({ queryKey: [...keys.datasets, "document", dataset] }),
        client.invalidateQueries({ queryKey: keys.dataset(dataset) }),
        client.invalidateQueries({ queryKey: [...keys.datasets, "list"] }),
      ]),
    [client, dataset],
  );
}

export type DocumentAction = "pause" | "resume" | "retry" | "enable" | "disable";

export function useDocumentAction(dataset: string) {
  const refresh = useRefreshDocuments(dataset);
  const toasts = useToasts();
  return useMutation({
    mutationFn: ({ id, action }: { id: string; action: DocumentAction }) =>
      api.post<Document>(`/datasets/${dataset}/documents/${id}/${action}`),
    onSuccess: refresh,
    onError: toasts.failed,
  });
}

export function useDeleteDocument(dataset: string) {
  const refresh = useRefreshDocuments(dataset);
  return useMutation({
    mutationFn: (id: string) => api.delete(`/datasets/${dataset}/documents/${id}`),
    onSuccess: refresh,
  });
}

export function useSegments(dataset: string, document: string, query: ListQuery, enabled: boolean) {
  return useQuery({
    queryKey: [...keys.segments(dataset, document), query],
    queryFn: ({ signal }) =>
      api.get<Page<Segment>>(
        `/datasets/${dataset}/documents/${document}/segments`, { ...query, limit: SEGMENTS_PER_PAGE }, signal,
      ),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useSegment(dataset: string, segment: string | null) {
  return useQuery({
    queryKey: keys.segment(dataset, segment ?? ""),
    queryFn: ({ signal }) => api.get<Segment>(`/datasets/${dataset}/segments/${segment}`, {}, signal),
    enabled: segment !== null,
  });
}

export interface SegmentChange {
  content?: string;
  enabled?: boolean;
  keywords?: string[];
}

/** Changes, adds (no id) or deletes (no change) a segment. */
export function useSegmentChange(dataset: string, document: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id?: string; change?: SegmentChange }) => {
      if (!id) return api.post<Segment>(`/datasets/${dataset}/documents/${document}/segments`, change);
      return change
        ? api.patch<Segment>(`/datasets/${dataset}/segments/${id}`, change)
        : api.delete(`/datasets/${dataset}/segments/${id}`);
    },
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.segments(dataset, document) }),
        client.invalidateQueries({ queryKey: [...keys.datasets, "segment", dataset] }),
        client.invalidateQueries({ queryKey: keys.document(dataset, document) }),
      ]),
  });
}

export function useRetrieve(dataset: string) {
  return useMutation({
    mutationFn: (body: { query: string; retrieval_model: RetrievalModel }) =>
      api.post<RetrieveAnswer>(`/datasets/${dataset}/retrieve`, body),
  });
}
