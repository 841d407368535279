"""A citation, as the public API lists it."""

from __future__ import annotations

from homeport.features.knowledge.retrieve import Retrieved


def cite(number: int, passage: Retrieved, retriever_from: str) -> dict[str, object]:
    """The entry of `retriever_resources` for the passage an answer cites as `[number]`."""
    return {
        "position": number,
        "dataset_id": passage.dataset_id,
        "dataset_name": passage.dataset_name,
        "document_id": passage.document_id,
        "document_name": passage.document_name,
        "data_source_type": passage.data_source_type,
        "segment_id": passage.segment_id,
        "retriever_from": retriever_from,
        "score": passage.score,
        "hit_count": passage.hit_count,
        "word_count": passage.word_count,
        "segment_position": passage.position,
        "index_node_hash": passage.index_node_hash,
        "content": passage.content,
        "page": None,
        "doc_metadata": passage.metadata or None,
        "title": passage.document_name,
        "files": None,
        "summary": None,
    }
