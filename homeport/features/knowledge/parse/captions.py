"""Subtitles (WebVTT, SubRip): what is said, without numbers and times."""

from __future__ import annotations

import html
import re

from homeport.features.knowledge.parse.decode import text_of
from homeport.features.knowledge.parse.source import Content, Source

_TIMES = re.compile(r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s*-->\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}")
_SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?\s+([^<>]+)>")
_MARKUP = re.compile(r"</?[a-zA-Z0-9][^<>]*>|\{\\[^{}]*\}")
_NOT_SAID = ("WEBVTT", "NOTE", "STYLE", "REGION")


def read(source: Source) -> Content:
    """One line per caption; a speaker stands before what is said ("Anna: Hello")."""
    text = text_of(source).replace("\r\n", "\n").replace("\r", "\n")
    said = [line for block in re.split(r"\n[ \t]*\n", text) if (line := _said(block))]
    # Rolling captions repeat the line before.
    return Content("\n".join(line for at, line in enumerate(said) if at == 0 or line != said[at - 1]))


def _said(block: str) -> str:
    lines = block.strip().split("\n")
    times = next((at for at, line in enumerate(lines) if _TIMES.search(line)), None)
    if times is None:
        if lines[0].startswith(_NOT_SAID):
            return ""
        times = -1
    words = " ".join(line.strip() for line in lines[times + 1 :])
    return html.unescape(_MARKUP.sub("", _SPEAKER.sub(r"\1: ", words))).strip()
