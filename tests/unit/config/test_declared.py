"""What is declared as working is read by the code; what is recognised is in one table, once, and well formed."""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

import pytest

from homeport.entry.known_settings import check, find, known_settings, sections
from homeport.entry.recognised.read_tables import TYPES, Row, Status, read_tables
from tests.support.source_tree import committed_files, modules, name

_DEPLOYMENT = ("deploy/", "sandbox/", "console/")


@cache
def source() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in modules())


@cache
def deployment() -> str:
    """The files of the programs beside the server."""
    files = [file for file in committed_files() if name(file).startswith(_DEPLOYMENT)]
    files = [file for file in files if file.suffix not in {".png", ".md", ".example"}]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


rows = list(read_tables())
each_row = pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


@pytest.mark.parametrize("section", sections().values(), ids=lambda section: section.__name__)
def test_every_setting_that_works_is_read(section: type) -> None:
    fields = section.model_fields  # type: ignore[attr-defined]
    assert [field for field in fields if not re.search(rf"[.\"']{field}\b", source())] == []


@pytest.mark.parametrize("section", sections().values(), ids=lambda section: section.__name__)
def test_every_setting_that_works_is_described(section: type) -> None:
    for field in section.model_fields.values():  # type: ignore[attr-defined]
        assert field.description
        assert not field.is_required()


def test_no_name_stands_in_two_places() -> None:
    names = [row.name for row in rows]
    fields = [field.upper() for section in sections().values() for field in section.model_fields]
    both = {one for one in [*names, *fields] if [*names, *fields].count(one) > 1}
    assert both == set(), "when a room is built, its rows leave homeport/entry/recognised"


@each_row
def test_a_row_is_well_formed(row: Row) -> None:
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", row.name)
    assert row.type in TYPES or (row.type == "choice" and "|" in row.constraint)
    assert row.status in get_args(Status)
    assert row.meaning
    assert row.group
    assert bool(row.read_by) is (row.status != "dead")
    assert not (row.type == "secret" and row.default)
    assert check(row.name, row.default) is None


@pytest.mark.parametrize("row", [row for row in rows if row.status == "elsewhere"], ids=lambda row: row.name)
def test_what_is_said_to_be_read_elsewhere_is_read_there(row: Row) -> None:
    assert re.search(rf"\b{row.name}\b", deployment()) or re.search("reads? it", row.note)


def test_a_known_name_is_found_with_its_file_and_below_a_prefix() -> None:
    password, option, file = find("DB_PASSWORD"), find("OPENDAL_S3_SECRET_ACCESS_KEY"), find("DB_PASSWORD_FILE")
    assert password is not None and option is not None and file is not None  # noqa: PT018
    assert (password.secret, option.secret, file.secret) == (True, True, False)
    assert (option.type, option.prefix, file.type) == ("secret text", False, "path")
    assert find("OPENDAL_FS_ROOT") is not None
    assert find("NO_SUCH_NAME") is find("NO_SUCH_NAME_FILE") is None


def test_an_unknown_or_empty_value_is_not_wrong() -> None:
    assert check("NO_SUCH_NAME", "x") is check("DB_PORT", "") is check("OPENDAL_FS_ROOT", "x") is None


def test_a_field_without_effect_says_so() -> None:
    one = known_settings()["REDIS_ENABLE_CLIENT_SIDE_CACHE"]
    assert (one.status, one.note) == ("dead", "The asynchronous client keeps no local copies.")


def test_known_settings_that_work_stand_first() -> None:
    working = [one.status == "works" for one in known_settings().values()]
    assert working == sorted(working, reverse=True)
