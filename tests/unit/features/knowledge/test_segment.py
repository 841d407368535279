from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport.features.knowledge.errors import InvalidSegmentRule
from homeport.features.knowledge.segment import (
    SegmentRule,
    check_rule,
    count_tokens,
    decode_separator,
    segment_text,
)

PARAGRAPH = "The harbour opens at six in the morning. Ships report to the pilot first; then they wait for the tide. "
CHINESE = "港口早上六点开放。船只首先向引航员报告，然后等待涨潮。夜间不允许进入！"


def solid(text: str) -> str:
    return re.sub(r"\s+", "", text)


def covered(text: str, segments: list[str]) -> bool:
    """Whether `segments`, overlaps and white space aside, are exactly `text`."""
    reached = 0
    whole = solid(text)
    for segment in segments:
        piece = solid(segment)
        # The piece starts where the last ended, or earlier by an overlap.
        for start in range(reached, -1, -1):
            if whole.startswith(piece, start) and start + len(piece) >= reached:
                reached = start + len(piece)
                break
        else:
            return False
    return reached == len(whole)


def test_short_text_is_one_segment() -> None:
    assert segment_text("One line.\nAnother line.", SegmentRule()) == ["One line.\nAnother line."]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t \u3000"])
def test_blank_text_has_no_segments(text: str) -> None:
    assert segment_text(text, SegmentRule()) == []


def test_small_pieces_are_joined_up_to_the_size() -> None:
    lines = [f"Line {number} says something of middling length." for number in range(100)]
    segments = segment_text("\n".join(lines), SegmentRule(max_tokens=100, chunk_overlap=0))
    assert all(80 <= count_tokens(segment) <= 100 for segment in segments[:-1])
    assert "\n".join(segments) == "\n".join(lines)


def test_pieces_stay_apart_without_merging() -> None:
    rule = SegmentRule(separator="\\n\\n", merge=False)
    assert segment_text("One.\n\nTwo\nlines.\n\n\n\nThree.", rule) == ["One.", "Two\nlines.", "Three."]


def test_a_separator_of_its_own_is_dropped_between_segments() -> None:
    assert segment_text("one***two***three", SegmentRule(separator="***", merge=False)) == ["one", "two", "three"]


def test_a_separator_that_is_a_sentence_mark_stays_with_its_sentence() -> None:
    assert segment_text("一。二。三", SegmentRule(separator="。", merge=False)) == ["一。", "二。", "三"]


def test_a_separator_that_is_a_heading_mark_stays_with_its_heading() -> None:
    text = "intro\n## One\ntext\n## Two\ntext"
    assert segment_text(text, SegmentRule(separator="\\n## ", merge=False)) == ["intro", "## One\ntext", "## Two\ntext"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("\\n\\n", "\n\n"), ("\n", "\n"), ("\\t", "\t"), ("\\\\n", "\\n"), ("###", "###"), ("", "")]
)
def test_escape_sequences_in_a_separator_are_decoded(typed: str, meant: str) -> None:
    assert decode_separator(typed) == meant


def test_long_paragraphs_are_cut_behind_sentences() -> None:
    segments = segment_text(PARAGRAPH * 40, SegmentRule(max_tokens=100, chunk_overlap=0))
    assert len(segments) > 5
    assert all(segment.endswith(".") for segment in segments)


def test_long_chinese_text_is_cut_behind_sentences() -> None:
    segments = segment_text(CHINESE * 40, SegmentRule(max_tokens=100, chunk_overlap=0))
    assert len(segments) > 5
    assert all(segment[-1] in "。！" for segment in segments)


def test_text_without_any_place_to_cut_is_cut_by_size() -> None:
    segments = segment_text("x" * 5000, SegmentRule(max_tokens=100, chunk_overlap=0))
    assert [len(segment) for segment in segments] == [400] * 12 + [200]


def test_a_cut_by_size_keeps_marks_with_their_character() -> None:
    text = "e\u0301" * 2000
    segments = segment_text(text, SegmentRule(max_tokens=50, chunk_overlap=0))
    assert all(segment.startswith("e") for segment in segments)
    assert "".join(segments) == text


def test_the_overlap_repeats_whole_sentences() -> None:
    text = " ".join(f"Ship number {number} reports to the pilot first; then it waits." for number in range(100))
    segments = segment_text(text, SegmentRule(max_tokens=100, chunk_overlap=40))
    for before, after in itertools.pairwise(segments):
        repeated = next(size for size in range(len(after), 0, -1) if before.endswith(after[:size]))
        assert 14 <= count_tokens(after[:repeated]) <= 40
        assert after.startswith("Ship number")


