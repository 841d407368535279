"""Secrets that everybody knows are told, whoever uses them; the master key is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from homeport.entry.published_secrets import find_published, warn_of_published
from homeport.runtime.config.sources import Sources

SAMPLE = "difyai123456"


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, []),
        ({"DB_PASSWORD": SAMPLE}, []),  # the database is a file
        ({"DB_PASSWORD": SAMPLE, "DB_HOST": "db"}, ["DB_PASSWORD"]),
        ({"DB_PASSWORD": SAMPLE, "DB_HOST": "db", "DB_TYPE": "mysql"}, ["DB_PASSWORD"]),
        ({"DB_PASSWORD": "own", "DB_HOST": "db"}, []),
        ({"REDIS_PASSWORD": SAMPLE}, ["REDIS_PASSWORD"]),
        ({"CELERY_BROKER_URL": f"redis://:{SAMPLE}@redis:6379/1"}, ["CELERY_BROKER_URL"]),
        ({"CELERY_BROKER_URL": "redis://:own@redis:6379/1"}, []),
        ({"CELERY_BROKER_URL": "redis://[no address"}, []),
        ({"QDRANT_API_KEY": SAMPLE}, []),  # not the store in use
        ({"QDRANT_API_KEY": SAMPLE, "VECTOR_STORE": "qdrant"}, ["QDRANT_API_KEY"]),
        ({"PGVECTOR_PASSWORD": "postgres", "VECTOR_STORE": "pgvector"}, ["PGVECTOR_PASSWORD"]),
        ({"PLUGIN_DAEMON_KEY": "lYkiYYT6owG+71oLerGzA7GXCgOT++6ovaezWAjpCjf+Sjc3ZtU+qUEi"}, ["PLUGIN_DAEMON_KEY"]),
        ({"SANDBOX_API_KEY": "dify-sandbox", "CODE_EXECUTION_API_KEY": "dify-sandbox"},
         ["CODE_EXECUTION_API_KEY", "SANDBOX_API_KEY"]),
    ],
)  # fmt: skip
def test_published_secrets_are_found_where_they_guard_something(variables: dict[str, str], found: list[str]) -> None:
    assert find_published(Sources(variables)) == found


def test_a_secret_from_a_file_is_looked_at_and_an_unreadable_one_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SAMPLE}\n")
    assert find_published(Sources({"REDIS_PASSWORD_FILE": str(tmp_path / "password")})) == ["REDIS_PASSWORD"]
    assert find_published(Sources({"REDIS_PASSWORD_FILE": str(tmp_path / "none")})) == []


def test_the_log_names_the_variables_and_not_their_values() -> None:
    with capture_logs() as logs:
        warn_of_published(Sources({"REDIS_PASSWORD": SAMPLE}))
        warn_of_published(Sources({"REDIS_PASSWORD": "own"}))
    [line] = logs
    assert (line["log_level"], line["variables"]) == ("warning", ["REDIS_PASSWORD"])
    assert SAMPLE not in str(line)
