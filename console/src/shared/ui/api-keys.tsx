import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/shared/api/client";
import { keys } from "@/shared/api/keys";
import type { ApiKey } from "@/shared/api/types";
import { ago, fullTime } from "@/shared/format/time";
import { CopyButton } from "@/shared/ui/bits";
import { Button, IconButton } from "@/shared/ui/button";
import { Confirm, Dialog } from "@/shared/ui/dialog";
import { Card } from "@/shared/ui/page";
import { EmptyState, Loaded, Notice, Problem } from "@/shared/ui/states";
import { useToasts } from "@/shared/ui/toast";

/** The API keys behind one address of the console API: create (shown once), list (masked), revoke. */
export function ApiKeys({ path, about }: { path: string; about: string }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [fresh, setFresh] = useState<ApiKey | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const query = useQuery({
    queryKey: keys.apiKeys(path),
    queryFn: ({ signal }) => api.get<{ data: ApiKey[] }>(path, {}, signal),
  });
  const refresh = () => client.invalidateQueries({ queryKey: keys.apiKeys(path) });
  const create = useMutation({
    mutationFn: () => api.post<ApiKey>(path),
    onSuccess: (key) => {
      setFresh(key);
      return refresh();
    },
    onError: toasts.failed,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => api.delete(`${path}/${id}`),
    onSuccess: () => {
      setRevoking(null);
      toasts.done("The key no longer works.");
      return refresh();
    },
  });

  return (
    <Card
      flush title="API keys" about={about}
      actions={<Button icon="plus" busy={create.isPending} onClick={() => create.mutate()}>Create API key</Button>}
    >
      <Loaded query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <EmptyState icon="key" title="No API keys yet">Create one to call the API from your own programs.</EmptyState>
          ) : (
            <KeyTable data={data} onRevoke={setRevoking} />
          )
        }
      </Loaded>
      {fresh && <FreshKey apiKey={fresh} onClose={() => setFresh(null)} />}
      {revoking && (
        <Confirm
          title="Revoke this key?" action="Revoke key" busy={revoke.isPending} error={<Problem error={revoke.error} />}
          onConfirm={() => revoke.mutate(revoking.id)} onClose={() => setRevoking(null)}
        >
          Programs that use <code>{revoking.token}</code> are refused from now on. This cannot be undone.
        </Confirm>
      )}
    </Card>
  );
}

function KeyTable({ data, onRevoke }: { data: ApiKey[]; onRevoke: (key: ApiKey) => void }) {
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr><th scope="col">Key</th><th scope="col">Created</th><th scope="col">Last used</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr>
        </thead>
        <tbody>
          {data.map((key) => (
            <tr key={key.id}>
              <td><code>{key.token}</code></td>
              <td title={fullTime(key.created_at)}>{ago(key.created_at)}</td>
              <td>{ago(key.last_used_at)}</td>
              <td style={{ textAlign: "right" }}><IconButton icon="trash" danger label={`Revoke key ${key.token}`} onClick={() => onRevoke(key)} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FreshKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  return (
    <Dialog title="Your new API key" onClose={onClose}>
      <div className="dialog-body">
        <Notice kind="warning"><p>Copy it now: it is shown only this once.</p></Notice>
        <div className="row">
          <input className="input" readOnly aria-label="API key" value={apiKey.token} onFocus={(event) => event.target.select()} style={{ fontFamily: "var(--mono)" }} />
          <CopyButton text={apiKey.token} label="Copy API key" />
        </div>
      </div>
      <footer className="dialog-foot"><Button kind="primary" onClick={onClose}>Done</Button></footer>
    </Dialog>
  );
}
