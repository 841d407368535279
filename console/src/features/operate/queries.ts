import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Job, JobChoice, JobState, Overview, QueueLimits } from "@/features/operate/types";
import { asFilter } from "@/features/operate/wording";
import { api } from "@/shared/api/client";
import { ApiError } from "@/shared/api/errors";
import { keys } from "@/shared/api/keys";
import { plural } from "@/shared/format/numbers";
import { useToasts } from "@/shared/ui/toast";

const EVERY_MILLISECONDS = 2000;
const JOBS_PER_PAGE = 25;

const seconds = (): number => Date.now() / 1000;

/** Every two seconds while the tab is seen (a hidden one asks nothing), unless the server has refused. */
function liveOptions(live: boolean) {
  return {
    refetchInterval: ({ state: { error } }: { state: { error: Error | null } }) =>
      live && !(error instanceof ApiError && error.status === 403) ? EVERY_MILLISECONDS : (false as const),
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: live ? ("always" as const) : false,
  };
}

export function useOverview(live: boolean) {
  return useQuery({
    queryKey: [...keys.jobs, "overview"],
    queryFn: ({ signal }) => api.get<Overview>("/operate/queues", {}, signal),
    ...liveOptions(live),
  });
}

export function useJobs(choice: JobChoice, before: string | undefined, live: boolean) {
  return useQuery({
    queryKey: [...keys.jobs, "list", choice, before],
    queryFn: ({ signal }) => {
      const { queue, state, error, within } = choice;
      const since = within ? Math.floor(seconds() - within) : null;
      return api.get<{ data: Job[]; has_more: boolean }>("/operate/jobs", { queue, state, error, since, before, limit: JOBS_PER_PAGE }, signal);
    },
    placeholderData: keepPreviousData,
    ...liveOptions(live),
  });
}

function useRefresh() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: keys.jobs });
}

interface Changed {
  changed: number;
  has_more: boolean;
  last?: string | null;
}

/** The server changes some hundred jobs a call; with `onward` each call goes on after the last job of the one before. */
async function repeat(path: string, body: object, onward = false): Promise<number> {
  let total = 0;
  let after: string | null = null;
  for (;;) {
    const { changed, has_more, last }: Changed = await api.post<Changed>(path, onward ? { ...body, after } : body);
    total += changed;
    if (!has_more) return total;
    after = last ?? null;
  }
}

export function useRetry() {
  const refresh = useRefresh();
  const toasts = useToasts();
  return useMutation({
    mutationFn: (id: string) => api.post<Changed>("/operate/jobs/retry", { ids: [id] }),
    onSuccess: ({ changed }) => {
      toasts.done(changed ? "The job is queued again." : "The job stays as it is: it waits already, runs, or is done.");
      return refresh();
    },
    onError: toasts.failed,
  });
}

/** One job by its id, or all unfinished ones that fit a choice. */
export function useCancel() {
  const refresh = useRefresh();
  const toasts = useToasts();
  return useMutation({
    mutationFn: (which: Job | JobChoice) =>
      repeat("/operate/jobs/cancel", "id" in which ? { ids: [which.id] } : { filter: asFilter(which, unfinished(which.state), seconds()) }),
    onSuccess: (count) => {
      toasts.done(count ? `${plural(count, "job")} cancelled, or asked to stop.` : "Nothing was left to cancel.");
      return refresh();
    },
  });
}

export function useReplay() {
  const refresh = useRefresh();
  const toasts = useToasts();
  return useMutation({
    mutationFn: (choice: JobChoice) => repeat("/operate/jobs/replay", { filter: asFilter(choice, ["failed"], seconds()) }, true),
    onSuccess: (count) => {
      toasts.done(count ? `${plural(count, "job")} queued again.` : "No failed job fits.");
      return refresh();
    },
  });
}

export function usePause() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ queue, pause }: { queue: string; pause: boolean }) => api.post(`/operate/queues/${queue}/${pause ? "pause" : "resume"}`),
    onSuccess: refresh,
  });
}

export function useLimits() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ queue, limits }: { queue: string; limits: QueueLimits }) => api.post(`/operate/queues/${queue}/limits`, limits),
    onSuccess: refresh,
  });
}

const unfinished = (state: JobState | ""): JobState[] => (state === "queued" || state === "running" ? [state] : []);
