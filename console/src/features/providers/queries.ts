import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { DefaultModels, Provider, ProviderModel } from "@/shared/api/types";

export interface ProviderForm {
  base_url: string;
  api_key?: string;
  models?: Pick<ProviderModel, "model" | "model_type">[];
}

/** The provider's name may contain slashes: they stay path separators, the rest is escaped. */
const path = (provider: string): string => `/model-providers/${provider.split("/").map(encodeURIComponent).join("/")}`;

export function useProviders() {
  return useQuery({
    queryKey: keys.providers,
    queryFn: ({ signal }) => api.get<{ data: Provider[] }>("/model-providers", {}, signal),
    select: (answer) => answer.data,
  });
}

function useForgetModels() {
  const client = useQueryClient();
  return () =>
    Promise.all([keys.providers, keys.models, keys.defaultModels].map((queryKey) => client.invalidateQueries({ queryKey })));
}

export function useSaveProvider() {
  const forget = useForgetModels();
  return useMutation({
    mutationFn: ({ provider, form }: { provider: string; form: ProviderForm }) => api.put<Provider>(path(provider), form),
    onSuccess: forget,
  });
}

export function useRemoveProvider() {
  const forget = useForgetModels();
  return useMutation({ mutationFn: (provider: string) => api.delete(path(provider)), onSuccess: forget });
}

export function useSaveDefaults() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (models: DefaultModels) => api.put<DefaultModels>("/default-models", models),
    onSuccess: (saved) => client.setQueryData(keys.defaultModels, saved),
  });
}
