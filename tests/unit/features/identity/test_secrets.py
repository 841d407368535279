"""The master key, and what is sealed under it."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, SecretStr

from homeport.features.identity.errors import MasterKeyMissing, MasterKeyUnusable, MasterKeyWrong, SecretUnreadable
from homeport.features.identity.master_key import (
    MasterKey,
    find_master_key,
    make_master_key,
    require_master_key,
)
from homeport.features.identity.roles import Role
from homeport.features.identity.settings import IdentitySettings
from homeport.features.identity.vault import Vault, open_workspace_vault
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources
from homeport.runtime.errors import NotFound
from tests.support.identity_app import IdentityApp

SAMPLE_KEY = "sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U"


class Tree(BaseModel):
    identity: IdentitySettings


def test_without_a_secret_key_one_is_made_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret_key"
    assert find_master_key(IdentitySettings(), path.parent) is None
    made = make_master_key(path.parent)
    assert len(made.secret) >= 32
    assert made.made_in == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = find_master_key(IdentitySettings(), path.parent)
    assert found == MasterKey(made.secret, f"The key in {path}")
    assert made.secret.decode() not in repr(found)
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_agree_on_the_key_and_one_of_them_made_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_master_key(tmp_path), range(32)))
    assert len({key.secret for key in made}) == 1
    assert len([key for key in made if key.made_in]) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_given_secret_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = IdentitySettings(secret_key=SecretStr("my own"))
    assert find_master_key(settings, tmp_path) == MasterKey(b"my own", "SECRET_KEY")
    require_master_key(settings, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty; accepted is a key of one line."),
        (b" \n", "is empty; accepted is a key of one line."),
        (b"\xff\xfe", "cannot be read: it is no text."),
        (SAMPLE_KEY.encode(), "is printed in public sample files, so everybody knows it."),
        (None, "cannot be read: Is a directory."),
    ],
)
def test_a_key_file_without_a_usable_key_is_told_and_left_alone(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "secret_key"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(MasterKeyUnusable) as refused:
        find_master_key(IdentitySettings(), tmp_path)
    assert sentence in refused.value.message
    assert SAMPLE_KEY not in str(refused.value)
    with pytest.raises(MasterKeyUnusable):
        make_master_key(tmp_path)
    assert content is None or path.read_bytes() == content


def test_a_missing_key_is_said_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyMissing, match=r"SECRET_KEY is not set and there is no .*secret_key") as missing:
        require_master_key(IdentitySettings(), tmp_path)
    assert "openssl rand -base64 42" in str(missing.value)
    assert list(tmp_path.iterdir()) == []


def test_the_published_sample_key_is_refused_with_the_command_that_makes_one() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(Tree, Sources({"SECRET_KEY": SAMPLE_KEY}))
    (sentence,) = refused.value.problems
    assert sentence.startswith("SECRET_KEY")
    assert "openssl rand -base64 42" in sentence
    assert SAMPLE_KEY not in sentence


def test_a_sealed_text_opens_under_the_same_key_and_context_only() -> None:
    vault = Vault(b"master")
    sealed = vault.seal("sk-é", "model-provider:openai")
    assert "sk-" not in sealed
    assert vault.open(sealed, "model-provider:openai") == "sk-é"
    assert vault.seal("sk-é", "model-provider:openai") != sealed
    for other, context, text in [
        (Vault(b"another"), "model-provider:openai", sealed),
        (vault, "model-provider:ollama", sealed),
        (vault, "model-provider:openai", sealed[:-8] + "AAAAAAA="),
        (vault, "model-provider:openai", "v1:"),
        (vault, "model-provider:openai", "not sealed at all"),
    ]:
        with pytest.raises(SecretUnreadable, match="SECRET_KEY"):
            other.open(text, context)


def test_workspaces_cannot_open_what_others_sealed() -> None:
    vault = Vault(b"master")
    first, second = vault.new_workspace_key("1"), vault.new_workspace_key("2")
    sealed = vault.of_workspace("1", first).seal("secret", "x")
    assert vault.of_workspace("1", first).open(sealed, "x") == "secret"
    with pytest.raises(SecretUnreadable):
        vault.of_workspace("2", second).open(sealed, "x")
    with pytest.raises(SecretUnreadable):
        vault.of_workspace("2", first)


def test_a_fingerprint_says_which_key_it_is_and_nothing_about_it() -> None:
    fingerprint = Vault(b"master").fingerprint
    assert re.fullmatch(r"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}", fingerprint)
    assert fingerprint == Vault(b"master").fingerprint != Vault(b"another").fingerprint


def test_a_vault_that_refuses_does_nothing_until_it_is_let(tmp_path: Path) -> None:
    vault = Vault(b"master")
    sealed, key = vault.seal("text", "x"), vault.new_workspace_key("1")
    vault.refuse(MasterKeyWrong("SECRET_KEY", vault.fingerprint, "0000-0000-0000"))
    uses: list[Callable[[], object]] = [
        lambda: vault.seal("text", "x"),
        lambda: vault.open(sealed, "x"),
        lambda: vault.new_workspace_key("2"),
        lambda: vault.of_workspace("1", key),
        lambda: vault.derive("file-links"),
    ]
    for use in uses:
        with pytest.raises(MasterKeyWrong, match="set up with the key of the fingerprint 0000-0000-0000"):
            use()
    vault.refuse(None)
    assert vault.open(sealed, "x") == "text"


def test_keys_derived_for_different_uses_differ() -> None:
    vault = Vault(b"master")
    assert vault.derive("file-links") == Vault(b"master").derive("file-links") != vault.derive("seal")


@pytest.mark.parametrize("master", [b"", b"k", b"a master key of no particular length" * 9])
def test_keys_are_derived_as_the_standard_says(master: bytes) -> None:
    expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"homeport/file-links").derive(master)
    assert Vault(master).derive("file-links") == expected


async def test_a_workspace_made_by_setup_has_a_vault_of_its_own(house: IdentityApp) -> None:
    foreign = await house.add_person("foreign@example.org", Role.OWNER)
    async with house.browser() as browser:
        from tests.support.identity_app import log_in

        await log_in(browser)
        workspace_id = (await browser.get("/console/api/workspaces/current")).json()["id"]
    async with house.room.database.read() as session:
        vault = await open_workspace_vault(session, house.room.vault, workspace_id)
        assert vault.open(vault.seal("text", "x"), "x") == "text"
        with pytest.raises(SecretUnreadable):  # made by the test without a fitting key
            await open_workspace_vault(session, house.room.vault, foreign)
        with pytest.raises(NotFound):
            await open_workspace_vault(session, house.room.vault, "00000000-0000-0000-0000-000000000000")
