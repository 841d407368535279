"""Cut texts into sentences and sentences into terms, in any script and without a dictionary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# A heading alone answers nothing, so it goes with what follows it. List items and table rows stand alone.
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[\s#.:?!。：？！]*$\s*", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*+>]|\d+[.)])\s+|^(?=\|)", re.MULTILINE)
# A mark of full width ends a sentence by itself; one of half width, or a quote or bracket after it, before a blank.
_END = re.compile(r"(?<=[。！？；])|(?<=[.!?])\s+|(?<=[.!?][\"'”’)\]])\s+|\s*\n\s*\n\s*")
_WORD = re.compile(r"[^\W_]+")
# Scripts written without blanks: their terms are pairs of neighbouring characters.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)
_LEAST_STEM = 4
_LONGEST_ENDING = 3


def split_sentences(text: str) -> list[str]:
    """The sentences in their order, each on one line, without marks of lists and quotes; a heading opens the next."""
    apart = _ITEM.sub("\n\n", _HEADING.sub(r"\n\n\1: ", text))
    found = (" ".join(part.split()) for part in _END.split(apart))
    return [sentence for sentence in found if sentence]


def terms_of(text: str) -> Iterator[str]:
    """Words in lower case without accents; pairs of characters in scripts without blanks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    plain = unicodedata.normalize("NFKC", plain)
    for run in _UNSPACED.findall(plain):
        yield from (run[n : n + 2] for n in range(max(1, len(run) - 1)))
    yield from _WORD.findall(_UNSPACED.sub(" ", plain))


def meet(one: str, other: str) -> bool:
    """Whether two terms are the same or inflections of one word: a common beginning and short, different ends."""
    if one == other:
        return True
    if one[:_LEAST_STEM] != other[:_LEAST_STEM]:
        return False
    shorter = min(len(one), len(other))
    common = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    return shorter >= _LEAST_STEM and common >= shorter - 1 and max(len(one), len(other)) - common <= _LONGEST_ENDING
