import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { ConversationList } from "@/features/chat/conversation-list";
import { isRunning, type Live } from "@/features/chat/live";
import { useMessages, withAnswer } from "@/features/chat/queries";
import { SourcePanel } from "@/features/chat/source-panel";
import { Thread } from "@/features/chat/thread";
import { useAnswer } from "@/features/chat/use-answer";
import { keys } from "@/shared/api/keys";
import type { App, Resource } from "@/shared/api/types";
import "@/features/chat/source-panel.css";
import "@/features/chat/chat.css";

/** Conversations on the left, the open one in the middle, the passage behind a citation on the right. */
export default function ChatTab({ app }: { app: App }) {
  const client = useQueryClient();
  const [params] = useSearchParams();
  const [, navigate] = useLocation();
  const current = params.get("conversation");
  const { live, ask, stop, clear } = useAnswer();
  const [fresh, setFresh] = useState(false);
  const [source, setSource] = useState<Resource | null>(null);
  const here = useRef(current);
  useEffect(() => {
    here.current = current;
  }, [current]);

  const mine = live && live.conversationId === current ? live : null;
  const messages = useMessages(app.id, current, !(fresh && mine));
  const open = (id: string | null, replace = false) =>
    navigate(`/apps/${app.id}/chat${id ? `?conversation=${id}` : ""}`, { replace });

  function end(done: Live) {
    const conversation = done.conversationId;
    void client.invalidateQueries({ queryKey: keys.conversations(app.id) });
    if (!conversation || done.state === "error") return;
    client.setQueryData(keys.messages(app.id, conversation), (pages: Parameters<typeof withAnswer>[0]) => withAnswer(pages, done));
    clear();
    setFresh(false);
  }

  function send(query: string, inputs: Record<string, string>) {
    setSource(null);
    setFresh(current === null);
    if (live?.state === "error" && current) void client.invalidateQueries({ queryKey: keys.messages(app.id, current) });
    void ask({
      path: `/apps/${app.id}/chat-messages`,
      body: { query, inputs, ...(current ? { conversation_id: current } : {}) },
      query, conversationId: current, onEnd: end,
      onConversation: (id) => {
        if (here.current === null) open(id, true);
        void client.invalidateQueries({ queryKey: keys.conversations(app.id) });
      },
    });
  }

  return (
    <div className={source ? "chat with-source" : "chat"}>
      <ConversationList
        app={app.id} current={current}
        onOpen={(id) => {
          setSource(null);
          if (!isRunning(live)) clear();
          open(id);
        }}
      />
      <Thread
        key={fresh ? "fresh" : (current ?? "new")} app={app} conversation={current} live={mine} messages={messages}
        onSend={send} onStop={() => stop((task) => `/apps/${app.id}/chat-messages/${task}/stop`)} onSource={setSource}
      />
      {source && <SourcePanel resource={source} onClose={() => setSource(null)} />}
    </div>
  );
}
