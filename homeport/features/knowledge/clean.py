"""Tidies the text of a document before it is cut into segments."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What no text needs and databases or models stumble over: control characters, lone surrogates, byte order marks.
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u200b\u2060]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")

# More than one, or one that is not the plain space.
_SPACES = re.compile(
    "[ \t\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]{2,}|[\t\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]"
)
_MANY_LINES = re.compile("\n{3,}")

# [text](address "title") and ![text](address): the text stays. One level of brackets inside the text.
_LINK = re.compile(
    r"!?\[((?:[^\[\]]|\[[^\[\]]*+\]){0,1000}+)\]"
    r"\(\s*+<?(?:https?|ftp|mailto):[^\s()<>]*+(?:\([^\s()]*+\)[^\s()<>]*+)*+>?[^()\n]*+\)"
)
_ADDRESS = re.compile(
    r"<?\b(?:https?|ftp)://[^\s<>\"'`{}|\\^\[\]\u3000-\u303f\uff00-\uffef]+>?|\bwww\.[\w-]+(?:\.[\w-]+)+[^\s<>\"'`\[\]]*",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"<?(?:\bmailto:)?\b[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b>?", re.IGNORECASE)
_CLOSING = ".,;:!?)*_"


@dataclass(frozen=True, slots=True)
class CleanRules:
    """Which optional rules apply; the automatic mode's by default."""

    remove_extra_spaces: bool = True
    remove_urls_emails: bool = False


def clean_text(text: str, rules: CleanRules) -> str:
    """`text` without control characters, with `\\n` line ends, and tidied by `rules`.

    `remove_extra_spaces`: three and more line ends become two; spaces, tabs and the odd spaces of Unicode become one
    space; none stay before a line end. `remove_urls_emails`: web and mail addresses go; the text of a Markdown link
    stays.
    """
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    if rules.remove_urls_emails:
        if "](" in text:
            text = _LINK.sub(r"\1", text)
        if "://" in text or "www." in text.lower():
            text = _ADDRESS.sub(_but_what_closes, text)
        if "@" in text:
            text = _EMAIL.sub("", text)
    if rules.remove_extra_spaces:
        text = _SPACES.sub(" ", text).replace(" \n", "\n")
        text = _MANY_LINES.sub("\n\n", text)
    return text


def _but_what_closes(match: re.Match[str]) -> str:
    """Punctuation at the end of an address belongs to the sentence around it."""
    found = match.group()
    return found[len(found.rstrip(_CLOSING)) :]
