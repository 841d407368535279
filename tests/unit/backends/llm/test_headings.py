"""A heading answers nothing by itself."""

from __future__ import annotations

from homeport.backends.llm.drivers.extractive.pick_sentences import pick_sentences
from homeport.backends.llm.port import Passage


def test_a_heading_is_quoted_with_the_sentence_below_it() -> None:
    passage = Passage("## Where your data is\n\nEverything lies in one folder. Copy it to move house.")
    [quote] = pick_sentences("Where is my data?", [passage], 1)
    assert quote.sentence == "Where your data is: Everything lies in one folder."
