"""A database that goes away, or has no room: one error with a sentence, whatever the driver raises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from homeport.runtime.db.database import Database
from homeport.runtime.db.faults import DatabaseUnavailable
from homeport.runtime.errors import DiskFull
from tests.support.servers import free_port
from tests.support.tcp_proxy import Proxy, proxy_to


@pytest.fixture(params=["postgres", "mysql"])
def server_url(request: pytest.FixtureRequest) -> str:
    """An empty database on a server."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def proxy(server_url: str) -> Iterator[Proxy]:
    """In front of the server."""
    url = make_url(server_url)
    with proxy_to(url.host or "127.0.0.1", url.port or (3306 if "mysql" in url.drivername else 5432)) as found:
        yield found


@pytest.fixture
def behind(server_url: str, proxy: Proxy) -> str:
    """The database's address through the proxy."""
    return make_url(server_url).set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)


async def test_a_database_that_goes_away_is_one_sentence_before_and_in_the_middle_of_a_transaction(
    behind: str, proxy: Proxy
) -> None:
    database = Database(behind)
    with pytest.raises(DatabaseUnavailable, match=r"^The database .* does not answer: [^\n]+\.$"):  # noqa: PT012
        async with database.begin() as session:
            await session.execute(text("SELECT 1"))
            proxy.cut()
            await session.execute(text("SELECT 1"))
    with pytest.raises(DatabaseUnavailable, match=r"^The database .* does not answer: [^\n]+\.$") as caught:
        async with database.begin() as session:
            await session.execute(text("SELECT 1"))
    assert (caught.value.status, caught.value.temporary) == (503, True)
    proxy.let_through()
    async with database.begin() as session:
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1
    await database.close()


async def test_a_database_that_was_never_there_is_the_same_sentence(server_url: str) -> None:
    database = Database(make_url(server_url).set(host="127.0.0.1", port=free_port(), password="s3cret"))
    with pytest.raises(DatabaseUnavailable, match="does not answer") as caught:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    assert "s3cret" not in str(caught.value)
    await database.close()


async def test_what_is_wrong_with_a_statement_stays_what_it_is(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(DBAPIError) as caught:
        async with database.read() as session:
            await session.execute(text("SELECT nothing FROM nowhere"))
    assert not isinstance(caught.value, IntegrityError)
    async with database.begin() as session:
        await session.execute(text("CREATE TABLE one (id INTEGER PRIMARY KEY)"))
        await session.execute(text("INSERT INTO one VALUES (1)"))
    with pytest.raises(IntegrityError):
        async with database.begin() as session:
            await session.execute(text("INSERT INTO one VALUES (1)"))
    await database.close()


async def test_a_file_without_room_is_a_full_disk_and_goes_on_when_there_is_room(sqlite_url: str) -> None:
    database = Database(sqlite_url)

    @event.listens_for(database.engine.sync_engine, "connect")
    def shrink(connection: object, _record: object) -> None:
        connection.cursor().execute("PRAGMA max_page_count=20")  # type: ignore[attr-defined]

    async with database.begin() as session:
        await session.execute(text("CREATE TABLE one (what TEXT)"))
    row = {"what": "x" * 200_000}
    with pytest.raises(DiskFull, match=r"^The disk is full; ") as caught:
        async with database.begin() as session:
            await session.execute(text("INSERT INTO one VALUES (:what)"), row)
    assert (caught.value.status, caught.value.code) == (507, "disk_full")
    async with database.begin() as session:
        await session.execute(text("PRAGMA max_page_count=1000"))
        await session.execute(text("INSERT INTO one VALUES (:what)"), row)
    async with database.read() as session:
        assert (await session.execute(text("SELECT count(*) FROM one"))).scalar_one() == 1
    await database.close()


@pytest.mark.parametrize("raised", [ConnectionError("a model hung up"), TimeoutError(), OSError(28, "No space left")])
async def test_what_the_work_itself_raises_is_not_taken_for_a_fault_of_the_database(
    database_url: str, raised: Exception
) -> None:
    database = Database(database_url)
    with pytest.raises(type(raised)) as caught:  # noqa: PT012
        async with database.begin() as session:
            await session.execute(text("SELECT 1"))
            raise raised
    assert caught.value is raised
    await database.close()
