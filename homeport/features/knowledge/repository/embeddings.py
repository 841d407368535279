"""Queries on kept vectors: one statement for a batch of them."""

from __future__ import annotations

import importlib
import sys
from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Select, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from homeport.features.knowledge.repository.datasets import changed
from homeport.features.knowledge.tables import Embedding
from homeport.runtime.db.columns import new_id, utc_now

_TABLE = cast("Table", Embedding.__table__)


async def find(session: AsyncSession, keys: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """`(key, vector, used_at)` of those that are kept."""
    query: Select[*tuple[Any, ...]] = select(Embedding.key, Embedding.vector, Embedding.used_at)
    return (await session.execute(query.where(Embedding.key.in_(keys)))).all()


async def keep(session: AsyncSession, provider: str, model: str, vectors: Mapping[str, Sequence[float]]) -> None:
    """Keep vectors by their keys; one that is kept already is replaced."""
    now = utc_now()
    rows = [
        {
            "id": new_id(),
            "key": key,
            "provider": provider,
            "model": model,
            "vector": pack(vectors[key]),
            "created_at": now,
            "used_at": now,
        }
        for key in sorted(vectors)  # in one order, so that two processes cannot lock each other
    ]
    await session.execute(_replacing(session.get_bind().dialect.name), rows)


def _replacing(dialect: str) -> Any:
    added = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert(_TABLE)
    if dialect == "mysql":
        return added.on_duplicate_key_update(vector=added.inserted.vector, used_at=added.inserted.used_at)
    return added.on_conflict_do_update(
        index_elements=["key"], set_={"vector": added.excluded.vector, "used_at": added.excluded.used_at}
    )


async def note_use(session: AsyncSession, keys: Sequence[str]) -> None:
    """These are in use now."""
    await changed(session, update(Embedding).where(Embedding.key.in_(keys)).values(used_at=utc_now()))


async def remove_unused(session: AsyncSession, before: datetime, limit: int) -> int:
    """Remove up to `limit` that were last used before then; answers how many."""
    ids = (await session.execute(select(Embedding.id).where(Embedding.used_at < before).limit(limit))).scalars().all()
    return await changed(session, delete(Embedding).where(Embedding.id.in_(ids))) if ids else 0


def pack(vector: Sequence[float]) -> bytes:
    """As 32-bit floats, the lowest byte first."""
    packed = array("f", vector)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(kept: bytes) -> array[float]:
    """The numbers of a packed vector."""
    vector = array("f", kept)
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
