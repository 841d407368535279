"""What code gives back is of the declared type and within the limits, or refused with its path."""

from __future__ import annotations

from typing import Any

import pytest

from homeport.backends.sandbox.check_result import Declared, ResultCheck
from homeport.backends.sandbox.errors import InvalidResult
from homeport.backends.sandbox.settings import SandboxSettings

CHECK = ResultCheck(SandboxSettings())
NESTED = {"a": Declared("object", {"b": Declared("array[object]", {"c": Declared("number")})})}


def of(kind: str) -> dict[str, Declared]:
    return {"x": Declared(kind)}


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("string", "text", "text"),
        ("string", "nul\0cut", "nulcut"),
        ("string", "a" * 400_000, "a" * 400_000),
        ("number", 2**63 - 1, 2**63 - 1),
        ("number", 1 - 2**63, 1 - 2**63),
        ("number", 0.1, 0.1),
        ("boolean", True, True),
        ("boolean", 0, False),
        ("object", {"any": [1, 2], "thing": None}, {"any": [1, 2], "thing": None}),
        ("array[string]", ["a"] * 30, ["a"] * 30),
        ("array[number]", [1, 2.5], [1, 2.5]),
        ("array[object]", [{"a": 1}], [{"a": 1}]),
        ("array[boolean]", [True, False], [True, False]),
        ("array[string]", [], []),
        ("string", None, None),
        ("array[object]", None, None),
    ],
)
def test_a_value_of_its_declared_type_is_kept(kind: str, value: Any, kept: Any) -> None:
    assert CHECK.declared({"x": value}, of(kind)) == {"x": kept}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("string", 1, "a number in x; accepted is a text"),
        ("string", "a" * 400_001, "400001 characters in x"),
        ("number", "1", "a text in x; accepted is a number"),
        ("number", True, "true or false in x; accepted is a number"),
        ("number", 2**63, "out of range"),
        ("number", -(2**63), "out of range"),
        ("number", float("inf"), "no number"),
        ("number", float("nan"), "no number"),
        ("number", 1e-21, "decimal places"),
        ("boolean", "true", "accepted is true or false"),
        ("boolean", 2, "accepted is true or false"),
        ("object", [], "a list in x; accepted is an object"),
        ("array[string]", {}, "an object in x; accepted is a list"),
        ("array[string]", ["a"] * 31, "31 values in x"),
        ("array[object]", [{}] * 31, "31 values in x"),
        ("array[number]", [1] * 1001, "1001 values in x"),
        ("array[number]", [1, "2"], "x[1]"),
        ("array[object]", [{"a": 1}, 3], "x[1]"),
        ("object", {"a": {"b": {"c": {"d": {"e": 1}}}}}, "deeper than 5"),
        ("object", {"a": [1, "2"]}, "mixes types"),
        ("picture", "x", "no type of an output"),
    ],
)
def test_a_value_that_lies_about_its_type_is_refused(kind: str, value: Any, said: str) -> None:
    with pytest.raises(InvalidResult) as caught:
        CHECK.declared({"x": value}, of(kind))
    assert said in str(caught.value)


def test_every_declared_output_must_be_there_and_others_are_dropped() -> None:
    assert CHECK.declared({"x": "a", "y": 1}, of("string")) == {"x": "a"}
    with pytest.raises(InvalidResult, match="no x, which is declared"):
        CHECK.declared({"y": 1}, of("string"))


def test_what_is_declared_inside_an_object_is_checked_too() -> None:
    assert CHECK.declared({"a": {"b": [{"c": 1, "d": 2}], "e": 0}}, NESTED) == {"a": {"b": [{"c": 1}]}}
    with pytest.raises(InvalidResult, match=r"a\.b\[0\]\.c"):
        CHECK.declared({"a": {"b": [{"c": "1"}]}}, NESTED)


def test_without_declared_outputs_types_are_taken_as_they_come() -> None:
    result = {"t": "x", "n": 1, "b": True, "o": {"k": ["a"]}, "l": [{"a": 1}], "none": None}
    assert CHECK.declared(result, {}) == result
    with pytest.raises(InvalidResult, match="31 values"):
        CHECK.declared({"l": ["a"] * 31}, {})
