"""Joining two result lists."""

from __future__ import annotations

from homeport.backends.vectors.port import Hit
from homeport.features.knowledge.fuse import fuse


def _fused(by_meaning: list[Hit], by_words: list[Hit], weight: float) -> list[tuple[str, float]]:
    return [(key, round(score, 6)) for key, score in fuse(by_meaning, by_words, weight)]


def _hits(**scores: float) -> list[Hit]:
    return [Hit(key, "d", score, "", {}) for key, score in scores.items()]


def test_the_best_of_both_lists_has_the_weighted_mean_of_its_scores() -> None:
    [first, *_] = _fused(_hits(a=0.8, b=0.4), _hits(a=0.5, c=0.2), 0.7)
    assert first == ("a", round(0.7 * 0.8 + 0.3 * 0.5, 6))


def test_meaning_outweighs_words() -> None:
    assert [key for key, _ in _fused(_hits(meaning=0.6), _hits(words=0.9), 0.7)] == ["meaning", "words"]


def test_one_list_alone_keeps_its_scores() -> None:
    assert _fused([], _hits(a=0.5, b=0.25), 0.7) == [("a", 0.5), ("b", 0.25)]
    assert _fused(_hits(a=0.5, b=0.25), [], 0.7) == [("a", 0.5), ("b", 0.25)]


def test_a_weight_of_one_or_none_looks_at_one_side_only() -> None:
    assert _fused(_hits(a=0.5), _hits(b=0.9), 1.0) == [("a", 0.5)]
    assert _fused(_hits(a=0.5), _hits(b=0.9), 0.0) == [("b", 0.9)]


def test_nothing_gives_nothing() -> None:
    assert _fused([], [], 0.7) == []
    assert _fused(_hits(a=0.0), [], 0.7) == []
