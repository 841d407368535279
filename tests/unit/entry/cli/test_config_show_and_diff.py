"""What is set, where it comes from, and how it differs from the defaults or from an older file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Outcome, Place

HIDDEN = "hidden-word"


def shown(place: Place, *arguments: str, **variables: str) -> dict[str, dict[str, Any]]:
    done = place.homeport("config", "show", "--json", *arguments, **variables)
    assert (done.status, done.err) == (0, "")
    return {one["name"]: one for one in done.json}


def differences(place: Place, *arguments: str, **variables: str) -> dict[str, dict[str, Any]]:
    done = place.homeport("config", "diff", "--json", *arguments, **variables)
    assert (done.status, done.err) == (0, "")
    return {one["name"]: one for one in done.json}


def test_what_is_changed_is_shown_with_the_place_it_comes_from(bare_place: Place) -> None:
    Path("password").write_text(HIDDEN)
    Path(".env").write_text(
        "DB_HOST=db\nDB_PORT=5433\nLOG_LEVEL=info\nDB_PASSWORD_FILE=password\nGITHUB_CLIENT_SECRET=x\n"
    )
    found = shown(bare_place, DB_PORT="5434")
    assert found.pop("HOMEPORT_DATA_DIR")["origin"] == "environment"
    assert {name: (one["value"], one["origin"], one["status"]) for name, one in found.items()} == {
        "DB_HOST": ("db", "file .env", "works"),
        "DB_PORT": ("5434", "environment", "works"),
        "LOG_LEVEL": ("info", "file .env", "works"),
        "DB_PASSWORD": ("***", "file password (named by DB_PASSWORD_FILE)", "works"),
        "GITHUB_CLIENT_SECRET": ("***", "file .env", "not_built"),
    }


def test_with_all_there_are_the_defaults_too_and_part_of_a_name_is_enough(bare_place: Place) -> None:
    found = shown(bare_place, "login-lockout", "--all")
    assert found == {
        "LOGIN_LOCKOUT_DURATION": {
            "name": "LOGIN_LOCKOUT_DURATION", "value": "86400", "origin": "default", "default": True, "status": "works",
        }
    }  # fmt: skip
    same = shown(bare_place, "lockout", "--all", LOGIN_LOCKOUT_DURATION="86400")
    assert (same["LOGIN_LOCKOUT_DURATION"]["origin"], same["LOGIN_LOCKOUT_DURATION"]["default"]) == (
        "environment",
        True,
    )
    assert shown(bare_place, "lockout", LOGIN_LOCKOUT_DURATION="86400") == {}
    assert len(shown(bare_place, "--all")) > 150


def test_no_secret_is_shown_wherever_it_stands(bare_place: Place) -> None:
    secret = {
        "SECRET_KEY": HIDDEN,
        "DB_PASSWORD": HIDDEN,
        "CELERY_BROKER_URL": f"redis://:{HIDDEN}@redis:6379/1",
        "SSRF_PROXY_ALL_URL": f"http://me:{HIDDEN}@squid:3128",
        "OPENDAL_S3_SECRET_ACCESS_KEY": HIDDEN,
        "WEAVIATE_API_KEY": HIDDEN,
    }
    for command in (("show", "--all"), ("diff",), ("check",), ("show", "--json"), ("diff", "--json")):
        done = bare_place.homeport("config", *command, **secret)
        assert (done.status, HIDDEN in done.out + done.err) == (0, False), command


def test_people_read_one_line_per_setting(bare_place: Place) -> None:
    Path(".env").write_text("DB_PORT=5433\nNGINX_PORT=80\nCELERY_BACKEND=database\n")
    assert bare_place.homeport("config", "show", "--all", "nginx_port").out == (
        "NGINX_PORT  80  (file .env, the default, read by another program)\n"
    )
    assert bare_place.homeport("config", "show", "db_port").out == "DB_PORT  5433  (file .env)\n"
    assert "  database  (file .env, read by nothing)\n" in bare_place.homeport("config", "show").out
    assert bare_place.homeport("config", "show", "redis").out == (
        'None of the settings with "REDIS" in their names is changed; see the defaults with --all.\n'
    )


def test_values_that_are_not_accepted_and_files_that_are_not_there_are_shown_all_the_same(bare_place: Place) -> None:
    found = shown(bare_place, DB_PORT="x", DB_PASSWORD_FILE="/no/such/file")
    assert found["DB_PORT"]["value"] == "x"
    assert found["DB_PASSWORD"]["value"].startswith("(cannot be read: ")


def test_against_the_defaults_what_is_changed_is_told_with_both_values(bare_place: Place) -> None:
    Path(".env").write_text(
        "SQLALCHEMY_POOL_SIZE=50\nMIGRATION_ENABLED=True\nDB_HOST=db\nDB_PASWORD=x\nSENTRY_DSM=y\n"
        "API_SENTRY_DSN=z\nCELERY_BACKEND=redis\nFOO=bar\n"
    )
    found = differences(bare_place)
    found.pop("HOMEPORT_DATA_DIR")
    told = {name: (one["kind"], one["before"], one["after"], one["instead"]) for name, one in found.items()}
    assert told == {
        "SQLALCHEMY_POOL_SIZE": ("changed", "30", "50", None),
        "DB_HOST": ("changed", None, "db", None),
        "DB_PASWORD": ("unknown", None, "x", "DB_PASSWORD"),
        "SENTRY_DSM": ("unknown", None, "y", "SENTRY_DSN"),
        "API_SENTRY_DSN": ("renamed", None, "***", "SENTRY_DSN"),
        "CELERY_BACKEND": ("deprecated", "redis", "redis", None),
    }


OLDER = "DB_HOST=db\nDB_PORT=5432\nSECRET_KEY=one\nLOG_FILE=\nREDIS_PASSWORD=same\nFOO=1\n"
NEWER = "DB_HOST=other\nSECRET_KEY=two\nLOG_FILE=/var/log/x\nREDIS_PASSWORD=same\nFOO=2\nLOG_LEVL=DEBUG\n"


def test_against_an_older_file_it_is_told_what_came_went_and_changed(bare_place: Place) -> None:
    Path("old.env").write_text(OLDER)
    Path(".env").write_text(NEWER)
    bare_place.variables.pop("HOMEPORT_DATA_DIR")
    assert bare_place.homeport("config", "diff", "--against", "old.env") == Outcome(
        0,
        "changed    DB_HOST=other (was db)\n"
        "removed    DB_PORT=5432\n"
        "changed    FOO=2 (was 1)\n"
        "added      LOG_FILE=/var/log/x\n"
        "unknown    LOG_LEVL: did you mean LOG_LEVEL?\n"
        "changed    SECRET_KEY=***\n",
        "",
    )
    assert bare_place.homeport("config", "diff", "--env-file", "old.env", "--against", "old.env").out == (
        "There is no difference.\n"
    )


def test_names_an_older_file_has_for_what_is_called_otherwise_now_are_told(bare_place: Place) -> None:
    Path("old.env").write_text("API_SENTRY_DSN=https://x@y/1\nAMPLITUDE_API_KEY=k\n")
    bare_place.variables.pop("HOMEPORT_DATA_DIR")
    assert bare_place.homeport("config", "diff", "--env-file", "old.env").out == (
        "deprecated AMPLITUDE_API_KEY: nothing reads it. The console reports to nobody.\n"
        "renamed    API_SENTRY_DSN: its name is SENTRY_DSN now\n"
    )


@pytest.mark.parametrize("arguments", [("--against", "none.env"), ("--env-file", "none.env")])
def test_a_file_that_is_not_there_is_said(bare_place: Place, arguments: tuple[str, ...]) -> None:
    assert bare_place.homeport("config", "diff", *arguments) == Outcome(1, "", "There is no file none.env.\n")


def test_a_file_that_is_no_text_is_said(bare_place: Place) -> None:
    Path("binary.env").write_bytes(b"DB_HOST=\xff\xfe")
    done = bare_place.homeport("config", "show", "--env-file", "binary.env")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("The file binary.env cannot be read: ")
