"""What a file may cost."""

from __future__ import annotations

from pydantic import Field

from homeport.features.knowledge.parse.source import Limits
from homeport.runtime.config.section import Section

_MEGABYTE = 1024 * 1024


class ParseSettings(Section):
    """Limits on reading the files of documents."""

    document_text_limit: int = Field(
        20_000_000, ge=1000, description="characters of text one document may have after reading its file"
    )
    document_unpacked_limit_mb: int = Field(200, ge=1, description="megabytes an Office file or e-book may unpack to")
    document_unpack_ratio: int = Field(
        200, ge=10, description="how many times its size a file may unpack to, once that is more than 20 MB"
    )
    document_parse_timeout_seconds: float = Field(
        120, gt=0, description="seconds reading one file may take before it is given up"
    )

    def limits(self) -> Limits:
        """These limits without pydantic, for child processes."""
        return Limits(
            text=self.document_text_limit,
            unpacked=self.document_unpacked_limit_mb * _MEGABYTE,
            ratio=self.document_unpack_ratio,
        )
