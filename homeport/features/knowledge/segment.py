"""Cuts the text of a document into segments: at the separator first, then at the most natural places.

A segment is always a slice of the text, so nothing can be lost or invented: between two segments only white space
and the separator itself go missing.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from homeport.features.knowledge.errors import InvalidSegmentRule

SMALLEST_SEGMENT = 50
LARGEST_SEGMENT = 4000

#: Weights are quarter tokens.
_QUARTERS = 4
_HEAVIEST = 4
# First bytes of the three-byte UTF-8 sequences from U+3000 on: Chinese, Japanese and Korean, full-width signs.
_WIDE_STARTS = bytes(range(0xE3, 0xF0))

# From the most natural place to cut to the least; the cut is behind the match.
_CUTS = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"\n"),
    re.compile(r"[。！？]+[”’」』）]*|(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)"),
    re.compile(r"[，；、：]|[,;:](?=\s)"),
    re.compile(r"\s+"),
)
_HEADING = re.compile(r"#{1,6}[ \t]")
_SENTENCE_MARKS = frozenset("。！？.!?…")
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\f": "\f", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[ntrf\\]")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """How to cut; sizes in tokens as `count_tokens` counts. The defaults are the automatic mode's.

    `separator`: where to cut first, escape sequences such as `\\n` allowed; empty: nowhere. `merge`: whether pieces
    between separators are joined while they fit into one segment; without it each piece is a segment of its own.
    """

    separator: str = "\n"
    max_tokens: int = 500
    chunk_overlap: int = 50
    merge: bool = True


def count_tokens(text: str) -> int:
    """About how many tokens a model sees in `text`, without a tokenizer.

    A quarter of a token per ASCII character, half of one per other letter of Europe and the Near East, three quarters
    per other sign of the basic plane, one per Chinese, Japanese, Korean sign or emoji.
    """
    return -(-_weight(text) // _QUARTERS)


def check_rule(rule: SegmentRule, largest: int = LARGEST_SEGMENT) -> None:
    """Raise `InvalidSegmentRule` unless `rule` can be used; `largest`: most tokens per segment."""
    if not SMALLEST_SEGMENT <= rule.max_tokens <= largest:
        raise InvalidSegmentRule(
            f"max_tokens is {rule.max_tokens}; accepted is {SMALLEST_SEGMENT} to {largest}.",
            hint="INDEXING_MAX_SEGMENTATION_TOKENS_LENGTH sets the upper end.",
        )
    if not 0 <= rule.chunk_overlap < rule.max_tokens:
        raise InvalidSegmentRule(
            f"chunk_overlap is {rule.chunk_overlap}; accepted is 0 to {rule.max_tokens - 1}, less than max_tokens."
        )


def segment_text(text: str, rule: SegmentRule) -> list[str]:
    """The segments of `text` in order; none is blank or larger than `rule.max_tokens`.

    A segment repeats up to `rule.chunk_overlap` tokens from the end of the one before, from a natural place on; one
    that starts with a Markdown heading repeats nothing. A heading stays with what follows it.
    """
    return _Cutter(text, rule).segments()


def decode_separator(separator: str) -> str:
    """`separator` with escape sequences as typed into a form (`\\n`) turned into what they mean."""
    return _ESCAPE.sub(lambda match: _ESCAPES[match.group()], separator)


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    encoded = text.encode("utf-8", "surrogatepass")
    return 2 * len(encoded) - len(encoded.translate(None, _WIDE_STARTS))


class _Cutter:
    """One text on its way to segments. Positions are offsets in the text."""

    def __init__(self, text: str, rule: SegmentRule) -> None:
        self._text = text
        self._ascii = text.isascii()
        self._separator = decode_separator(rule.separator)
        self._merge = rule.merge
        self._limit = rule.max_tokens * _QUARTERS
        self._overlap = rule.chunk_overlap * _QUARTERS

    def segments(self) -> list[str]:
        found: list[str] = []
        for run in self._runs():
            for start, end in self._pack(run):
                segment = self._text[start:end].strip()
                if segment:
                    found.append(segment)
        return found

    def _runs(self) -> Iterator[list[Span]]:
        """Groups of spans that may be joined with each other; each span fits into a segment."""
        run: list[Span] = []
        for piece in self._pieces():
            run += self._fitting(piece)
            if not self._merge and not self._is_heading(piece):
                yield run
                run = []
        if run:
            yield run

    def _pieces(self) -> Iterator[Span]:
        """What stands between separators, blank pieces left out."""
        separator, text = self._separator, self._text
        size = len(separator)
        # Heading marks belong to what follows, sentence marks to what precedes; any other separator to neither.
        marks = separator.strip()
        before = size if marks.startswith("#") else 0
        after = size if marks and set(marks) <= _SENTENCE_MARKS else 0
        start, search = 0, 0
        while separator and (at := text.find(separator, search)) >= 0:
            if text[start : at + after].strip():
                yield start, at + after
            start, search = at + size - before, at + size
        if text[start:].strip():
            yield start, len(text)

    def _fitting(self, piece: Span) -> list[Span]:
        """`piece` itself, or its parts, cut at the most natural places that make them fit."""
        if self._weigh(*piece) <= self._limit:
            return [piece]
        # Room for the overlap is left, unless it would take most of the segment.
        limit = self._limit - min(self._overlap, self._limit // 2)
        spans = [piece]
        for cut in _CUTS:
            spans = [part for span in spans for part in self._cut(span, cut, limit)]
        parts = [part for span in spans for part in self._chop(span, limit)]
        return [(start, end) for start, end in parts if not self._text[start:end].isspace()]

    def _cut(self, span: Span, cut: re.Pattern[str], limit: int) -> Iterable[Span]:
        if self._weigh(*span) <= limit:
            return (span,)
        start, end = span
        ends = [match.end() for match in cut.finditer(self._text, start, end)]
        if not ends or ends[-1] != end:
            ends.append(end)
        return zip([start, *ends], ends, strict=False)

    def _chop(self, span: Span, limit: int) -> Iterator[Span]:
        """Cut by size alone, between characters as a reader sees them."""
        start, end = span
        while self._weigh(start, end) > limit:
            cut = self._reach(start, end, limit)
            if cut == start:  # not even one character with its marks: accents without end
                cut = start + limit // _HEAVIEST
            yield start, cut
            start = cut
        yield start, end

    def _reach(self, start: int, end: int, limit: int) -> int:
        """The last place from `start` on that `limit` reaches, never between a character and its marks."""
        if self._ascii:
            return start + limit
        low, high = start, min(end, start + limit)
        while low < high:
            middle = (low + high + 1) // 2
            if self._weigh(start, middle) <= limit:
                low = middle
            else:
                high = middle - 1
        while low > start and low < end and _joins(self._text[low - 1], self._text[low]):
            low -= 1
        return low

    def _pack(self, spans: list[Span]) -> Iterator[Span]:
        """Join neighbours while they fit; repeat the overlap at the start of the next."""
        first, start = 0, spans[0][0]
        used = self._weigh(*spans[0])
        for index in range(1, len(spans)):
            begin, end = spans[index]
            used += self._weigh(spans[index - 1][1], end)
            if used <= self._limit:
                continue
            first, done = self._without_headings(spans, first, index), first
            yield start, spans[first - 1][1]
            start = self._overlap_start(spans[done][0], spans[first][0], end)
            used = self._weigh(start, end)
            if used > self._limit:  # the headings moved here are too large together with this span
                yield start, spans[index - 1][1]
                first, start, used = index, begin, self._weigh(begin, end)
        yield start, spans[-1][1]

    def _without_headings(self, spans: list[Span], first: int, index: int) -> int:
        """Where the segment of `spans[first:index]` should end so that no heading stands at its end."""
        last = index
        while last > first + 1 and self._is_heading(spans[last - 1]):
            last -= 1
        return index if last == first + 1 and self._is_heading(spans[first]) else last

    def _overlap_start(self, lower: int, boundary: int, end: int) -> int:
        """Where the next segment starts: at most the overlap before `boundary`, behind `lower`, fitting up to `end`."""
        room = min(self._overlap, self._limit - self._weigh(boundary, end))
        if room <= 0 or _HEADING.match(self._text, self._skip_space(boundary)):
            return boundary
        earliest = max(lower + 1, self._reach_back(lower, boundary, room))
        nearest = boundary
        for cut in _CUTS:
            # One character earlier, so that a cut just behind it counts.
            for match in cut.finditer(self._text, earliest - 1, boundary):
                if match.end() < earliest or not self._text[match.end() : boundary].strip():
                    continue
                # A natural place that repeats next to nothing is kept for want of a better one.
                if self._weigh(match.end(), boundary) * 3 >= room:
                    return match.end()
                nearest = min(nearest, match.end())
                break
        if nearest < boundary or self._text[earliest:boundary].isascii():
            return nearest
        return earliest

    def _reach_back(self, lower: int, boundary: int, room: int) -> int:
        """The first place from which `room` reaches to `boundary`."""
        low = max(lower, boundary - room)
        if self._ascii:
            return low
        found = low + bisect_left(range(low, boundary), -room, key=lambda place: -self._weigh(place, boundary))
        while found < boundary and _joins(self._text[found - 1], self._text[found]):
            found += 1
        return found

    def _skip_space(self, position: int) -> int:
        while position < len(self._text) and self._text[position].isspace():
            position += 1
        return position

    def _is_heading(self, span: Span) -> bool:
        start, end = self._skip_space(span[0]), span[1]
        return bool(_HEADING.match(self._text, start, end)) and "\n" not in self._text[start:end].strip()

    def _weigh(self, start: int, end: int) -> int:
        return end - start if self._ascii else _weight(self._text[start:end])


def _joins(left: str, right: str) -> bool:
    """Whether `right` is seen as a part of the character before it."""
    return unicodedata.combining(right) > 0 or right in "\u200d\ufe0e\ufe0f" or left == "\u200d"
