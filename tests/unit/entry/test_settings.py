"""The settings of the whole application: every section has its defaults, and says what is wrong with its values."""

from __future__ import annotations

import re

import pytest
from pydantic.fields import FieldInfo

from homeport.entry.settings import Settings, read_settings
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.section import Section
from homeport.runtime.config.sources import Sources

SECTIONS: dict[str, type[Section]] = {
    name: field.annotation for name, field in Settings.model_fields.items() if isinstance(field.annotation, type)
}
FIELDS = [(section, name, field) for section, kind in SECTIONS.items() for name, field in kind.model_fields.items()]
#: What no number, switch or choice accepts.
NONSENSE = "\u2603 nonsense"


def refuses_nonsense(field: FieldInfo) -> bool:
    kind = str(field.annotation)
    return "str" not in kind and any(word in kind for word in ("int", "float", "bool", "Literal"))


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings(Sources({}))

    assert settings.database.kind == "sqlite"
    assert settings.deployment.dify_port == 5001


@pytest.mark.parametrize(("section", "name", "field"), FIELDS, ids=[f"{section}.{name}" for section, name, _ in FIELDS])
def test_every_setting_has_a_description_and_a_default(section: str, name: str, field: FieldInfo) -> None:
    assert not field.is_required()
    assert field.description or field.metadata, f"{section}.{name}"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


def test_no_variable_belongs_to_two_sections() -> None:
    names = [name for _, name, _ in FIELDS]

    assert sorted(set(names)) == sorted(names)


def test_every_section_tells_its_wrong_values_all_at_once() -> None:
    wrong = {name.upper() for _, name, field in FIELDS if refuses_nonsense(field)}
    assert len(wrong) > 20

    with pytest.raises(ConfigurationError) as refused:
        read_settings(Sources(dict.fromkeys(wrong, NONSENSE)))

    told = {problem.split(" is ")[0] for problem in refused.value.problems}
    assert told == wrong
    for problem in refused.value.problems:
        assert re.fullmatch(r"[A-Z0-9_]+ is .+ \(from environment\): .+\.", problem), problem
        assert "Input should" not in problem


def test_a_published_sample_key_is_refused_without_showing_it() -> None:
    key = "sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U"

    with pytest.raises(ConfigurationError) as refused:
        read_settings(Sources({"SECRET_KEY": key}))

    assert key not in str(refused.value)
    assert "SECRET_KEY is (hidden)" in str(refused.value)
