"""Cut texts and queries into the terms that full-text search compares; every driver uses these, so ranks agree."""

from __future__ import annotations

import re
import unicodedata

from homeport.backends.vectors.stem_english import stem

#: Terms longer than this are cut: nobody asks for them, and encoded data would fill the index.
_LONGEST = 64
#: Terms of one query; the rest of a pasted page adds time, not meaning.
_MOST_TERMS = 48

# Scripts that put no blanks between words: Han, kana, bopomofo, Hangul, Thai, Lao, Burmese, Khmer.
_UNSPACED = (
    "\u3005\u3007\u3041-\u30fa\u30fc-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\u1100-\u11ff\uac00-\ud7a3\u0e01-\u0e4e\u0e80-\u0ece\u1000-\u1049\u1050-\u109f\u1780-\u17d3\U00020000-\U0003ffff"
)
# Vowel signs of Indic scripts and Tibetan are parts of words, though Python counts them as none.
_SIGNS = "\u0900-\u0963\u0971-\u0dff\u0f71-\u0fbc"
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_PIECE = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|(?:[^\W_{_UNSPACED}]|[{_SIGNS}])+")
# Accents, and the vowel points of Hebrew and Arabic that everyday writing leaves out.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670]+")

_SAY_LITTLE = frozenset(
    """
    a about an and are as at be been by can could did do does for from had has have how i if in into is it its me
    my  of on or our s she he so t than that the their them then there these they this to us was we were what when
    where  which who why will with would you your
    """.split()  # noqa: SIM905 - read as a text
)


def tokenize_text(text: str) -> list[str]:
    """The terms of a text in its order, repeated as often as they stand in it; letters and digits only."""
    terms: list[str] = []
    if text.isascii():
        return [stem(word) if word.isalpha() else word for word in _words_of_ascii(text)]
    for piece in _PIECE.finditer(_fold(text)):
        word = piece[0]
        if piece["unspaced"]:
            terms += _characters_and_pairs(word)
        else:
            terms.append(_term(word))
    return terms


def tokenize_query(query: str) -> list[str]:
    """The distinct terms of a query in its order, without words that say little unless there are no others."""
    words: dict[str, None] = {}
    for piece in _PIECE.finditer(_fold(query)):
        word = piece[0]
        if piece["unspaced"] and len(word) > 1:
            words.update(dict.fromkeys(_pairs(word)))
        else:
            words[word] = None
    telling = [word for word in words if word not in _SAY_LITTLE] or list(words)
    return list(dict.fromkeys(_term(word) for word in telling))[:_MOST_TERMS]


def _words_of_ascii(text: str) -> list[str]:
    words = _ASCII_WORD.findall(text.lower())
    return [word if len(word) <= _LONGEST else word[:_LONGEST] for word in words]


def _fold(text: str) -> str:
    """One writing for what reads alike: width, case, accents."""
    if text.isascii():
        return text.lower()
    # Taken apart to lose the accents, put together again for the syllables of Hangul.
    apart = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", apart))


def _term(word: str) -> str:
    word = word[:_LONGEST]
    return stem(word) if word.isascii() and word.isalpha() else word


def _pairs(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(len(run) - 1)]


def _characters_and_pairs(run: str) -> list[str]:
    """Single characters too: a query may be one."""
    return [*run, *_pairs(run)]
