"""How much may be indexed, and how."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from homeport.features.knowledge.parse.settings import ParseSettings


class KnowledgeSettings(ParseSettings):
    """Knowledge bases, and what reading a file may cost."""

    dataset_max_segments_per_request: NonNegativeInt = Field(
        0, description="Segments one request may add to a document; 0 is no limit."
    )
    indexing_max_segmentation_tokens_length: PositiveInt = Field(4000, description="Largest segment in tokens.")
    batch_upload_limit: NonNegativeInt = Field(20, description="Files one request may add to a dataset; 0 is no limit.")
    embedding_batch_size: PositiveInt = Field(
        64, le=1000, description="Segments embedded and written to the vector store at once."
    )
