"""Wrong `.env` files as people write them, and everything they are told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from homeport.entry.migrate import head
from tests.support.chat_app import database_variables
from tests.support.commands import Place
from tests.support.servers import free_port

KNOWN_TO_ALL = "is printed in public sample files, so everybody knows it; change it."
TABLE = Path(__file__).with_name("wrong_files.txt")


def read_table() -> dict[str, tuple[str, list[str]]]:
    """What stands in each file, and what is told of it."""
    table = {}
    for part in TABLE.read_text(encoding="utf-8").split("\n=== ")[1:]:
        what, _, rest = part.partition("\n")
        text, _, told = rest.partition("---\n")
        table[what] = (text, told.split("\n"))
    return {what: (text, [line for line in told if line]) for what, (text, told) in table.items()}


WRONG = read_table()


def is_told(line: str, expected: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line) is not None


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_told_everything_at_once(bare_place: Place, what: str) -> None:
    text, expected = WRONG[what]
    Path(".env").write_text(text, encoding="utf-8")
    done = bare_place.homeport("config", "check", "--json")
    letters = {"problem": "P", "warning": "w"}
    told = [f"{letters[one['state']]} {one['sentence']}" for one in done.json["findings"]]
    told = [one.replace(str(bare_place.data_dir), "<data>") for one in told]
    assert len(told) == len(expected), told
    assert [(line, wanted) for line, wanted in zip(told, expected, strict=True) if not is_told(line, wanted)] == []
    good = not any(one.startswith("P") for one in expected)
    assert (done.status, done.json["accepted"]) == (0 if good else 1, good)
    strict = bare_place.homeport("config", "check", "--strict")
    assert strict.status == (1 if expected else 0)
    assert done.err == strict.err == ""


def test_the_table_has_twenty_wrong_files() -> None:
    assert len([expected for _, expected in WRONG.values() if expected]) >= 20


def test_people_are_told_line_by_line_and_how_many(bare_place: Place) -> None:
    Path(".env").write_text("DB_PORT=x\nREDIS_PASSWORD=difyai123456\n")
    done = bare_place.homeport("config", "check")
    assert done.out.splitlines() == [
        "PROBLEM  DB_PORT is 'x' (from file .env): accepted is a whole number above 0.",
        f"warning  REDIS_PASSWORD {KNOWN_TO_ALL}",
        "1 problem, 1 warning.",
    ]
    assert bare_place.homeport("config", "check", DB_PORT="5432").status == 0, "the environment wins"


def test_another_file_is_read_when_it_is_named_and_must_be_there(bare_place: Place) -> None:
    Path("other.env").write_text("DB_PORT=x\n")
    assert bare_place.homeport("config", "check").out == "No problems, no warnings.\n"
    done = bare_place.homeport("config", "check", "--env-file", "other.env")
    assert "(from file other.env)" in done.out
    done = bare_place.homeport("config", "check", "--env-file", "none.env")
    assert (done.status, done.err) == (1, "There is no file none.env.\n")


def test_names_of_others_in_the_environment_are_passed_over(bare_place: Place) -> None:
    foreign = {"DB_PASWORD": "x", "DEBUG": "perhaps", "NGINX_PORT": "eighty", "EDITION": "CLOUD"}
    assert bare_place.homeport("config", "check", **foreign).out == "No problems, no warnings.\n"


def test_nothing_is_opened_or_made_unless_it_is_asked_for(bare_place: Place) -> None:
    bare_place.data_dir.rmdir()
    done = bare_place.homeport("config", "check", "--connect")
    assert (done.status, done.out.count("ok       "), done.out.count("the first start makes")) == (0, 3, 3)
    assert not bare_place.data_dir.exists()


def test_what_is_connected_answers(bare_place: Place, database_url: str, redis_url: str) -> None:
    url = make_url(redis_url)
    bare_place.variables |= database_variables(database_url)
    bare_place.furnish()
    broker = {"REDIS_HOST": url.host or "", "REDIS_PORT": str(url.port), "CELERY_BROKER_URL": redis_url}
    done = bare_place.homeport("config", "check", "--connect", **broker)
    assert done.status == 0, done.out
    answers = [line.removeprefix("ok       ") for line in done.out.splitlines()[:-1]]
    assert [one.split()[-1] for one in answers] == ["answers."] * 5
    assert answers[1:4] == [
        "The storage fs answers.",
        "The vector store sqlite answers.",
        "Redis (standalone) answers.",
    ]


def test_an_old_schema_is_said_where_the_database_answers(bare_place: Place) -> None:
    bare_place.furnish()
    assert bare_place.homeport("downgrade-db", "0001", "--yes").status == 0
    done = bare_place.homeport("config", "check", "--connect")
    assert f"answers. The schema has revision 0001, this version needs {head()}." in done.out


def test_each_backend_that_does_not_answer_is_one_sentence(bare_place: Place) -> None:
    port = str(free_port())
    nobody = {
        "DB_HOST": "127.0.0.1", "DB_PORT": port, "DB_PASSWORD": "hidden-1",
        "REDIS_HOST": "127.0.0.1", "REDIS_PORT": port, "REDIS_PASSWORD": "hidden-2",
        "CELERY_BROKER_URL": f"redis://:hidden-3@127.0.0.1:{port}/1",
        "VECTOR_STORE": "pgvector", "PGVECTOR_HOST": "127.0.0.1", "PGVECTOR_PORT": port,
        "PGVECTOR_PASSWORD": "hidden-4",
        "STORAGE_TYPE": "s3", "S3_BUCKET_NAME": "b", "S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "hidden-5", "STORAGE_MAX_ATTEMPTS": "1", "VECTOR_MAX_ATTEMPTS": "1",
    }  # fmt: skip
    done = bare_place.homeport("config", "check", "--connect", "--json", **nobody)
    assert (done.status, "hidden-" in done.out) == (1, False)
    codes = [one["code"] for one in done.json["findings"] if one["state"] == "problem"]
    assert codes == ["connect_database", "connect_storage", "connect_vectors", "connect_redis", "connect_broker"]
    for one in done.json["findings"]:
        assert "\n" not in one["sentence"]
        assert one["sentence"].endswith(".")