def test_the_overlap_of_chinese_text_repeats_its_end() -> None:
    segments = segment_text(CHINESE * 40, SegmentRule(max_tokens=100, chunk_overlap=20))
    for before, after in itertools.pairwise(segments):
        assert after[:8] in before


def test_no_overlap_repeats_nothing() -> None:
    words = " ".join(str(number) for number in range(3000))
    segments = segment_text(words, SegmentRule(max_tokens=80, chunk_overlap=0))
    assert " ".join(segments) == words


def test_a_heading_stays_with_what_follows_it() -> None:
    sections = [f"## Section {number}\n\n{PARAGRAPH * (number % 4 + 1)}" for number in range(30)]
    for rule in (SegmentRule(max_tokens=120), SegmentRule("\n\n", 120, 20), SegmentRule("\n\n", 120, 0, merge=False)):
        segments = segment_text("\n\n".join(sections), rule)
        assert not any(segment.splitlines()[-1].startswith("#") for segment in segments)


def test_a_segment_that_starts_with_a_heading_repeats_nothing_before_it() -> None:
    text = f"{PARAGRAPH * 4}\n\n# Two\n\n{PARAGRAPH * 3}"
    segments = segment_text(text, SegmentRule(max_tokens=110, chunk_overlap=30))
    assert any(segment.startswith("# Two") for segment in segments)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fours", 2), ("港口", 2), ("Привет!!", 4), ("🙂🙂", 2)]
)
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_counting_bears_lone_surrogates() -> None:
    assert count_tokens("\ud800") == 1


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (SegmentRule(max_tokens=49), "max_tokens is 49; accepted is 50 to 4000"),
        (SegmentRule(max_tokens=4001), "INDEXING_MAX_SEGMENTATION_TOKENS_LENGTH"),
        (SegmentRule(max_tokens=100, chunk_overlap=100), "chunk_overlap is 100; accepted is 0 to 99"),
        (SegmentRule(chunk_overlap=-1), "chunk_overlap is -1"),
    ],
)
def test_a_rule_out_of_range_is_refused_with_a_sentence(rule: SegmentRule, sentence: str) -> None:
    with pytest.raises(InvalidSegmentRule, match=sentence):
        check_rule(rule)


def test_a_rule_within_the_range_is_accepted() -> None:
    check_rule(SegmentRule())
    check_rule(SegmentRule(max_tokens=8000), largest=8000)


@pytest.mark.parametrize(
    "unit", [".", " ", "\n", "。", "# \n", "a.", "\n# x\n", ",", "港", "\u0301", "🙂", '!"', "a" * 500 + "\n"]
)
def test_hostile_repetitions_are_cut_in_reasonable_time(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    segments = segment_text(text, SegmentRule())
    assert all(count_tokens(segment) <= 500 for segment in segments)


TEXTS = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "\n",
                "\n\n",
                " ",
                "# Heading\n",
                "## Two ",
                "。",
                "！",
                ". ",
                "word ",
                "港口开放",
                "x" * 300,
                "é" * 90,
                "🙂" * 70,
                "***",
            ]
        ),
    ),
    max_size=60,
).map("".join)
RULES = st.builds(
    SegmentRule,
    separator=st.sampled_from(["\n", "\\n\\n", "", "。", "#", " ", "## "]),
    max_tokens=st.integers(50, 120),
    chunk_overlap=st.integers(0, 49),
    merge=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, RULES)
def test_nothing_is_lost_and_no_limit_passed(text: str, rule: SegmentRule) -> None:
    segments = segment_text(text, rule)
    assert all(segment.strip() == segment != "" for segment in segments)
    assert all(count_tokens(segment) <= rule.max_tokens for segment in segments)
    assert all(segment in text for segment in segments)
    assert covered(text, segments)


@settings(max_examples=100, deadline=None)
@given(TEXTS, RULES)
def test_without_overlap_segments_are_the_text_in_pieces(text: str, rule: SegmentRule) -> None:
    plain = SegmentRule(rule.separator, rule.max_tokens, 0, rule.merge)
    assert "".join(solid(segment) for segment in segment_text(text, plain)) == solid(text)


@given(st.text(), st.text())
def test_counting_is_at_most_a_rounding_away_from_additive(one: str, other: str) -> None:
    together = count_tokens(one + other)
    assert together <= count_tokens(one) + count_tokens(other) <= together + 1
