import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Router } from "wouter";
import { Gate } from "@/app/gate";
import { BASE } from "@/shared/api/base";
import { ApiError } from "@/shared/api/errors";
import { keys } from "@/shared/api/keys";
import { ToastProvider } from "@/shared/ui/toast";

/** One cache for the whole console. A 401 anywhere means: signed out, so the gate shows the log-in page. */
function newClient(): QueryClient {
  const onError = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401 && client.getQueryData(keys.session)) {
      client.setQueryData(keys.session, null);
    }
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
        retryDelay: (attempt) => 400 * 2 ** attempt,
      },
    },
  });
  return client;
}

export function App() {
  const [client] = useState(newClient);
  return (
    <QueryClientProvider client={client}>
      <ToastProvider>
        <Router base={BASE}>
          <Gate />
        </Router>
      </ToastProvider>
    </QueryClientProvider>
  );
}
