"""What an operator does for accounts: another password, another email, a workspace with an owner."""

from __future__ import annotations

import httpx
import pytest

from homeport.features.identity.vault import Vault
from tests.support.commands import Outcome, Place, do
from tests.support.house import FIRST, TestHouse

EMAIL = FIRST["email"]
NEW = "another horse 2"
SAME = ("--new-password", NEW, "--password-confirm", NEW)


async def log_in(house: TestHouse, email: str, password: str) -> httpx.Response:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://homeport.test") as browser:
        return await browser.post("/console/api/login", json={"email": email, "password": password})


async def statuses(place: Place, *tried: tuple[str, str]) -> list[int]:
    async with place.open() as house:
        return [(await log_in(house, email, password)).status_code for email, password in tried]


def test_a_new_password_opens_ends_all_sessions_and_lifts_the_lock(place: Place) -> None:
    async def lock_out() -> list[int]:
        async with place.open(set_up=True) as house:
            return [(await log_in(house, EMAIL, "wrong horse 1")).status_code for _ in range(6)]

    assert do(lock_out())[-1] == 429
    done = place.homeport("reset-password", "--email", EMAIL.upper(), *SAME)
    assert done == Outcome(0, f"The password of {EMAIL} is changed; 1 session was ended.\n", "")
    assert do(statuses(place, (EMAIL, NEW), (EMAIL, FIRST["password"]))) == [200, 401]
    assert do(place.scalars("SELECT count(*) FROM login_sessions")) == [1], "the one that has just been opened"


def test_what_is_not_given_is_asked_and_passwords_are_not_shown(place: Place) -> None:
    place.furnish()
    done = place.homeport("reset-password", answers=f"{EMAIL}\n{NEW}\n{NEW}\n")
    assert (done.status, done.out.count(NEW)) == (0, 0)
    assert do(statuses(place, (EMAIL, NEW))) == [200]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("--email", EMAIL, "--new-password", NEW, "--password-confirm", "x"), 2,
         "The two passwords are not the same; nothing was changed."),
        (("--email", EMAIL, "--new-password", "short", "--password-confirm", "short"), 1,
         "A password needs at least 8 characters, with letters and digits."),
        (("--email", "nobody@example.org", *SAME), 1, "There is no account with the email 'nobody@example.org'."),
        (("--email", "nobody", *SAME), 2, "'nobody' is not an email address."),
    ],
)  # fmt: skip
def test_a_password_that_cannot_be_set_is_said_and_nothing_changes(
    place: Place, arguments: tuple[str, ...], status: int, sentence: str
) -> None:
    place.furnish()
    done = place.homeport("reset-password", *arguments)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.err
    assert NEW not in done.err
    assert do(statuses(place, (EMAIL, FIRST["password"]))) == [200]


def test_a_new_email_logs_in_and_the_former_does_not(place: Place) -> None:
    place.furnish()
    new = "ada@example.net"
    done = place.homeport("reset-email", "--email", EMAIL, "--new-email", new.upper(), "--email-confirm", new)
    assert done == Outcome(0, f"{EMAIL} logs in as {new} from now on.\n", "")
    assert do(statuses(place, (new, FIRST["password"]), (EMAIL, FIRST["password"]))) == [200, 401]


def test_an_email_that_is_taken_or_typed_differently_is_refused(place: Place) -> None:
    place.furnish()
    assert place.homeport("create-tenant", "--email", "bob@example.org").status == 0
    taken = ("--new-email", "bob@example.org", "--email-confirm", "bob@example.org")
    done = place.homeport("reset-email", "--email", EMAIL, *taken)
    assert done == Outcome(1, "", "There is an account with the email 'bob@example.org' already.\n")
    done = place.homeport("reset-email", "--email", EMAIL, *taken[:3], "bob@example.net")
    assert (done.status, "The two new emails are not the same" in done.err) == (2, True)
    assert do(place.scalars("SELECT email FROM accounts ORDER BY email")) == [EMAIL, "bob@example.org"]


def test_a_created_owner_logs_in_with_the_password_shown_and_has_a_workspace_of_their_own(any_place: Place) -> None:
    assert any_place.homeport("upgrade-db").status == 0
    done = any_place.homeport(
        "create-tenant", "--email", "Bob@Example.org", "--name", "Research", "--language", "fr-FR", "--json"
    )
    assert (done.status, done.json["workspace"], done.json["email"]) == (0, "Research", "bob@example.org")

    async def work() -> None:
        async with any_place.open() as house:
            opened = await log_in(house, "bob@example.org", done.json["password"])
            assert opened.status_code == 200
            assert (await house.console.get("/setup")).json()["step"] == "finished", "no stranger becomes administrator"
            house.console.cookies.update(opened.cookies)
            assert (await house.console.get("/workspaces/current")).json()["name"] == "Research"
            assert (await house.console.get("/account/profile")).json()["interface_language"] == "fr-FR"

    do(work())
    again = any_place.homeport("create-tenant", "--email", "bob@example.org")
    assert again == Outcome(1, "", "There is an account with the email 'bob@example.org' already.\n")
    assert do(any_place.scalars("SELECT count(*) FROM workspaces")) == [1]


def test_a_workspace_is_named_after_its_owner_unless_it_has_a_name(place: Place) -> None:
    place.furnish()
    done = place.homeport("create-tenant", "--email", "bob@example.org")
    assert done.out.startswith("Workspace: bob's Workspace (")
    assert "(shown only now)" in done.out
    assert "--name is one line" in place.homeport("create-tenant", "--email", "c@example.org", "--name", " ").err
    refused = place.homeport("create-tenant", "--email", "c@example.org", "--language", "français")
    assert (refused.status, "'français' is no language tag" in refused.err) == (2, True)


def test_no_workspace_is_sealed_with_a_wrong_key(place: Place) -> None:
    place.furnish()
    done = place.homeport("create-tenant", "--email", "bob@example.org", SECRET_KEY="another")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"SECRET_KEY has the fingerprint {Vault(b'another').fingerprint}, but this database ")
    assert do(place.scalars("SELECT count(*) FROM workspaces")) == [1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("reset-password", "--email", EMAIL, *SAME),
        ("reset-email", "--email", EMAIL, "--new-email", "b@c.de", "--email-confirm", "b@c.de"),
        ("create-tenant", "--email", EMAIL),
    ],
)
def test_without_the_schema_of_this_version_commands_name_the_one_that_makes_it(
    place: Place, arguments: tuple[str, ...]
) -> None:
    done = place.homeport(*arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("The schema has revision none, this version needs ")
    assert "homeport upgrade-db" in done.err
