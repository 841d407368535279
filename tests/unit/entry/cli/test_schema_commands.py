"""The schema up and down: what is lost is said before, and whatever is not possible is one sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from homeport.entry.data_dir import held
from homeport.entry.migrate import current, head, migrating, revisions
from homeport.runtime.db.database import Database
from tests.support.chat_app import database_variables
from tests.support.commands import Outcome, Place, do
from tests.support.processes import installation

BEFORE = revisions()[-2]


def revision(place: Place) -> list[str]:
    return do(place.scalars("SELECT version_num FROM alembic_version"))


def test_upgrade_makes_the_schema_once_and_says_both_times_where_the_database_is(any_place: Place) -> None:
    assert any_place.homeport("upgrade-db") == Outcome(0, f"The database is now at revision {head()}.\n", "")
    assert any_place.homeport("upgrade-db") == Outcome(0, f"The database was already at revision {head()}.\n", "")
    assert revision(any_place) == [head()]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("9999", f"The database has revision 9999, newer than this version of Homeport, which knows up to {head()}. "),
        ("64b051264f32", "The database has the revision '64b051264f32', which is none of Homeport's: another program "),
    ],
)
@pytest.mark.parametrize("command", ["upgrade-db", "downgrade-db"])
def test_a_schema_of_somebody_else_is_left_alone(place: Place, command: str, found: str, sentence: str) -> None:
    place.homeport("upgrade-db")
    do(place.execute("UPDATE alembic_version SET version_num = :found", found=found))
    done = place.homeport(command)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(sentence)
    assert revision(place) == [found]


def test_an_upgrade_that_fails_ends_with_status_one_and_the_revision(place: Place) -> None:
    do(place.execute("CREATE TABLE accounts (id INTEGER)"))
    done = place.homeport("upgrade-db")
    assert done == Outcome(1, "", "Revision 0001 failed: table accounts already exists.\n")


@pytest.mark.process
async def test_an_upgrade_waits_visibly_for_another_one(tmp_path: Path, postgres_url: str) -> None:
    database = Database(postgres_url)
    with installation(tmp_path, **database_variables(postgres_url)) as found:
        async with migrating(database):
            process = found.start("upgrade-db")
            waiting = "Another process migrates the database; waiting for it, ten minutes at most."
            await asyncio.to_thread(process.says, waiting)
            assert await current(database) is None, "somebody else migrates"
        assert await asyncio.to_thread(process.popen.wait, 60) == 0
    assert f"The database is now at revision {head()}." in process.text
    assert await current(database) == head()
    await database.close()


def test_one_step_back_is_asked_with_everything_that_is_lost(any_place: Place) -> None:
    any_place.furnish()
    refused = any_place.homeport("downgrade-db", answers="n\n")
    assert refused.status == 1
    assert refused.out.startswith(f"The database has revision {head()}. Taken back: {head()}_")
    assert "Lost for good:" in refused.out
    assert f"Go back to {BEFORE} and lose this?" in refused.err
    assert revision(any_place) == [head()]

    done = any_place.homeport("downgrade-db", answers="y\n")
    assert done.status == 0
    assert done.out.endswith(f"The database is now at revision {BEFORE}. Start the version that belongs to it.\n")
    assert revision(any_place) == [BEFORE]
    assert any_place.homeport("upgrade-db").status == 0


def test_rows_and_values_that_go_are_counted(place: Place) -> None:
    place.furnish()
    done = place.homeport("downgrade-db", "0001", "--dry-run", "--json")
    assert (done.status, done.json["before"], done.json["after"], done.json["done"]) == (0, head(), "0001", False)
    losses = {(one["table"], one["column"]): one["rows"] for one in done.json["losses"]}
    assert losses[("installations", None)] == 1
    assert losses[("login_attempts", "email_hash")] == 0
    assert not {table for table, _ in losses} & {"accounts", "workspaces"}
    assert revision(place) == [head()]


def test_back_to_the_base_every_table_goes(any_place: Place) -> None:
    any_place.furnish()
    do(any_place.execute("CREATE TABLE of_somebody_else (id INTEGER)"))
    planned = any_place.homeport("downgrade-db", "base", "--dry-run")
    assert "  table accounts: 1 row\n" in planned.out
    assert "of_somebody_else" not in planned.out
    assert planned.out.endswith("Nothing was changed.\n")
    assert any_place.homeport("downgrade-db", "base", "--yes").status == 0
    assert do(any_place.scalars("SELECT count(*) FROM of_somebody_else")) == [0]
    assert any_place.homeport("downgrade-db").err == "The database is empty; there is nothing to take back.\n"
    assert any_place.homeport("upgrade-db").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("9",), 1, f"Revision '9' is unknown; accepted are base, {', '.join(revisions())}."),
        ((head(),), 1, f"The database has revision {head()}; going to {head()} is no step back."),
        (("--json",), 2, "--json asks no questions; it needs --yes or --dry-run."),
    ],
)
def test_a_step_that_is_none_is_refused(place: Place, arguments: tuple[str, ...], status: int, sentence: str) -> None:
    place.homeport("upgrade-db")
    done = place.homeport("downgrade-db", *arguments)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.err


@pytest.mark.parametrize("command", [("upgrade-db",), ("downgrade-db", "--yes")])
def test_the_schema_is_not_changed_under_a_process_that_works_on_the_file(
    place: Place, command: tuple[str, ...]
) -> None:
    place.homeport("upgrade-db")
    with held(place.data_dir, "Homeport on port 5001"):
        done = place.homeport(*command)
    assert (done.status, done.out) == (1, "")
    assert "is in use by Homeport on port 5001" in done.err


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "sentence"),
    [
        ((), {}, 1, "Moving everything to the vector store sqlite is not built yet; nothing was changed."),
        (("--scope", "annotation"), {"VECTOR_STORE": "pgvector"}, 1, "Moving annotation to the vector store pgvector"),
        (("--scope", "everything"), {}, 2, "'everything' is not one of 'knowledge', 'annotation', 'all'."),
        ((), {"VECTOR_STORE": "qdrant"}, 1, "VECTOR_STORE is 'qdrant', which is not available in this version"),
        ((), {"DB_PORT": "x"}, 1, "DB_PORT is 'x' (from environment): accepted is a whole number"),
    ],
)  # fmt: skip
def test_moving_to_another_vector_store_says_honestly_that_it_cannot(
    place: Place, arguments: tuple[str, ...], variables: dict[str, str], status: int, sentence: str
) -> None:
    done = place.homeport("vdb-migrate", *arguments, **variables)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.err
