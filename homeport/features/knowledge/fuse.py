"""Joins what was found by meaning with what was found by words."""

from __future__ import annotations

from collections.abc import Sequence

from homeport.backends.vectors.port import Hit


def fuse(by_meaning: Sequence[Hit], by_words: Sequence[Hit], vector_weight: float) -> list[tuple[str, float]]:
    """`(id, score)`, best first. `vector_weight`: the share of meaning, 0 to 1; the rest is words.

    Cosine similarities crowd together while word scores spread, so each list is measured by its best before they are
    weighed. The result is scaled back: what is best in both lists has the weighted mean of its two scores, so a score
    still says how good an answer is and not only how it compares.
    """
    best_meaning = by_meaning[0].score if by_meaning else 0.0
    best_word = by_words[0].score if by_words else 0.0
    scale = vector_weight * best_meaning + (1 - vector_weight) * best_word
    shares: dict[str, float] = {}
    for hits, best, weight in ((by_meaning, best_meaning, vector_weight), (by_words, best_word, 1 - vector_weight)):
        for hit in hits if best * weight > 0 else ():
            shares[hit.id] = shares.get(hit.id, 0.0) + weight * hit.score / best
    # One list without hits takes its weight along; otherwise a search by one side alone could not reach its score.
    full = (vector_weight if best_meaning > 0 else 0.0) + (1 - vector_weight if best_word > 0 else 0.0)
    if not full:
        return []
    factor = scale / (full * full)
    return sorted(((key, share * factor) for key, share in shares.items()), key=lambda one: (-one[1], one[0]))
