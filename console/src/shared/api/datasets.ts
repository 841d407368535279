import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Dataset, Page } from "@/shared/api/types";

export interface ListQuery {
  page?: number;
  limit?: number;
  keyword?: string;
}

export function useDatasets(query: ListQuery = {}) {
  return useQuery({
    queryKey: [...keys.datasets, "list", query],
    queryFn: ({ signal }) => api.get<Page<Dataset>>("/datasets", { limit: 24, ...query }, signal),
    placeholderData: keepPreviousData,
  });
}
