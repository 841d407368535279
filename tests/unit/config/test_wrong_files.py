"""Wrong `.env` files as people write them, and what they are told before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport.entry.recognised.read_tables import read_tables
from homeport.entry.settings import read_settings
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.sources import Sources

_URL = "an address that begins with http:// or https://"
#: A wrong line, and what is said to be accepted.
_WRONG = {
    "DB_PORT=abc": "a whole number above 0",
    "DB_TYPE=mongodb": "'sqlite', 'postgresql' or 'mysql'",
    "SERVER_WORKER_AMOUNT=0": "a whole number above 0",
    "UPLOAD_FILE_SIZE_LIMIT=-1": "a whole number of at least 0",
    "FILES_ACCESS_TIMEOUT=2.5": "a whole number above 0",
    "ACCESS_TOKEN_EXPIRE_MINUTES=1h": "a whole number above 0",
    "REFRESH_TOKEN_EXPIRE_DAYS=0": "a number above 0",
    "LLM_MAX_ATTEMPTS=99": "a whole number of at least 1 and at most 10",
    "PGVECTOR_PORT=70000": "a whole number above 0 and at most 65535",
    "MIGRATION_ENABLED=maybe": "true or false",
    "MODE=everything": "'api', 'worker', 'beat' or 'migration'",
    "LOG_LEVEL=LOUD": "'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'",
    "LOG_TZ=Mars/Olympus": "the name of a time zone, such as UTC or Europe/Paris",
    "S3_ENDPOINT=s3.example.org": _URL,
    "OPENAI_API_BASE=api.openai.com": _URL,
    "S3_ADDRESS_STYLE=host": "'auto', 'virtual' or 'path'",
    "VECTOR_INDEX_NAME_PREFIX=1-2": "a text that matches ^[A-Za-z_][A-Za-z0-9_]{0,31}$",
}
_SAMPLE = "sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U"
_NO_FILE = "names a file that cannot be read: /no/such/file, No such file or directory."
#: A wrong line, and the whole sentence, which does not show the value as it stands.
_HIDDEN = {
    f"INIT_PASSWORD={'a-long-password' * 3}": (
        "INIT_PASSWORD is (hidden) (from file .env): accepted is a text of at most 30 characters."
    ),
    f"SECRET_KEY={_SAMPLE}": (
        "SECRET_KEY is (hidden) (from file .env): this key is printed in public sample files, "
        "so everybody knows it; make an own one with: openssl rand -base64 42."
    ),
    "SSRF_PROXY_ALL_URL=socks5://me:word@squid:1": (
        "SSRF_PROXY_ALL_URL is 'socks5://me:***@squid:1' (from file .env): "
        "accepted is the address of a proxy, http://host:port."
    ),
    "DB_PASSWORD_FILE=/no/such/file": f"DB_PASSWORD_FILE {_NO_FILE}",
    "OPENDAL_S3_SECRET_ACCESS_KEY_FILE=/no/such/file": f"OPENDAL_S3_SECRET_ACCESS_KEY_FILE {_NO_FILE}",
}


def told(tmp_path: Path, text: str) -> list[str]:
    """The sentences, with the name of the file as `.env`."""
    file = tmp_path / ".env"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as wrong:
        read_settings(Sources({}, file))
    return [sentence.replace(str(file), ".env") for sentence in wrong.value.problems]


@pytest.mark.parametrize(("line", "accepted"), _WRONG.items(), ids=_WRONG)
def test_a_wrong_line_is_told_in_one_sentence(tmp_path: Path, line: str, accepted: str) -> None:
    name, _, value = line.partition("=")

    assert told(tmp_path, f"# settings\nLOG_FILE=\n{line}\n") == [
        f"{name} is {value!r} (from file .env): accepted is {accepted}."
    ]


@pytest.mark.parametrize(("line", "sentence"), _HIDDEN.items(), ids=[line.partition("=")[0] for line in _HIDDEN])
def test_a_secret_is_not_told(tmp_path: Path, line: str, sentence: str) -> None:
    assert told(tmp_path, line) == [sentence]


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
    recognised = [f"{row.name}=no number\n" for row in read_tables() if row.type == "int"]
    file = tmp_path / ".env"
    file.write_text("".join([*recognised, "NO_SUCH_NAME=1\n"]), encoding="utf-8")

    assert len(recognised) > 50
    assert read_settings(Sources({}, file)) == read_settings(Sources({}))
