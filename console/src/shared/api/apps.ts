import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { App } from "@/shared/api/types";

export function useApp(id: string) {
  return useQuery({
    queryKey: keys.app(id),
    queryFn: ({ signal }) => api.get<App>(`/apps/${id}`, {}, signal),
  });
}
