"""Puts segments into the index: embeds them where the dataset asks for it, and stores the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeport.backends.llm.guards import GuardedEmbedder
from homeport.backends.vectors.errors import NotFound as UnknownCollection
from homeport.backends.vectors.port import Point
from homeport.features.knowledge.embed_once import embed_once
from homeport.features.knowledge.room import KnowledgeRoom
from homeport.features.knowledge.tables import Dataset, IndexingTechnique
from homeport.features.providers.choose import choose_embedder
from homeport.features.providers.known_workspaces import ModelRef


@dataclass(frozen=True, slots=True)
class IndexTarget:
    """Where the points of a dataset lie, and which model makes them."""

    workspace_id: str
    dataset_id: str
    collection: str
    indexing_technique: str | None
    embedding_model: str | None
    embedding_model_provider: str | None
    #: None until the first vector is stored.
    dimension: int | None

    @property
    def by_meaning(self) -> bool:
        """Whether segments are embedded; else they are found by words only."""
        return self.indexing_technique == IndexingTechnique.HIGH_QUALITY


def target_of(dataset: Dataset) -> IndexTarget:
    """Where the points of a dataset lie."""
    return IndexTarget(
        workspace_id=dataset.workspace_id,
        dataset_id=dataset.id,
        collection=dataset.collection,
        indexing_technique=dataset.indexing_technique,
        embedding_model=dataset.embedding_model,
        embedding_model_provider=dataset.embedding_model_provider,
        dimension=dataset.embedding_dimension,
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment as the index sees it."""

    id: str
    document_id: str
    content: str
    keywords: Sequence[str] = ()


async def embedder_of(room: KnowledgeRoom, target: IndexTarget) -> GuardedEmbedder | None:
    """The dataset's embedding model; None for economy."""
    if not target.by_meaning:
        return None
    wanted = (
        ModelRef(target.embedding_model_provider, target.embedding_model)
        if target.embedding_model and target.embedding_model_provider
        else None
    )
    return await choose_embedder(room.providers, target.workspace_id, wanted)


async def put_points(
    room: KnowledgeRoom, target: IndexTarget, embedder: GuardedEmbedder | None, pieces: Sequence[Piece]
) -> int | None:
    """Store the points of `pieces`, replacing those of the same ids; answer the numbers per vector.

    Raises what the model or the vector store raises.
    """
    if not pieces:
        return target.dimension
    contents = [piece.content for piece in pieces]
    vectors = await embed_once(room.database, embedder, contents, target.dimension) if embedder else None
    dimension = len(vectors[0]) if vectors else None
    points = [
        Point(
            id=piece.id,
            dataset_id=target.collection,
            document_id=piece.document_id,
            text=" ".join((piece.content, *piece.keywords)) if piece.keywords else piece.content,
            vector=vectors[at] if vectors else None,
        )
        for at, piece in enumerate(pieces)
    ]
    if dimension is not None and target.dimension is None:
        await room.vectors.create(target.collection, dimension)
    try:
        await room.vectors.add_texts(points)
    except UnknownCollection:
        await room.vectors.create(target.collection, dimension)
        await room.vectors.add_texts(points)
    return dimension
