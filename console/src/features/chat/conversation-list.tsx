import { useState } from "react";
import { useConversations, useDeleteConversation, useRenameConversation } from "@/features/chat/queries";
import type { Conversation } from "@/shared/api/types";
import { fullTime } from "@/shared/format/time";
import { Button, IconButton } from "@/shared/ui/button";
import { Confirm, FormDialog } from "@/shared/ui/dialog";
import { TextField } from "@/shared/ui/field";
import { ErrorState, Loading, Problem, SkeletonRows } from "@/shared/ui/states";

interface Props {
  app: string;
  current: string | null;
  onOpen: (id: string | null) => void;
}

export function ConversationList({ app, current, onOpen }: Props) {
  const query = useConversations(app);
  const [renaming, setRenaming] = useState<Conversation | null>(null);
  const [deleting, setDeleting] = useState<Conversation | null>(null);
  const conversations = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <nav className="conversations" aria-label="Conversations">
      <Button icon="plus" onClick={() => onOpen(null)}>New conversation</Button>
      {query.isPending && <Loading><SkeletonRows rows={4} /></Loading>}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && conversations.length === 0 && <p className="faint empty">Your conversations appear here.</p>}
      <ul>
        {conversations.map((conversation) => (
          <li key={conversation.id} className={conversation.id === current ? "on" : undefined}>
            <button
              type="button" className="open truncate" aria-current={conversation.id === current || undefined}
              title={`${conversation.name} · ${fullTime(conversation.updated_at)}`} onClick={() => onOpen(conversation.id)}
            >
              {conversation.name || "New conversation"}
            </button>
            <span className="tools">
              <IconButton icon="pencil" label={`Rename ${conversation.name}`} onClick={() => setRenaming(conversation)} />
              <IconButton icon="trash" danger label={`Delete ${conversation.name}`} onClick={() => setDeleting(conversation)} />
            </span>
          </li>
        ))}
      </ul>
      {query.hasNextPage && <Button small kind="ghost" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Older conversations</Button>}
      {renaming && <Rename app={app} conversation={renaming} onClose={() => setRenaming(null)} />}
      {deleting && (
        <Delete
          app={app} conversation={deleting} onClose={() => setDeleting(null)}
          onDone={() => {
            if (deleting.id === current) onOpen(null);
            setDeleting(null);
          }}
        />
      )}
    </nav>
  );
}

function Rename({ app, conversation, onClose }: { app: string; conversation: Conversation; onClose: () => void }) {
  const [name, setName] = useState(conversation.name);
  const rename = useRenameConversation(app);
  return (
    <FormDialog
      title="Rename conversation" action="Rename" busy={rename.isPending} disabled={!name.trim()} onClose={onClose}
      onSubmit={() => rename.mutate({ id: conversation.id, name: name.trim() }, { onSuccess: onClose })}
    >
      <TextField label="Name" required maxLength={100} value={name} onChange={setName} />
      <Problem error={rename.error} />
    </FormDialog>
  );
}

function Delete({ app, conversation, onDone, onClose }: { app: string; conversation: Conversation; onDone: () => void; onClose: () => void }) {
  const remove = useDeleteConversation(app);
  return (
    <Confirm
      title="Delete this conversation?" action="Delete conversation" busy={remove.isPending} error={<Problem error={remove.error} />}
      onConfirm={() => remove.mutate(conversation.id, { onSuccess: onDone })} onClose={onClose}
    >
      “{conversation.name}” and all its messages are removed.
    </Confirm>
  );
}
