"""The committed OpenAPI documents are those of the code, complete and consistent in themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from homeport.entry.api import console_api, service_api
from homeport.entry.cli.openapi import command
from tests.support.source_tree import ROOT

SERVICE, CONSOLE = service_api().openapi(), console_api().openapi()
BOTH = pytest.mark.parametrize("document", [SERVICE, CONSOLE], ids=["service", "console"])
OPEN = {("get", "/setup"), ("post", "/setup"), ("post", "/login"), ("get", "/system")}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


@pytest.mark.parametrize(("options", "file"), [([], "openapi.json"), (["--console"], "openapi-console.json")])
def test_the_committed_document_is_the_one_of_the_code(options: list[str], file: str) -> None:
    printed = CliRunner().invoke(command, options)

    assert printed.exit_code == 0
    assert printed.stdout == (ROOT / "docs/reference" / file).read_text(encoding="utf-8"), "run: make openapi"


@BOTH
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


@BOTH
def test_every_operation_is_named_once_and_described(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert sorted(set(names)) == sorted(names)
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert operation["tags"], (method, path)


@BOTH
def test_every_operation_tells_its_errors_and_what_it_answers(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        answers = operation["responses"]
        assert "422" not in answers, (method, path)
        assert answers["default"] == {"$ref": "#/components/responses/Problem"}
        for parameter in operation.get("parameters", []):
            assert ("404" if parameter["in"] == "path" else "400") in answers, (method, path)
        [good] = [status for status in answers if status.startswith("2")]
        if good != "204" and not path.endswith("/preview"):
            for content in answers[good]["content"].values():
                assert content["schema"], (method, path)


@BOTH
def test_every_operation_but_the_first_ones_needs_a_key(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for method, path, operation in operations(document):
        if document is CONSOLE and (method, path) in OPEN:
            assert "security" not in operation
            continue
        [needed] = operation["security"]
        assert set(needed) <= set(schemes)
        assert {"401", "403"} <= set(operation["responses"])
        if document is CONSOLE:
            assert ("csrf_token" in needed) == (method != "get"), (method, path)


def test_the_routes_of_the_contract_are_there() -> None:
    there = {f"{method.upper()} {path}" for method, path, _ in operations(SERVICE)}

    assert {
        "POST /chat-messages",
        "POST /chat-messages/{task_id}/stop",
        "POST /completion-messages",
        "POST /completion-messages/{task_id}/stop",
        "GET /messages",
        "POST /messages/{message_id}/feedbacks",
        "GET /messages/{message_id}/suggested",
        "GET /app/feedbacks",
        "GET /conversations",
        "DELETE /conversations/{conversation_id}",
        "POST /conversations/{conversation_id}/name",
        "GET /parameters",
        "GET /info",
        "GET /meta",
        "GET /site",
        "POST /files/upload",
        "GET /files/{file_id}/preview",
        "GET /datasets",
        "POST /datasets",
        "GET /datasets/{dataset_id}",
        "PATCH /datasets/{dataset_id}",
        "DELETE /datasets/{dataset_id}",
        "POST /datasets/{dataset_id}/document/create-by-text",
        "POST /datasets/{dataset_id}/document/create-by-file",
        "GET /datasets/{dataset_id}/documents",
        "POST /datasets/{dataset_id}/retrieve",
    } <= there
