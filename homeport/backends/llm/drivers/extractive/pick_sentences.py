"""Choose the sentences of the passages that answer a question best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from homeport.backends.llm.drivers.extractive.split_sentences import meet, split_sentences, terms_of
from homeport.backends.llm.port import Passage

#: Sentences shorter than this, in terms, are titles and crumbs; longer ones are cut, in characters.
_LEAST_TERMS = 3
_LONGEST = 400
#: Two sentences sharing this part of their terms say the same.
_SAME = 0.7
#: Of a longer question only the beginning counts, in characters.
_LONGEST_QUESTION = 2000
#: How much a word of up to three letters counts.
_SHORT_WORD = 0.3
#: Lost per rank of the passage: the search has already put the best first.
_RANK_LOSS = 0.08
#: A sentence is worth quoting from this part of the best sentence's score.
_WORTH = 0.4


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence and the passage it is from."""

    sentence: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class _Candidate:
    sentence: str
    passage: Passage
    place: int
    terms: frozenset[str]
    score: float


def pick_sentences(question: str, passages: Sequence[Passage], most: int) -> list[Quote]:
    """At most `most` sentences, best first.

    A term of the question counts the more the fewer sentences have it; the rank of the passage and the place in it
    decide between equals. When no sentence shares a term with the question, the beginning of the first passage is
    taken.
    """
    candidates = _score(frozenset(terms_of(question[:_LONGEST_QUESTION])), _candidates(passages))
    ordered = sorted(candidates, key=lambda one: (-one.score, one.passage.position, one.place))
    chosen: list[_Candidate] = []
    for one in ordered:
        if len(chosen) == most or (chosen and one.score < chosen[0].score * _WORTH):
            break
        if not any(_alike(one, other) for other in chosen):
            chosen.append(one)
    if chosen and chosen[0].score == 0:
        chosen = chosen[:1]
    return [Quote(_shorten(one.sentence), one.passage) for one in chosen]


def _candidates(passages: Sequence[Passage]) -> list[_Candidate]:
    found: list[_Candidate] = []
    for passage in sorted(passages, key=lambda one: one.position):
        sentences = [(text, frozenset(terms_of(text))) for text in split_sentences(passage.text)]
        long_enough = [pair for pair in sentences if len(pair[1]) >= _LEAST_TERMS] or sentences
        found += [_Candidate(text, passage, place, terms, 0.0) for place, (text, terms) in enumerate(long_enough)]
    return found


def _score(question: frozenset[str], candidates: list[_Candidate]) -> list[_Candidate]:
    vocabulary = frozenset(term for one in candidates for term in one.terms)
    asked = {term: next((word for word in sorted(question) if meet(word, term)), "") for term in vocabulary}
    found = [frozenset(word for term in one.terms if (word := asked[term])) for one in candidates]
    spread = Counter(word for words in found for word in words)
    weight = {word: _weight(word) * log(1 + len(candidates) / (0.5 + count)) for word, count in spread.items()}
    positions = {position: rank for rank, position in enumerate(sorted({one.passage.position for one in candidates}))}
    scored = []
    for one, words in zip(candidates, found, strict=True):
        overlap = sum(weight[word] for word in sorted(words))
        # Long sentences have more terms by chance; the root of the length is the usual middle way.
        score = overlap / (8 + len(one.terms)) ** 0.5 * max(0.2, 1 - _RANK_LOSS * positions[one.passage.position])
        scored.append(_Candidate(one.sentence, one.passage, one.place, one.terms, round(score, 6)))
    return scored


def _weight(word: str) -> float:
    """In most alphabets the shortest words are the ones that mean least; words with digits are names."""
    return _SHORT_WORD if word.isascii() and word.isalpha() and len(word) <= 3 else 1.0


def _alike(one: _Candidate, other: _Candidate) -> bool:
    smaller = min(len(one.terms), len(other.terms))
    return one.sentence == other.sentence or len(one.terms & other.terms) > _SAME * max(1, smaller)


def _shorten(sentence: str) -> str:
    if len(sentence) <= _LONGEST:
        return sentence
    cut = sentence[:_LONGEST]
    head, blank, _ = cut.rpartition(" ")
    return (head if blank and len(head) > _LONGEST // 2 else cut).rstrip() + " …"
