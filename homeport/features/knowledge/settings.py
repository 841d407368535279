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
    plan_sandbox_clean_day_setting: PositiveInt = Field(
        30, description="Days without use before a kept vector is removed and a knowledge base is switched off."
    )
    enable_clean_embedding_cache_task: bool = Field(
        False, description="Remove vectors kept for a second use that nobody needed for long, daily at 02:00."
    )
    enable_clean_unused_datasets_task: bool = Field(
        False, description="Switch off knowledge bases that nobody used for long, daily at 03:00."
    )
    enable_mail_clean_document_notify_task: bool = Field(
        False, description="Mail owners about documents that were switched off, on Mondays at 10:00."
    )
