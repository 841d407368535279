"""The rules of an input form: what passes, what becomes of it, and the sentence for what does not."""

from __future__ import annotations

from typing import Any

import pytest

from homeport.features.apps.check_inputs import check_inputs
from homeport.features.apps.configuration import read_document
from homeport.features.apps.errors import AppUnavailable
from homeport.runtime.errors import InvalidInput


def checked(kind: str, value: Any, **field: Any) -> Any:
    """What becomes of `value` in a form of one field."""
    form = [{kind: {"variable": "v", "label": "V", **field}}]
    return check_inputs(read_document({"user_input_form": form}), {"v": value, "other": "dropped"})


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text-input", "text", "text"),
        ("text-input", "", ""),
        ("paragraph", "a\nb", "a\nb"),
        ("number", 7, 7),
        ("number", 7.5, 7.5),
        ("number", "7", 7),
        ("number", "-7.5", -7.5),
        ("number", "1e3", 1000.0),
        ("number", "", None),
        ("number", 10**30, 1e30),
        ("number", str(10**30), 1e30),
        ("checkbox", True, True),
        ("checkbox", False, False),
        ("checkbox", "true", True),
        ("checkbox", "False", False),
        ("checkbox", 1, True),
        ("checkbox", "0", False),
        ("json_object", {"a": [1]}, {"a": [1]}),
        ("json_object", '{"a": [1]}', {"a": [1]}),
        ("external_data_tool", "anything", "anything"),
        ("file", None, None),
    ],
)
def test_a_value_of_the_fields_type_passes(kind: str, value: Any, expected: Any) -> None:
    assert checked(kind, value) == {"v": expected}


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("text-input", 7, "v in input form must be a string"),
        ("paragraph", ["a"], "v in input form must be a string"),
        ("select", 7, "v in input form must be a string"),
        ("number", "seven", "v in input form must be a valid number"),
        ("number", True, "v in input form must be a number"),
        ("number", [7], "v in input form must be a number"),
        ("number", "nan", "v in input form must be a valid number"),
        ("number", "1e999", "v in input form must be a finite number"),
        ("number", 10**400, "v in input form must be a valid number"),
        ("checkbox", "maybe", "v in input form must be a boolean value"),
        ("checkbox", [], "v in input form must be a boolean value"),
        ("json_object", "[1]", "v in input form must be a JSON object"),
        ("json_object", "{broken", "v in input form must be a JSON object"),
        ("json_object", '{"a":' * 100_000, "v in input form must be a JSON object"),
        ("json_object", 7, "v in input form must be a JSON object"),
        ("file", {"type": "image"}, "v in input form is a file, which this version does not hand to models"),
        ("file-list", [{"type": "image"}], "v in input form is a file, which this version does not hand to models"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(kind, value)
    assert refused.value.message == message


def test_a_required_value_must_be_there_but_a_required_text_may_be_empty() -> None:
    with pytest.raises(InvalidInput, match="v is required in input form"):
        checked("text-input", None, required=True)
    assert checked("text-input", "", required=True) == {"v": ""}
    with pytest.raises(InvalidInput, match="must be one of the following"):
        checked("select", "", required=True, options=["a"])


def test_an_absent_optional_value_is_null_or_its_default() -> None:
    assert checked("text-input", None) == {"v": None}
    assert checked("text-input", None, default="x") == {"v": "x"}
    assert checked("number", None, default=3) == {"v": 3}


def test_texts_have_their_length_and_choices_their_options() -> None:
    assert checked("text-input", "abc", max_length=3) == {"v": "abc"}
    with pytest.raises(InvalidInput, match="v in input form must be less than 3 characters"):
        checked("paragraph", "abcd", max_length=3)
    assert checked("select", "b", options=["a", "b"]) == {"v": "b"}
    assert checked("select", "", options=["a", "b"]) == {"v": ""}
    with pytest.raises(InvalidInput, match=r"must be one of the following: \['a', 'b'\]"):
        checked("select", "c", options=["a", "b"])


def test_inputs_that_are_not_in_the_form_are_dropped() -> None:
    assert check_inputs(read_document({}), {"a": 1}) == {}


def test_a_document_of_another_version_is_read_with_its_nulls_and_unknown_keys() -> None:
    document = {
        "agent_mode": {"enabled": False, "strategy": None},
        "opening_statement": None,
        "suggested_questions": None,
        "speech_to_text": None,
        "file_upload": None,
        "model": {"provider": "openai", "name": "gpt", "completion_params": None, "features": ["vision"]},
        "user_input_form": [{"text-input": {"variable": "a", "max_length": "", "options": None, "hint": "x"}}],
        "dataset_configs": {"retrieval_model": "multiple", "top_k": None, "datasets": None},
    }

    read = read_document(document).model_dump()

    assert read["agent_mode"] == {"enabled": False, "strategy": None}
    assert (read["opening_statement"], read["suggested_questions"]) == ("", [])
    assert read["speech_to_text"] == {"enabled": False}
    assert read["model"]["features"] == ["vision"]
    assert read["model"]["completion_params"] == {}
    assert read["user_input_form"][0]["text-input"]["hint"] == "x"
    assert read["dataset_configs"]["top_k"] == 4


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"prompt_type": "odd"}, "prompt_type"),
        ({"user_input_form": [{"text-input": {}}]}, "user_input_form.0.text-input.variable"),
        ({"dataset_configs": {"top_k": 0}}, "dataset_configs.top_k"),
        ({"dataset_configs": {"datasets": {"datasets": [{"dataset": {}}]}}}, "dataset_configs.datasets.datasets.0"),
        ({"model": "gpt"}, "model"),
    ],
)
def test_a_document_that_cannot_be_read_names_the_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(AppUnavailable) as refused:
        read_document(document)
    assert refused.value.message.startswith(f"model_config.{place}")
