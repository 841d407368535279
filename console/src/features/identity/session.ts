import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useLocation } from "wouter";
import { api } from "@/shared/api/client";
import { ApiError } from "@/shared/api/errors";
import { keys } from "@/shared/api/keys";
import type { Profile, Workspace } from "@/shared/api/types";
import { useToasts } from "@/shared/ui/toast";

async function currentProfile(signal?: AbortSignal): Promise<Profile | null> {
  try {
    return await api.get<Profile>("/account/profile", {}, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Who is signed in; null for nobody. */
export function useSession() {
  return useQuery({
    queryKey: keys.session,
    queryFn: ({ signal }) => currentProfile(signal),
    staleTime: Infinity,
  });
}

/** Where the person works, and as what. */
export function useWorkspace() {
  return useQuery({
    queryKey: keys.workspace,
    queryFn: ({ signal }) => api.get<Workspace>("/workspaces/current", {}, signal),
    staleTime: 60_000,
  });
}

export interface Credentials {
  email: string;
  password: string;
  remember_me: boolean;
}

/** Logs in; whatever an earlier session has fetched is forgotten before. */
export function useLogin() {
  const client = useQueryClient();
  useEffect(() => {
    client.removeQueries({ predicate: (query) => !["session", "setup"].includes(String(query.queryKey[0])) });
  }, [client]);
  return useMutation({
    mutationFn: async (credentials: Credentials) => {
      await api.post("/login", credentials);
      return currentProfile();
    },
    onSuccess: (profile) => client.setQueryData(keys.session, profile),
  });
}

/** Signs out. What was fetched is forgotten by the log-in page: the page that is left would only fetch it again. */
export function useLogout() {
  const client = useQueryClient();
  const toasts = useToasts();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: () => api.post("/logout"),
    onSuccess: () => {
      client.setQueryData(keys.session, null);
      navigate("/login");
    },
    onError: toasts.failed,
  });
}
