"""Every established variable is known, with its type, default and bounds; where we differ, the reason stands below."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from homeport.entry.known_settings import KnownSetting, check, find
from tests.contract.settings.deviations import BOUNDS, DEFAULTS, REFUSED, TYPES

_WORDS = {
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "path": "path",
    "duration": "duration",
    "HttpUrl": "address",
    "list": "list",
    "Literal": "one of",
}
_TEXTS = {"text", "secret text", "path", "address", "list", "one of"}
_BOUNDS = {">": "above", ">=": "at least", "<": "below"}
_WRONG = {
    "whole number": "abc",
    "number": "abc",
    "true or false": "maybe",
    "one of": "no-such-choice",
    "address": "no-address",
    "duration": "soon",
}


@dataclass(frozen=True)
class Established:
    """A line of `established.csv`."""

    name: str
    type: str
    default: str
    constraint: str
    config_class: str
    used_by: str


@cache
def established() -> list[Established]:
    file = Path(__file__).with_name("established.csv")
    with file.open(encoding="utf-8", newline="") as lines:
        return [Established(**row) for row in csv.DictReader(lines)]


def known(name: str) -> KnownSetting:
    one = find(name)
    assert one is not None, f"{name} is not known: add a field to its room's section, or a row under recognised/"
    return one


def plain(text: str) -> str:
    """Numbers and switches without the difference of spelling."""
    if text.lower() in {"true", "false"}:
        return text.lower()
    try:
        return str(float(text))
    except ValueError:
        return text


def expected_words(kind: str) -> set[str]:
    """Types in words that agree with an established type; a variable read by a shell may have any."""
    base = re.sub(r"\s*(\||\(|\[).*", "", kind)
    if kind == "shell":
        return {*_WORDS.values(), *_TEXTS}
    if kind.endswith(" list"):
        return {"list"}
    return _TEXTS if base == "str" else {_WORDS[base]}


def choices(row: Established) -> list[str]:
    """The values that an established type enumerates."""
    listed = re.search(r"[\[(](.+[,|].+)[\])]", row.type)
    return [choice.strip() for choice in re.split(r"[,|]", listed[1])] if listed else []


each = pytest.mark.parametrize("row", established(), ids=lambda row: row.name)


def type_agrees(row: Established, one: KnownSetting) -> bool:
    return one.type in expected_words(row.type)


def default_agrees(row: Established, one: KnownSetting) -> bool:
    """What a compose file hands over by itself is no default, and no secret has one."""
    return row.type == "shell" or plain(one.default) == plain(row.default) or (one.secret and not one.default)


def bound_agrees(row: Established, one: KnownSetting) -> bool:
    if row.constraint in {"", ">=1"}:
        return not row.constraint or one.accepted.startswith(("at least 1", "above 0"))
    sign = row.constraint.rstrip("0123456789.")
    return one.accepted.startswith(f"{_BOUNDS[sign]} {row.constraint.removeprefix(sign)}")


@each
def test_an_established_variable_is_known_and_agrees(row: Established) -> None:
    one = known(row.name)

    assert one.meaning.endswith(".")
    assert one.group
    # A deviation is declared, and leaves its table when it is gone.
    assert type_agrees(row, one) is (row.name not in TYPES)
    assert default_agrees(row, one) is (row.name not in DEFAULTS)
    assert bound_agrees(row, one) is (row.name not in BOUNDS)
    assert check(row.name, one.default) is None


@each
def test_an_established_default_is_accepted(row: Established) -> None:
    """So that an existing file works as it is."""
    assert check(row.name, row.default) is None


@pytest.mark.parametrize("row", [row for row in established() if choices(row)], ids=lambda row: row.name)
def test_each_established_choice_is_accepted_or_refused_with_a_reason(row: Established) -> None:
    refused = {choice for choice in choices(row) if check(row.name, choice) is not None}
    assert refused == set(REFUSED.get(row.name, ((), ""))[0])


@each
def test_a_wrong_value_is_told_in_one_sentence(row: Established) -> None:
    one = known(row.name)
    wrong = [_WRONG[one.type]] if one.type in _WRONG else []
    if one.accepted.startswith("above 0"):
        wrong.append("0")
    if one.accepted.startswith("at least 0"):
        wrong.append("-1")
    for text in wrong:
        sentence = check(row.name, text, "file .env")
        assert sentence is not None
        assert re.fullmatch(rf"{row.name} is '{text}' \(from file \.env\): accepted is .+\.", sentence)
        assert "\n" not in sentence


def test_the_value_of_a_secret_is_never_in_a_sentence() -> None:
    secrets = [one for row in established() if (one := find(row.name)) is not None and one.secret]
    assert len(secrets) > 50
    for one in secrets:
        for text in ("sk-" + "x" * 500, "ftp://user:sk-xxx@host"):
            assert "sk-x" not in (check(one.name, text) or "")


def test_all_are_here() -> None:
    assert len(established()) == 899
    assert len({row.name for row in established()}) == 899
