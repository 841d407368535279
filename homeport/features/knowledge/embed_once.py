"""Has a remote model embed a text once: what it answered is kept, and found again when the same text comes.

So an update of a document, a rebuild or a second copy of a page pays only for what is new. Built-in models are asked
every time: they are quicker than a look-up. A vector is kept under the address of the model, its name and the text, so
nobody finds what a server of somebody else has answered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from homeport.backends.llm.guards import GuardedEmbedder
from homeport.features.knowledge.repository import embeddings
from homeport.runtime.db.columns import utc_now
from homeport.runtime.db.database import Database

Vector = Sequence[float]

#: That a vector was used is noted once in so long.
_FRESH = timedelta(days=1)


async def embed_once(
    database: Database, embedder: GuardedEmbedder, texts: Sequence[str], dimension: int | None
) -> Sequence[Vector]:
    """One vector per text, in their order; `dimension`: numbers per vector, None where nobody knows yet.

    Raises what the model raises.
    """
    if not embedder.address:
        return await embedder.embed(texts, "document")
    keys = [_key(embedder, text) for text in texts]
    by_key = dict(zip(keys, texts, strict=True))
    found = await _find(database, list(by_key), dimension)
    asked = [key for key in by_key if key not in found]
    made = await _embed(embedder, by_key, asked)
    if len({len(vector) for vector in (*found.values(), *made.values())}) > 1:
        # The model of this name has become another one since: what is kept is of no use beside its answers.
        asked, found = list(by_key), {}
        made = await _embed(embedder, by_key, asked)
    if made:
        async with database.begin() as session:
            await embeddings.keep(session, embedder.provider, embedder.model, made)
    return [made.get(key) or found[key] for key in keys]


async def _find(database: Database, keys: Sequence[str], dimension: int | None) -> dict[str, Vector]:
    async with database.read() as session:
        rows = await embeddings.find(session, keys)
    found = {row.key: embeddings.unpack(row.vector) for row in rows}
    usable: dict[str, Vector] = {
        key: vector for key, vector in found.items() if dimension is None or len(vector) == dimension
    }
    stale = [row.key for row in rows if row.key in usable and row.used_at < utc_now() - _FRESH]
    if stale:
        async with database.begin() as session:
            await embeddings.note_use(session, stale)
    return usable


async def _embed(embedder: GuardedEmbedder, by_key: Mapping[str, str], keys: Sequence[str]) -> dict[str, Vector]:
    vectors = await embedder.embed([by_key[key] for key in keys], "document")
    return dict(zip(keys, vectors, strict=True))


def _key(embedder: GuardedEmbedder, text: str) -> str:
    told_apart = f"{embedder.provider}\0{embedder.address}\0{embedder.model}\0{text}"
    return hashlib.sha256(told_apart.encode("utf-8", "surrogatepass")).hexdigest()
