"""The background work of this slice."""

from __future__ import annotations

from homeport.features.apps.remove_app import REMOVE_APP

TASKS = (REMOVE_APP,)
