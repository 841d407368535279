"""Finds where the words of a query stand in a text, to be marked for a reader."""

from __future__ import annotations

import re

# Scripts written without spaces: a pair of neighbouring signs is the unit.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\uff66-\uff9f"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['’][^\W\d_]+)?")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_COMMON_WORDS = (
    "a an and are as at be but by can do does for from had has have how i if in is it its me my no not of on or our so "
    "that the their them then there these they this to was we were what when where which who why will with you your"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_SHORTEST_STEM = 4
# What a query's word may end with, and so what the same word may end with in the text.
_ENDING_WORDS = "ations ation ments ment ities ingly ings ions ing ied ies ity ion ers est ern er en ed es ly s e n y"
_ENDINGS = _ENDING_WORDS.split()
_ANY_ENDING = rf"(?:{'|'.join(_ENDINGS)})?(?:['’]s)?"
_MOST_TERMS = 64


def find_highlights(text: str, query: str, limit: int = 100) -> list[tuple[int, int]]:
    """Offsets `(start, end)` in `text` of the words of `query`, in order, not overlapping, at most `limit`.

    Upper and lower case and the usual English endings do not matter; in Chinese, Japanese and Korean each pair of
    signs counts. Common words such as "the" are passed over unless the query has nothing else.
    """
    pattern = _pattern(query)
    if pattern is None:
        return []
    found: list[tuple[int, int]] = []
    for match in pattern.finditer(text):
        # A pair is found by looking ahead, so that pairs may overlap: it stands in the group, the match is empty.
        start, end = match.span() if match.lastgroup is None else match.span("pair")
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif len(found) == limit:
            break
        else:
            found.append((start, end))
    return found


def _pattern(query: str) -> re.Pattern[str] | None:
    terms = list(dict.fromkeys(match.group().lower() for match in _WORD.finditer(query)))
    terms = ([term for term in terms if term not in _COMMON] or terms)[:_MOST_TERMS]
    words: list[str] = []
    pairs: list[str] = []
    for term in terms:
        if not _IS_UNSPACED.match(term):
            words.append(_word_pattern(term))
        elif len(term) == 1:
            pairs.append(re.escape(term))
        else:
            pairs += [re.escape(term[at : at + 2]) for at in range(len(term) - 1)]
    # \b would not do: signs of unspaced scripts are word characters too.
    choices = [_between_words(words)] if words else []
    if pairs:
        choices.append(f"(?=(?P<pair>{'|'.join(dict.fromkeys(pairs))}))")
    return re.compile("|".join(choices)) if choices else None


def _between_words(words: list[str]) -> str:
    # The compiler takes milliseconds over a class of all signs, so words of plain letters have one of Latin letters.
    # Case is set aside for the words only, for the same reason.
    letter = "[0-9A-Za-zÀ-ɏ]" if all(map(str.isascii, words)) else rf"[^\W_{_UNSPACED}]"
    return f"(?<!{letter})(?i:{'|'.join(words)})(?!{letter})"


def _word_pattern(word: str) -> str:
    stem = _stem(word)
    if not word.isalpha() or len(stem) < _SHORTEST_STEM - 1:
        ending = ""
    elif len(stem) < _SHORTEST_STEM:
        ending = "(?:['’]?s)?"
    elif stem.isascii():
        ending = _ANY_ENDING
    else:
        ending = rf"[^\W\d_{_UNSPACED}]{{0,3}}"
    return re.escape(stem) + ending


def _stem(word: str) -> str:
    if not word.isascii():
        # Endings of other languages are not known here; they are mostly of two or three letters.
        return word[: max(_SHORTEST_STEM, len(word) - 2)]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    # "cats" is short, but its plural is plain.
    return word.removesuffix("s") if len(word) == _SHORTEST_STEM and not word.endswith("ss") else word
