"""The model of an app: the one its configuration names, else the workspace's default."""

from __future__ import annotations

from homeport.features.apps.published import Published
from homeport.features.chat.room import ChatRoom
from homeport.features.providers.choose import ChosenModel, choose_llm
from homeport.features.providers.known_workspaces import ModelRef


async def choose_model(room: ChatRoom, app: Published) -> ChosenModel:
    """Raises the errors of `backends.llm` for a provider that is not set up."""
    wanted = app.configuration.model
    ref = ModelRef(wanted.provider, wanted.name) if wanted and wanted.provider and wanted.name else None
    return await choose_llm(room.providers, app.workspace_id, ref)
