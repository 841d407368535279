"""Bring the forms of an English word to one stem: Porter's algorithm of 1980, so that `policies` finds `policy`."""

from __future__ import annotations

from functools import lru_cache

_STEP_2 = {
    "ational": "ate",
    "tional": "tion",
    "enci": "ence",
    "anci": "ance",
    "izer": "ize",
    "abli": "able",
    "alli": "al",
    "entli": "ent",
    "eli": "e",
    "ousli": "ous",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "alism": "al",
    "iveness": "ive",
    "fulness": "ful",
    "ousness": "ous",
    "aliti": "al",
    "iviti": "ive",
    "biliti": "ble",
}
_STEP_3 = {"icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": ""}
_STEP_4 = (
    "ement al ance ence er ic able ible ant ment ent sion tion ou ism ate iti ous ive ize".split()  # noqa: SIM905
)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a word of lower case ASCII letters; shorter ones than three letters stay as they are."""
    if len(word) < 3:
        return word
    word = _step_1(word)
    word = _replace(word, _STEP_2)
    word = _replace(word, _STEP_3)
    word = _step_4(word)
    return _step_5(word)


def _shape(word: str) -> str:
    """The word as v for vowels and c for consonants; y is a vowel after a consonant."""
    shape = ""
    for position, letter in enumerate(word):
        vowel = letter in "aeiou" or (letter == "y" and position > 0 and shape[-1] == "c")
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """How often a consonant follows a vowel: Porter's m."""
    return _shape(word).count("vc")


def _ends_short(word: str) -> bool:
    """Whether it ends consonant, vowel, consonant other than w, x, y: such words had an e (hop-ing is no hope-ing)."""
    return _shape(word).endswith("cvc") and word[-1] not in "wxy"


def _step_1(word: str) -> str:
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    word = _past_and_progress(word)
    if word.endswith("y") and "v" in _shape(word[:-1]):
        word = f"{word[:-1]}i"
    return word


def _past_and_progress(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        rest = word.removesuffix(ending)
        if rest == word:
            continue
        if "v" not in _shape(rest):
            return word
        if rest.endswith(("at", "bl", "iz")):
            return f"{rest}e"
        if len(rest) > 1 and rest[-1] == rest[-2] and rest[-1] not in "lsz" and _shape(rest)[-1] == "c":
            return rest[:-1]
        return f"{rest}e" if _measure(rest) == 1 and _ends_short(rest) else rest
    return word


def _replace(word: str, endings: dict[str, str]) -> str:
    for ending, instead in endings.items():
        if word.endswith(ending):
            rest = word.removesuffix(ending)
            return f"{rest}{instead}" if _measure(rest) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            rest = word.removesuffix(ending[1:] if ending in {"sion", "tion"} else ending)
            return rest if _measure(rest) > 1 else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        if _measure(rest) > 1 or (_measure(rest) == 1 and not _ends_short(rest)):
            word = rest
    if word.endswith("ll") and _measure(word) > 1:
        word = word[:-1]
    return word
