"""The background work of this slice."""

from __future__ import annotations

from homeport.features.files.remove_unkept import REMOVE_UNKEPT

TASKS = (REMOVE_UNKEPT,)
