"""One log: readable on a terminal, JSON elsewhere, with ids and without secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.section import Section
from homeport.runtime.config.sources import Sources
from homeport.runtime.ops.logs import (
    LogFileError,
    bind_job_id,
    bind_request_id,
    bound_request_id,
    configure_logs,
    unbind_ids,
)
from homeport.runtime.ops.mask import is_secret_name, mask_text
from homeport.runtime.ops.settings import LoggingSettings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the process' logging as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
    unbind_ids()


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def configured(stream: io.StringIO | None = None, **values: object) -> io.StringIO:
    output = stream or io.StringIO()
    configure_logs(LoggingSettings.model_validate(values), stream=output)
    return output


def test_lines_are_json_when_nobody_is_looking() -> None:
    output = configured()
    structlog.get_logger("homeport.x").info("document %s indexed", "a.txt", segments=3)
    [line] = logged(output)
    moment = line.pop("timestamp")
    assert moment.endswith("Z")
    assert line == {"event": "document a.txt indexed", "segments": 3, "level": "info", "logger": "homeport.x"}


def test_lines_are_text_on_a_terminal() -> None:
    output = configured(Terminal())
    structlog.get_logger("homeport.x").warning("disk nearly full", free=3)
    assert "disk nearly full" in output.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(output.getvalue())


def test_the_setting_decides_over_the_terminal() -> None:
    output = configured(Terminal(), log_output_format="json")
    structlog.get_logger().info("x")
    assert logged(output)[0]["event"] == "x"


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "sqlalchemy.engine", "celery", "anything"])
def test_lines_of_libraries_go_the_same_way_once(name: str) -> None:
    logging.getLogger(name).addHandler(logging.NullHandler())
    output = configured()
    logging.getLogger(name).warning("from %s", "elsewhere", extra={"password": "hidden", "size": 3})
    [line] = logged(output)
    assert (line["event"], line["logger"], line["size"]) == ("from elsewhere", name, 3)
    assert "hidden" not in output.getvalue()


def test_lines_below_the_level_are_left_out_and_a_level_may_be_in_small_letters() -> None:
    output = configured(log_level="warning")
    structlog.get_logger("a").info("left out")
    logging.getLogger("b").info("left out")
    structlog.get_logger("a").error("kept")
    assert [line["event"] for line in logged(output)] == ["kept"]


def test_the_http_client_does_not_log_the_addresses_it_visits() -> None:
    output = configured(log_level="DEBUG")
    logging.getLogger("httpx").info("HTTP Request: GET https://host/?key=secret")
    assert output.getvalue() == ""


def test_an_exception_comes_with_its_traceback_and_without_its_secrets() -> None:
    output = configured()
    try:
        raise RuntimeError("could not open postgresql://me:hidden@db/homeport")
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed too")
    own, foreign = logged(output)
    for line in (own, foreign):
        assert "RuntimeError: could not open postgresql://***@db/homeport" in line["exception"]
    assert "hidden" not in output.getvalue()


async def test_ids_follow_the_task_in_which_they_were_bound() -> None:
    output = configured()

    async def request(name: str) -> None:
        bind_request_id(name)
        await asyncio.sleep(0)
        assert bound_request_id() == name
        logging.getLogger("library").info("inside %s", name)

    await asyncio.gather(request("r-1"), request("r-2"))
    assert bound_request_id() is None
    bind_job_id("j-1")
    structlog.get_logger().info("working")
    unbind_ids()
    structlog.get_logger().info("idle")
    lines = {line["event"]: (line.get("request_id"), line.get("job_id")) for line in logged(output)}
    assert lines == {
        "inside r-1": ("r-1", None),
        "inside r-2": ("r-2", None),
        "working": (None, "j-1"),
        "idle": (None, None),
    }


@pytest.mark.parametrize(
    "name",
    [
        "api_key", "apiKey", "API-Key", "x_api_key", "OPENAI_API_KEY", "password", "db_password", "Authorization",
        "token", "access_token", "refreshToken", "secret", "SECRET_KEY", "client_secret", "set-cookie", "private_key",
        "credentials",
    ],
)  # fmt: skip
def test_values_under_telling_names_are_masked_at_any_depth(name: str) -> None:
    output = configured()
    structlog.get_logger().info("x", **{name: "hidden"})
    structlog.get_logger().info("x", request={"headers": [{name: ["hidden"]}]})
    assert len(logged(output)) == 2
    assert "hidden" not in output.getvalue()
    assert "***" in output.getvalue()


@pytest.mark.parametrize("name", ["prompt_tokens", "max_tokens", "tokenizer", "secretary", "key", "keyword", "event"])
def test_harmless_names_are_not_masked(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:pw@host:6379/0 gone", "redis://***@host:6379/0 gone"),
        ("mysql+asyncmy://u:p%40@h/x", "mysql+asyncmy://***@h/x"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer ***"),
        ("key sk-abcdefghijklmnopqrstuv refused", "key sk-*** refused"),
        ("GET /x?a=1&api_key=abc&b=2", "GET /x?a=1&api_key=***&b=2"),
        ("https://host/a@b mail me@example.com", "https://host/a@b mail me@example.com"),
    ],
)
def test_credentials_inside_a_text_are_masked(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_anything_can_be_logged() -> None:
    output = configured()
    circular: dict[str, Any] = {}
    circular["self"] = circular
    structlog.get_logger().info(
        "x", thing=object(), number=10**30, names={1: b"\xff"}, circular=circular, path=Path("a")
    )
    structlog.get_logger().info("surrogate \ud800")
    assert len(output.getvalue().splitlines()) == 2


def test_an_operators_own_pattern_is_honoured() -> None:
    output = configured(
        log_output_format="text",
        log_format="%(asctime)s|%(levelname)s|%(filename)s|%(req_id)s|%(trace_id)s|%(message)s",
        log_dateformat="%Z",
        log_tz="Asia/Tokyo",
    )
    bind_request_id("r-1")
    structlog.get_logger("homeport.x").info("hello %s", "you", size=3, name="two words", api_key="hidden")
    logging.getLogger("library").info("100%% of %d", 7)
    assert output.getvalue().splitlines() == [
        "JST|INFO|test_logs.py|r-1||hello you size=3 name='two words' api_key=***",
        "JST|INFO|test_logs.py|r-1||100% of 7",
    ]


def test_the_log_file_is_written_and_rotated(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "server.log"
    configured(log_file=str(path), log_file_max_size=1, log_file_backup_count=2)
    for _ in range(5):
        structlog.get_logger().info("x" * 600_000)
    assert sorted(file.name for file in path.parent.iterdir()) == ["server.log", "server.log.1", "server.log.2"]


def test_an_unwritable_log_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogFileError, match=r"LOG_FILE is '.*', which cannot be written"):
        configured(log_file=str(tmp_path / "file" / "server.log"))


def test_configuring_again_does_not_double_the_lines() -> None:
    configured()
    output = configured()
    structlog.get_logger().info("once")
    assert len(logged(output)) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("LOG_OUTPUT_FORMAT", "xml"),
        ("LOG_TZ", "Moon/Base"),
        ("LOG_FORMAT", "%(x"),
        ("LOG_TZ", ".."),
    ],
)
def test_a_wrong_setting_is_one_sentence(variable: str, value: str) -> None:
    class Tree(Section):
        logging: LoggingSettings = LoggingSettings()

    with pytest.raises(ConfigurationError) as wrong:
        load(Tree, Sources({variable: value}))
    [sentence] = wrong.value.problems
    assert sentence.startswith(f"{variable} is {value!r} (from environment): accepted is ")


def test_importing_the_log_brings_no_server_and_no_database() -> None:
    heavy = ["fastapi", "uvicorn", "sqlalchemy", "celery", "httpx", "redis"]
    program = f"import sys, homeport.runtime.ops.logs; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
