"""The default models answer."""

from __future__ import annotations

from homeport.backends.llm.registry import open_models
from homeport.backends.llm.settings import LlmSettings
from homeport.features.operate.doctor.findings import Finding, ok, problem, skipped


async def check_models(settings: LlmSettings) -> list[Finding]:
    """Embeds one sentence with the default embedding model; asks the provider of the environment for its models."""
    models = await open_models(settings)
    try:
        embedder = await models.open_default_embedder()
        [vector] = await embedder.embed(["Is anybody there?"], "query")
        if not any(vector):
            findings = [problem(f"The embedding model {embedder.model} answers with zeros.")]
        else:
            findings = [ok(f"The embedding model {embedder.model} answered with {len(vector)} numbers.")]
        account = models.environment_account()
        if account is None:
            findings.append(
                skipped("No chat model is set by the environment; workspaces set theirs under Settings → Models.")
            )
        else:
            provider = await models.open_llm(account)
            listed = await provider.list_models()
            findings.append(ok(f"The model provider {account.provider} lists {len(listed)} models."))
    finally:
        await models.close()
    return findings
