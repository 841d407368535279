"""The migrations make the very tables of the code, on each database, and only one process at a time makes them."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from homeport.entry.migrate import current, head, migrate, schema_problem
from homeport.entry.migrations import __file__ as migrations
from homeport.entry.tables import METADATA
from homeport.features.apps.tables import App, AppConfig
from homeport.features.chat.tables import Conversation, Feedback, Message
from homeport.runtime.db.columns import new_id
from homeport.runtime.db.database import Database
from homeport.runtime.errors import HomeportError

pytestmark = pytest.mark.filterwarnings("ignore:Name 'alembic_version_pkc':Warning")


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


def _down(connection: Connection) -> None:
    _to(connection, "base")


def _to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations).parent))
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def test_the_migrations_make_the_tables_of_the_code_and_take_them_back(database_url: str) -> None:
    database = Database(database_url)
    assert await current(database) is None
    assert await migrate(database)
    assert await current(database) == head()
    assert not await migrate(database), "the second time there is nothing to do"
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await connection.run_sync(_down)
        await connection.commit()
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]
    await database.close()


async def test_rows_outlive_a_step_back_but_what_was_hidden_does_not_come_to_light(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    app, shown, hidden = new_id(), new_id(), new_id()
    whose = {"app_id": app, "from_source": "api"}
    async with database.begin() as session:
        session.add(App(id=app, workspace_id=new_id(), name="", mode="chat", config_id=new_id()))
        await session.flush()
        session.add(AppConfig(app_id=app, document={}))
        session.add_all([Conversation(id=one, name="", is_deleted=one == hidden, **whose) for one in (shown, hidden)])
        await session.flush()
        session.add_all(
            [Message(id=one, conversation_id=one, config_id=new_id(), query="", **whose) for one in (shown, hidden)]
        )
        await session.flush()
        rating = {"person": new_id(), "rating": "like"}
        session.add_all([Feedback(conversation_id=one, message_id=one, **rating, **whose) for one in (shown, hidden)])
    async with database.engine.begin() as connection:
        await connection.run_sync(_to, "0005")
    async with database.read() as session:
        for column in (Message.conversation_id, Feedback.message_id):
            assert (await session.scalars(select(column))).all() == [shown]
        assert (await session.scalars(select(AppConfig.app_id))).all() == [app]
    assert await migrate(database)
    async with database.read() as session:
        assert [row.is_deleted for row in (await session.scalars(select(Conversation))).all()] == [False]
    await database.close()


async def test_of_several_that_migrate_at_once_one_works_and_all_find_the_schema(postgres_url: str) -> None:
    databases = [Database(postgres_url) for _ in range(4)]
    worked = await asyncio.gather(*(migrate(database) for database in databases))
    assert sorted(worked) == [False, False, False, True]
    for database in databases:
        assert await current(database) == head()
        await database.close()


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        ("9999", f"The database has revision 9999, newer than this version of Homeport, which knows up to {head()}."),
        ("64b051264f32", "The database has the revision '64b051264f32', which is none of Homeport's: another program made it."),  # noqa: E501
    ],
)  # fmt: skip
async def test_a_database_of_a_newer_version_or_of_another_program_is_named_and_left_alone(
    sqlite_url: str, revision: str, sentence: str
) -> None:
    database = Database(sqlite_url)
    await migrate(database)
    async with database.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    with pytest.raises(HomeportError) as refused:
        await migrate(database)
    assert refused.value.message == sentence
    assert schema_problem(revision) == str(refused.value)
    assert await current(database) == revision
    await database.close()


def test_an_older_schema_is_said_with_what_is_needed() -> None:
    assert schema_problem(head()) is None
    assert schema_problem("0001") == f"The schema has revision 0001, this version needs {head()}."
    assert schema_problem(None) == f"The schema has revision none, this version needs {head()}."


async def test_a_migration_that_fails_names_its_revision(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE accounts (id INTEGER)"))
    with pytest.raises(HomeportError, match="Revision 0001 failed: table accounts already exists"):
        await migrate(database)
    await database.close()
