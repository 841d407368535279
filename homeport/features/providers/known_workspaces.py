"""What a workspace has set up, remembered for a few seconds: every message asks for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from homeport.backends.llm.port import Account

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model of a provider, by the names that apps and requests carry."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class WorkspaceModels:
    """The opened accounts by provider, and the preferred model by type."""

    accounts: dict[str, Account]
    defaults: dict[str, ModelRef]
    models: dict[str, list[dict[str, object]]]


@dataclass(slots=True)
class KnownWorkspaces:
    """Per process. A change made here counts at once; one made by another replica after at most five seconds."""

    _kept: dict[str, tuple[float, WorkspaceModels]] = field(default_factory=dict)
    #: Until when they count, and the models of the environment's account.
    environment: tuple[float, list[dict[str, object]]] | None = None

    def get(self, workspace_id: str) -> WorkspaceModels | None:
        """What is remembered, unless it is too old."""
        found = self._kept.get(workspace_id)
        return found[1] if found and found[0] > time.monotonic() else None

    def keep(self, workspace_id: str, models: WorkspaceModels) -> None:
        """Remember."""
        if len(self._kept) > 10_000:
            self._kept.clear()
        self._kept[workspace_id] = (time.monotonic() + _SECONDS, models)

    def forget(self, workspace_id: str) -> None:
        """Something has changed."""
        self._kept.pop(workspace_id, None)
