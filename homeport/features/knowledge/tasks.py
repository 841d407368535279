"""The background work of this slice."""

from __future__ import annotations

from typing import Any

from homeport.features.knowledge import clean_embeddings, clean_up, ingest, rebuild, switch_off, tell_owners
from homeport.runtime.tasks.task import Task

TASKS: list[Task[Any, Any]] = [
    ingest.TASK,
    rebuild.REBUILD,
    clean_up.RETIRE,
    clean_up.REMOVE_DOCUMENT,
    clean_up.REMOVE_REPLACED,
    clean_up.REMOVE_DATASET,
    clean_embeddings.CLEAN_EMBEDDINGS,
    switch_off.CLEAN_UNUSED,
    switch_off.DROP_COLLECTION,
    tell_owners.MAIL_SWITCHED_OFF,
]
