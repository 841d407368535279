"""Reads a text file in a fresh process, to see what that loads."""

from __future__ import annotations

import asyncio
import sys

from homeport.features.knowledge.parse.document import parse_document
from homeport.runtime.offload.pool import Offload
from homeport.runtime.offload.settings import OffloadSettings


def modules_after_reading_text() -> list[str]:
    async def read() -> None:
        parsed = await parse_document(Offload(OffloadSettings()), b"# Title\ntext", "md", "a.md")
        assert parsed.title == "Title"

    asyncio.run(read())
    return sorted(sys.modules)
