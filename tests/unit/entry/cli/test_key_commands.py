"""New keys for workspaces: what can be opened is kept, what cannot is told before it is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homeport.entry.data_dir import held
from homeport.features.identity.vault import Vault
from tests.support.commands import Place, do
from tests.support.model_server import model_server
from tests.support.tracing_services import Langfuse, running

FIRST = {"SECRET_KEY": "the first"}
SECOND = {"SECRET_KEY": "the second"}
KEY = "sk-of-the-provider"


def with_a_credential(place: Place) -> None:
    """An administrator and one stored key, sealed under the first master key."""
    place.variables |= {"MODEL_ENDPOINT_ALLOW_PRIVATE": "true"}

    async def work() -> None:
        with model_server() as models:
            async with Place(place.data_dir, place.variables | FIRST).open(set_up=True) as house:
                body = {"base_url": models.url, "api_key": KEY}
                saved = await house.console.put("/model-providers/openai", json=body)
                assert saved.status_code == 200, saved.text

    do(work())


def state(place: Place, secret_key: dict[str, str]) -> tuple[str, str]:
    """Readiness of the key, and the stored credential as the console shows it, with this master key."""

    async def work() -> tuple[str, str]:
        async with Place(place.data_dir, place.variables | secret_key).open() as house:
            problem = (await house.house.checks.faults())["secret_key"]
            if problem is not None:
                return problem, ""
            await house.visitor.log_in()
            listed = (await house.console.get("/model-providers")).json()["data"]
            [openai] = [one for one in listed if one["source"] == "workspace"]
            return "ok", openai["api_key_masked"]

    return do(work())


def test_with_the_former_key_nothing_is_lost(any_place: Place, tmp_path: Path) -> None:
    with_a_credential(any_place)
    assert state(any_place, SECOND)[0].startswith("SECRET_KEY has the fingerprint ")
    (tmp_path / "former").write_text("the first\n")
    done = any_place.homeport("reset-encrypt-key-pair", "--former-key-file", "former", answers="reset\n", **SECOND)
    assert done.status == 0
    assert f"The present key has the fingerprint {Vault(b'the second').fingerprint}." in done.out
    assert "  the key of openai at http://127.0.0.1:" in done.out
    assert done.out.endswith("Workspaces with a new key: 1. Lost credentials: 0.\n")
    assert KEY not in done.out
    assert state(any_place, SECOND) == ("ok", "sk-…ider")
    assert state(any_place, FIRST)[0].startswith("SECRET_KEY has the fingerprint ")


def test_without_the_former_key_what_is_lost_is_listed_and_must_be_entered_again(place: Place) -> None:
    with_a_credential(place)
    planned = place.homeport("reset-encrypt-key-pair", "--dry-run", **SECOND)
    assert "IS LOST: it was sealed with a key that is not here" in planned.out
    assert planned.out.endswith("Nothing was changed. 1 would be lost.\n")
    assert state(place, FIRST) == ("ok", "sk-…ider")

    done = place.homeport("reset-encrypt-key-pair", "--yes-i-know", "--json", **SECOND)
    assert done.status == 0
    assert (done.json["lost"], done.json["done"]) == (1, True)
    [workspace] = done.json["workspaces"]
    assert [(one["provider"], one["lost"]) for one in workspace["credentials"]] == [("openai", True)]
    assert state(place, SECOND) == ("ok", "")


def test_keys_of_traced_apps_are_sealed_anew_or_told_as_lost(place: Place, tmp_path: Path) -> None:
    place.variables |= {"OUTBOUND_ALLOW_PRIVATE": "127.0.0.1"}
    service = Langfuse()

    async def set_up() -> str:
        async with Place(place.data_dir, place.variables | FIRST).open(set_up=True) as house:
            app = (await house.console.post("/apps", json={"name": "Helper"})).json()["id"]
            body = {"tracing_provider": "langfuse", "tracing_config": service.config()}
            made = await house.console.post(f"/apps/{app}/trace-config", json=body)
            assert made.status_code == 201, made.text
            return str(app)

    async def shown(app: str) -> dict[str, str]:
        async with Place(place.data_dir, place.variables | SECOND).open() as house:
            await house.visitor.log_in()
            query = {"tracing_provider": "langfuse"}
            answer = (await house.console.get(f"/apps/{app}/trace-config", params=query)).json()
            found: dict[str, str] = answer["tracing_config"]
            return found

    with running(service):
        app = do(set_up())
    lost = place.homeport("reset-encrypt-key-pair", "--dry-run", **SECOND)
    assert "the key of langfuse (tracing of Helper) at http://127.0.0.1:" in lost.out
    assert lost.out.endswith("1 would be lost.\n")
    (tmp_path / "former").write_text("the first\n")
    done = place.homeport("reset-encrypt-key-pair", "--former-key-file", "former", "--yes-i-know", **SECOND)
    assert "Lost credentials: 0." in done.out
    assert do(shown(app)) == {"public_key": "pk-…1234", "secret_key": "sk-…3456", "host": service.url}

    third = {"SECRET_KEY": "the third"}
    assert "Lost credentials: 1." in place.homeport("reset-encrypt-key-pair", "--yes-i-know", **third).out
    [left] = do(place.scalars("SELECT tracing_config FROM trace_app_configs"))
    assert json.loads(left) == {"host": service.url}


def test_with_the_same_key_workspaces_get_new_keys_and_keep_everything(place: Place) -> None:
    with_a_credential(place)
    before = do(place.scalars("SELECT sealed_key FROM workspaces"))
    done = place.homeport("reset-encrypt-key-pair", "--yes-i-know", **FIRST)
    assert (done.status, "Lost credentials: 0." in done.out) == (0, True)
    assert do(place.scalars("SELECT sealed_key FROM workspaces")) != before
    assert state(place, FIRST) == ("ok", "sk-…ider")


@pytest.mark.parametrize("answer", ["", "n", "yes", "Reset"])
def test_nothing_is_done_before_the_word_is_typed(place: Place, answer: str) -> None:
    with_a_credential(place)
    done = place.homeport("reset-encrypt-key-pair", answers=f"{answer}\n", **SECOND)
    assert (done.status, 'Type "reset" to go on' in done.err) == (1, True)
    assert state(place, FIRST) == ("ok", "sk-…ider")


def test_without_a_key_for_the_future_the_command_says_how_to_make_one(place: Place) -> None:
    with_a_credential(place)
    done = place.homeport("reset-encrypt-key-pair", "--dry-run")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"SECRET_KEY is not set and there is no {place.data_dir / 'secret_key'}; ")
    assert "openssl rand -base64 42" in done.err


def test_a_former_key_that_is_none_and_json_without_an_answer_are_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    done = place.homeport("reset-encrypt-key-pair", "--former-key-file", "empty", **FIRST)
    assert (done.status, "The file empty holds no key that can be read." in done.err) == (2, True)
    done = place.homeport("reset-encrypt-key-pair", "--json", **FIRST)
    assert (done.status, "it needs --yes-i-know or --dry-run" in done.err) == (2, True)


def test_keys_are_not_changed_under_a_process_that_works_on_the_file(place: Place) -> None:
    with_a_credential(place)
    with held(place.data_dir, "Homeport on port 5001"):
        done = place.homeport("reset-encrypt-key-pair", "--yes-i-know", **SECOND)
        assert place.homeport("reset-encrypt-key-pair", "--dry-run", **SECOND).status == 0
    assert (done.status, "is in use by Homeport on port 5001" in done.err) == (1, True)
    assert state(place, FIRST) == ("ok", "sk-…ider")
