import { useState } from "react";
import { DefaultModelsCard } from "@/features/providers/default-models";
import { ProviderDialog } from "@/features/providers/provider-dialog";
import { useProviders, useRemoveProvider } from "@/features/providers/queries";
import type { Provider } from "@/shared/api/types";
import { plural } from "@/shared/format/numbers";
import { Chip } from "@/shared/ui/bits";
import { Button, IconButton } from "@/shared/ui/button";
import { Confirm } from "@/shared/ui/dialog";
import { Icon } from "@/shared/ui/icon";
import { Card, PageHead } from "@/shared/ui/page";
import { EmptyState, Loaded, Problem } from "@/shared/ui/states";
import "@/features/providers/providers.css";

export default function ModelsPage() {
  const providers = useProviders();
  const remove = useRemoveProvider();
  const [editing, setEditing] = useState<Provider | null>(null);
  const [removing, setRemoving] = useState<Provider | null>(null);
  return (
    <div className="page" style={{ maxWidth: 860 }}>
      <PageHead title="Models" about="Where answers and embeddings come from. The built-in ones work without any set-up and without the internet." />
      <DefaultModelsCard />
      <Card flush title="Providers" about="Connect a model server by its address and key.">
        <Loaded query={providers}>
          {(data) =>
            data.length === 0 ? (
              <EmptyState icon="model" title="No providers">This server offers none.</EmptyState>
            ) : (
              <List providers={data} onEdit={setEditing} onRemove={setRemoving} />
            )
          }
        </Loaded>
      </Card>
      {editing && <ProviderDialog provider={editing} onClose={() => setEditing(null)} />}
      {removing && (
        <Confirm
          title={`Remove ${removing.label}?`} action="Remove provider" busy={remove.isPending} error={<Problem error={remove.error} />}
          onConfirm={() => remove.mutate(removing.provider, { onSuccess: () => setRemoving(null) })} onClose={() => setRemoving(null)}
        >
          Its address and key are forgotten. Apps that use its models fall back to the workspace default or the built-in answerer.
        </Confirm>
      )}
    </div>
  );
}

/** Needs no set-up: there is nothing to configure or to remove. */
const builtIn = (provider: Provider): boolean => provider.configured && provider.source === null;

/** Shown without unfolding, besides those in use. */
const COMMON = ["openai", "openai_api_compatible", "openai_compatible", "ollama", "lmstudio", "vllm"];

function state(provider: Provider) {
  if (builtIn(provider)) return <Chip kind="accent">Built in</Chip>;
  if (!provider.configured) return <Chip>Not configured</Chip>;
  return <Chip kind="success">{provider.source === "environment" ? "From the environment" : "Configured"}</Chip>;
}

interface ListProps {
  providers: Provider[];
  onEdit: (provider: Provider) => void;
  onRemove: (provider: Provider) => void;
}

function List({ providers, onEdit, onRemove }: ListProps) {
  const first = (provider: Provider) => provider.configured || COMMON.includes(provider.provider);
  const rows = (some: Provider[]) =>
    some.map((provider) => <Row key={provider.provider} provider={provider} onEdit={() => onEdit(provider)} onRemove={() => onRemove(provider)} />);
  const rest = providers.filter((provider) => !first(provider));
  return (
    <>
      <ul aria-label="Providers">{rows(providers.filter(first))}</ul>
      {rest.length > 0 && (
        <details className="fold more">
          <summary>{plural(rest.length, "more provider")}</summary>
          <ul aria-label="More providers">{rows(rest)}</ul>
        </details>
      )}
    </>
  );
}

function Row({ provider, onEdit, onRemove }: { provider: Provider; onEdit: () => void; onRemove: () => void }) {
  return (
    <li className="provider">
      <span className="tile"><Icon name="model" size={19} /></span>
      <div className="grow">
        <div className="row-wrap"><h3>{provider.label}</h3>{state(provider)}</div>
        {provider.description && <p className="muted">{provider.description}</p>}
        {provider.configured && (provider.base_url || provider.models.length > 0) && (
          <p className="faint">
            {provider.base_url && <code>{provider.base_url}</code>}
            {provider.api_key_masked && <> · key <code>{provider.api_key_masked}</code></>}
            {provider.models.length > 0 && <> {provider.base_url && "· "}<span title={provider.models.map(({ model }) => model).join(", ")}>{plural(provider.models.length, "model")}</span></>}
          </p>
        )}
      </div>
      {!builtIn(provider) && (
        <div className="row">
          <Button small aria-label={`${provider.configured ? "Edit" : "Configure"} ${provider.label}`} onClick={onEdit}>{provider.configured ? "Edit" : "Configure"}</Button>
          {provider.source === "workspace" && <IconButton icon="trash" danger label={`Remove ${provider.label}`} onClick={onRemove} />}
        </div>
      )}
    </li>
  );
}
