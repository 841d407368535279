import { useInfiniteQuery, useMutation, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import type { Live } from "@/features/chat/live";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { Conversation, Message, Rating, Slice } from "@/shared/api/types";
import { useToasts } from "@/shared/ui/toast";

type MessagePages = InfiniteData<Slice<Message>, string>;

export function useConversations(app: string) {
  return useInfiniteQuery({
    queryKey: keys.conversations(app),
    queryFn: ({ pageParam, signal }) =>
      api.get<Slice<Conversation>>(`/apps/${app}/conversations`, { last_id: pageParam, limit: 30 }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => (page.has_more ? page.data.at(-1)?.id : undefined),
  });
}

/** The messages of a conversation, oldest first; further pages lie before the first one. */
export function useMessages(app: string, conversation: string | null, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: keys.messages(app, conversation ?? ""),
    queryFn: ({ pageParam, signal }) =>
      api.get<Slice<Message>>(`/apps/${app}/messages`, { conversation_id: conversation, first_id: pageParam, limit: 20 }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => (page.has_more ? page.data[0]?.id : undefined),
    enabled: enabled && conversation !== null,
    retry: false,
  });
}

export const inOrder = (pages: { pages: Slice<Message>[] } | undefined): Message[] => [...(pages?.pages ?? [])].reverse().flatMap((page) => page.data);

/** Puts a finished answer behind the messages already known, so that nothing is asked again. */
export function withAnswer(pages: MessagePages | undefined, live: Live): MessagePages {
  const message: Message = {
    id: live.messageId ?? "", conversation_id: live.conversationId ?? "", query: live.query, answer: live.answer, feedback: null,
    retriever_resources: live.resources, status: "normal", error: null, created_at: Math.floor(Date.now() / 1000),
  };
  const [newest, ...older] = pages?.pages ?? [{ data: [], has_more: false, limit: 20 }];
  const kept = newest?.data.filter(({ id }) => id !== message.id) ?? [];
  return {
    pages: [{ has_more: newest?.has_more ?? false, limit: newest?.limit ?? 20, data: [...kept, message] }, ...older],
    pageParams: pages?.pageParams ?? [""],
  };
}

export function useRateMessage(app: string, conversation: string) {
  const client = useQueryClient();
  const toasts = useToasts();
  const key = keys.messages(app, conversation);
  const put = (id: string, rating: Rating | null) =>
    client.setQueryData<MessagePages>(key, (pages) => pages && {
      ...pages,
      pages: pages.pages.map((page) => ({
        ...page,
        data: page.data.map((message) => (message.id === id ? { ...message, feedback: rating ? { rating } : null } : message)),
      })),
    });
  return useMutation({
    mutationFn: ({ id, rating }: { id: string; rating: Rating | null; before: Rating | null }) =>
      api.post(`/apps/${app}/messages/${id}/feedbacks`, { rating }),
    onMutate: ({ id, rating }) => put(id, rating),
    onError: (error, { id, before }) => {
      put(id, before);
      toasts.failed(error);
    },
  });
}

export function useRenameConversation(app: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) => api.post<Conversation>(`/apps/${app}/conversations/${id}/name`, { name }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conversations(app) }),
  });
}

export function useDeleteConversation(app: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`/apps/${app}/conversations/${id}`),
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: keys.messages(app, id) });
      return client.invalidateQueries({ queryKey: keys.conversations(app) });
    },
  });
}
