"""One master key for one installation: the first process says which, a process with another one is refused."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import delete, select

from homeport.features.identity.check_key import check_key
from homeport.features.identity.errors import MasterKeyWrong
from homeport.features.identity.master_key import MasterKey
from homeport.features.identity.set_up import FirstAdministrator, set_up
from homeport.features.identity.tables import Installation
from homeport.features.identity.vault import Vault
from homeport.runtime.db.database import Database
from tests.support.identity_app import EMAIL, PASSWORD, IdentityApp

FIRST_KEY = MasterKey(b"the first", "SECRET_KEY")
OTHER_KEY = MasterKey(b"another", "The key in /srv/data/secret_key")
FIRST = Vault(FIRST_KEY.secret).fingerprint
OTHER = Vault(OTHER_KEY.secret).fingerprint


async def check(database: Database, key: MasterKey) -> MasterKeyWrong | None:
    return await check_key(database, key, Vault(key.secret))


async def test_the_first_key_is_kept_by_its_fingerprint_and_every_other_is_told_have_and_need(
    empty: IdentityApp,
) -> None:
    database = empty.room.database
    assert await check(database, FIRST_KEY) is None
    assert await check(database, FIRST_KEY) is None
    wrong = await check(database, OTHER_KEY)
    assert wrong is not None
    assert (wrong.have, wrong.need, wrong.status) == (OTHER, FIRST, 503)
    assert wrong.message == (
        f"The key in /srv/data/secret_key has the fingerprint {OTHER}, "
        f"but this database was set up with the key of the fingerprint {FIRST}."
    )
    assert "another" not in str(wrong)
    async with database.read() as session:
        assert (await session.scalars(select(Installation.key_fingerprint))).all() == [FIRST]


async def test_of_keys_that_come_at_once_one_is_kept_and_the_others_are_refused(empty: IdentityApp) -> None:
    keys = [MasterKey(f"key {number % 2}".encode(), "SECRET_KEY") for number in range(6)]
    found = await asyncio.gather(*(check(empty.room.database, key) for key in keys))
    async with empty.room.database.read() as session:
        [kept] = (await session.scalars(select(Installation.key_fingerprint))).all()
    assert [problem is None for problem in found] == [Vault(key.secret).fingerprint == kept for key in keys]


async def test_a_vault_with_the_wrong_key_seals_nothing_and_works_again_with_the_right_row(empty: IdentityApp) -> None:
    database, vault = empty.room.database, Vault(OTHER_KEY.secret)
    await check(database, FIRST_KEY)
    await check_key(database, OTHER_KEY, vault)
    with pytest.raises(MasterKeyWrong):
        vault.new_workspace_key("1")
    async with database.begin() as session:
        await session.execute(delete(Installation))
        session.add(Installation(key_fingerprint=OTHER))
    assert await check_key(database, OTHER_KEY, vault) is None
    assert vault.new_workspace_key("1")


async def test_a_database_from_before_fingerprints_accepts_the_key_that_opens_it_and_no_other(
    empty: IdentityApp,
) -> None:
    room = empty.room
    await set_up(room, FirstAdministrator(EMAIL, "Ada", PASSWORD))
    for _ in range(2):
        wrong = await check(room.database, OTHER_KEY)
        assert wrong is not None
        assert wrong.need is None
        assert wrong.message.endswith("but this database was set up with another key.")
    right = MasterKey(b"a secret", "SECRET_KEY")
    assert await check(room.database, right) is None
    wrong = await check(room.database, OTHER_KEY)
    assert wrong is not None
    assert wrong.need == room.vault.fingerprint
