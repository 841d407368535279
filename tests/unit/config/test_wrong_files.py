"""Wrong `.env` files as people write them, and what they are told before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport.entry.settings import read_settings
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.sources import Sources

_URL = "accepted is an address that begins with http:// or https://."
_SAMPLE = "sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U"


def told(tmp_path: Path, text: str) -> list[str]:
    """The sentences, with the name of the file as `.env`."""
    file = tmp_path / ".env"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as wrong:
        read_settings(Sources({}, file))
    return [sentence.replace(str(file), ".env") for sentence in wrong.value.problems]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("DB_PORT=abc", "DB_PORT is 'abc' (from file .env): accepted is a whole number above 0."),
        ("DB_TYPE=mongodb", "DB_TYPE is 'mongodb' (from file .env): accepted is 'sqlite', 'postgresql' or 'mysql'."),
        ("SERVER_WORKER_AMOUNT=0", "SERVER_WORKER_AMOUNT is '0' (from file .env): accepted is a whole number above 0."),
        (
            "UPLOAD_FILE_SIZE_LIMIT=-1",
            "UPLOAD_FILE_SIZE_LIMIT is '-1' (from file .env): accepted is a whole number of at least 0.",
        ),
        ("MIGRATION_ENABLED=maybe", "MIGRATION_ENABLED is 'maybe' (from file .env): accepted is true or false."),
        (
            "LOG_LEVEL=LOUD",
            "LOG_LEVEL is 'LOUD' (from file .env): accepted is 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'.",
        ),
        (
            "LOG_TZ=Mars/Olympus",
            "LOG_TZ is 'Mars/Olympus' (from file .env): "
            "accepted is the name of a time zone, such as UTC or Europe/Paris.",
        ),
        ("S3_ENDPOINT=s3.example.org", f"S3_ENDPOINT is 's3.example.org' (from file .env): {_URL}"),
        (
            "S3_ADDRESS_STYLE=host",
            "S3_ADDRESS_STYLE is 'host' (from file .env): accepted is 'auto', 'virtual' or 'path'.",
        ),
        (
            "SSRF_PROXY_ALL_URL=socks5://me:word@squid:1",
            "SSRF_PROXY_ALL_URL is 'socks5://me:***@squid:1' (from file .env): "
            "accepted is the address of a proxy, http://host:port.",
        ),
        (
            "VECTOR_INDEX_NAME_PREFIX=1-2",
            "VECTOR_INDEX_NAME_PREFIX is '1-2' (from file .env): "
            "accepted is a text that matches ^[A-Za-z_][A-Za-z0-9_]{0,31}$.",
        ),
        (
            "ACCESS_TOKEN_EXPIRE_MINUTES=1h",
            "ACCESS_TOKEN_EXPIRE_MINUTES is '1h' (from file .env): accepted is a whole number above 0.",
        ),
        (
            "REFRESH_TOKEN_EXPIRE_DAYS=0",
            "REFRESH_TOKEN_EXPIRE_DAYS is '0' (from file .env): accepted is a number above 0.",
        ),
        (
            f"INIT_PASSWORD={'a-very-long-password' * 2}",
            "INIT_PASSWORD is (hidden) (from file .env): accepted is a text of at most 30 characters.",
        ),
        (
            f"SECRET_KEY={_SAMPLE}",
            "SECRET_KEY is (hidden) (from file .env): this key is printed in public sample files, so everybody knows it; "
            "make an own one with: openssl rand -base64 42.",
        ),
        (
            "LLM_MAX_ATTEMPTS=99",
            "LLM_MAX_ATTEMPTS is '99' (from file .env): accepted is a whole number of at least 1 and at most 10.",
        ),
        (
            "PGVECTOR_PORT=70000",
            "PGVECTOR_PORT is '70000' (from file .env): accepted is a whole number above 0 and at most 65535.",
        ),
        ("OPENAI_API_BASE=api.openai.com", f"OPENAI_API_BASE is 'api.openai.com' (from file .env): {_URL}"),
        (
            "FILES_ACCESS_TIMEOUT=2.5",
            "FILES_ACCESS_TIMEOUT is '2.5' (from file .env): accepted is a whole number above 0.",
        ),
        (
            "MODE=everything",
            "MODE is 'everything' (from file .env): accepted is 'api', 'worker', 'beat' or 'migration'.",
        ),
        (
            "DB_PASSWORD_FILE=/no/such/file",
            "DB_PASSWORD_FILE names a file that cannot be read: /no/such/file, No such file or directory.",
        ),
        (
            "OPENDAL_S3_SECRET_ACCESS_KEY_FILE=/no/such/file",
            "OPENDAL_S3_SECRET_ACCESS_KEY_FILE names a file that cannot be read: "
            "/no/such/file, No such file or directory.",
        ),
    ],
    ids=lambda text: text.partition("=")[0] if "=" in text.partition(" ")[0] else "",
)
def test_a_wrong_line_is_told_in_one_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    assert told(tmp_path, f"# settings\nLOG_FILE=\n{line}\n") == [sentence]


def test_a_file_with_many_mistakes_is_told_all_of_them(tmp_path: Path) -> None:
    text = (
        "DB_PORT=x\nLOG_LEVEL=LOUD\nexport S3_ENDPOINT='s3'\nNO_SUCH_NAME=1\nUPLOAD_FILE_SIZE_LIMIT=many # megabytes\n"
    )

    assert {sentence.partition(" ")[0] for sentence in told(tmp_path, text)} == {
        "DB_PORT",
        "LOG_LEVEL",
        "S3_ENDPOINT",
        "UPLOAD_FILE_SIZE_LIMIT",
    }


def test_settings_that_are_recognised_or_unknown_stop_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("QDRANT_GRPC_PORT=x\nNGINX_PORT=eighty\nNO_SUCH_NAME=1\nDEBUG=perhaps\n", encoding="utf-8")

    assert read_settings(Sources({}, file)) == read_settings(Sources({}))
