"""Which models the account given by the environment offers: asked when somebody looks, remembered for a while."""

from __future__ import annotations

import asyncio
import time

import structlog

from homeport.backends.llm.errors import LlmError
from homeport.backends.llm.port import Account
from homeport.features.providers.room import ProvidersRoom
from homeport.features.providers.schemas import ModelEntry

log = structlog.get_logger(__name__)

#: Seconds a page waits for the provider, and how long its answer, or its silence, is remembered.
_WAIT, _REMEMBERED, _SILENT = 3.0, 300.0, 30.0


async def list_environment(room: ProvidersRoom, account: Account) -> list[ModelEntry]:
    """The models of `account`; none when it does not answer soon."""
    known = room.known.environment
    if known is not None and known[0] > time.monotonic():
        return [ModelEntry.model_validate(one) for one in known[1]]
    try:
        async with asyncio.timeout(_WAIT):
            found = await (await room.models.open_llm(account)).list_models()
    except (LlmError, TimeoutError) as error:
        log.warning("models not listed", provider=account.provider, error=str(error) or "no answer in time")
        found = []
    listed: list[dict[str, object]] = [
        {"model": one.name, "model_type": one.type, "context_size": one.context_size} for one in found
    ]
    room.known.environment = (time.monotonic() + (_REMEMBERED if found else _SILENT), listed)
    return [ModelEntry.model_validate(one) for one in listed]
