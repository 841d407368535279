"""A model server and the whole application that asks it."""

from __future__ import annotations

from tests.support.chat_fixtures import chat, everywhere, lasting_database_url, model_site, models

__all__ = ["chat", "everywhere", "lasting_database_url", "model_site", "models"]
