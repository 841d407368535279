"""From the text of a document to its segments. Runs in the process itself or, for long texts, in a child."""

from __future__ import annotations

from homeport.features.knowledge.clean import CleanRules, clean_text
from homeport.features.knowledge.segment import SegmentRule, count_tokens, segment_text


def cut_text(text: str, clean: CleanRules, rule: SegmentRule) -> list[tuple[str, int]]:
    """The segments of `text` in order, each with its size in tokens."""
    return [(content, count_tokens(content)) for content in segment_text(clean_text(text, clean), rule)]
