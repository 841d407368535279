"""The tracing of an app in the console: set up, shown without secrets, changed, switched, removed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from homeport.features.apps.tables import TraceAppConfig
from homeport.features.identity.roles import Role
from homeport.features.identity.tables import Membership
from tests.support.chat_app import ChatApp, model
from tests.support.traced_app import trace
from tests.support.tracing_services import KEY, Langfuse, Opik, Reply, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOWHERE = "01900000-0000-7000-8000-000000000000"
LANGFUSE = {"tracing_provider": "langfuse"}


async def stored(chat: ChatApp, app_id: str) -> list[TraceAppConfig]:
    async with chat.house.house.database.read() as session:
        query = select(TraceAppConfig).where(TraceAppConfig.app_id == app_id)
        return list((await session.execute(query)).scalars())


async def test_services_are_listed_with_what_is_entered_for_each(chat: ChatApp) -> None:
    listed = (await chat.console.get("/trace-providers")).json()["data"]

    assert [one["provider"] for one in listed] == ["arize", "phoenix", "langfuse", "langsmith", "otlp", "opik"]
    [langfuse] = [one for one in listed if one["provider"] == "langfuse"]
    assert langfuse["label"] == "Langfuse"
    assert [(one["name"], one["secret"], one["required"], one["default"]) for one in langfuse["fields"]] == [
        ("public_key", True, True, ""),
        ("secret_key", True, True, ""),
        ("host", False, False, "https://cloud.langfuse.com"),
    ]


async def test_an_app_is_not_traced_until_somebody_asks_for_it(everywhere: ChatApp) -> None:
    app = await everywhere.add_app()

    shown = (await everywhere.console.get(f"/apps/{app.id}/trace")).json()
    config = (await everywhere.console.get(f"/apps/{app.id}/trace-config", params=LANGFUSE)).json()

    assert shown == {"enabled": False, "tracing_provider": None, "last_failure": None}
    assert config == {"has_not_configured": True}


async def test_a_configuration_is_saved_once_the_service_has_answered_and_its_secrets_are_shown_to_nobody(
    everywhere: ChatApp, langfuse: Langfuse
) -> None:
    app = await everywhere.add_app()
    path = f"/apps/{app.id}/trace-config"
    values = langfuse.config() | {"host": f"{langfuse.url}/", "project_key": "x"}

    made = await everywhere.console.post(path, json=LANGFUSE | {"tracing_config": values})

    assert (made.status_code, made.json()) == (201, {"result": "success"})
    assert [one.path for one in langfuse.requests] == ["/api/public/projects"]
    shown = (await everywhere.console.get(path, params=LANGFUSE)).json()
    assert shown["tracing_config"] == {"public_key": "pk-…1234", "secret_key": "sk-…3456", "host": langfuse.url}
    assert (shown["app_id"], shown["tracing_provider"], shown["is_active"]) == (app.id, "langfuse", False)
    [row] = await stored(everywhere, app.id)
    assert KEY not in str(row.tracing_config)
    assert row.tracing_config["secret_key"].startswith("v1:")


async def test_a_second_configuration_of_a_service_is_refused_and_another_service_is_not(
    everywhere: ChatApp, langfuse: Langfuse
) -> None:
    app = await everywhere.add_app()
    path = f"/apps/{app.id}/trace-config"
    body = LANGFUSE | {"tracing_config": langfuse.config()}
    assert (await everywhere.console.post(path, json=body)).status_code == 201

    again = await everywhere.console.post(path, json=body)
    with running(Opik()) as opik:
        other = {"tracing_provider": "opik", "tracing_config": opik.config()}
        assert (await everywhere.console.post(path, json=other)).status_code == 201

    assert (again.status_code, again.json()["code"]) == (400, "trace_config_is_exist")
    assert len(await stored(everywhere, app.id)) == 2


async def test_a_change_keeps_what_is_not_given_and_secrets_that_come_back_as_they_were_shown(
    everywhere: ChatApp, langfuse: Langfuse
) -> None:
    app = await everywhere.add_app()
    path = f"/apps/{app.id}/trace-config"
    await trace(everywhere, app, langfuse)
    shown = (await everywhere.console.get(path, params=LANGFUSE)).json()["tracing_config"]

    for given in (shown, {}, {"secret_key": ""}, {"secret_key": KEY}):
        changed = await everywhere.console.patch(path, json=LANGFUSE | {"tracing_config": given})
        assert (changed.status_code, changed.json()) == (200, {"result": "success"}), given
        after = (await everywhere.console.get(path, params=LANGFUSE)).json()
        assert (after["tracing_config"], after["is_active"]) == (shown, True)

    assert len(langfuse.requests) == 4, "each was tried out"


async def test_keys_do_not_go_to_another_address_without_being_entered_again(
    everywhere: ChatApp, langfuse: Langfuse
) -> None:
    app = await everywhere.add_app()
    path = f"/apps/{app.id}/trace-config"
    await trace(everywhere, app, langfuse)

    with running(Langfuse()) as elsewhere:
        moved = {"host": elsewhere.url}
        refused = await everywhere.console.patch(path, json=LANGFUSE | {"tracing_config": moved})
        one_key = moved | {"secret_key": KEY}
        half = await everywhere.console.patch(path, json=LANGFUSE | {"tracing_config": one_key})
        assert elsewhere.requests == []
        whole = await everywhere.console.patch(path, json=LANGFUSE | {"tracing_config": elsewhere.config()})

    for answer in (refused, half):
        assert (answer.status_code, answer.json()["code"]) == (400, "trace_config_check_error")
        assert answer.json()["message"] == "langfuse: the address has changed, so the keys must be entered again."
    assert whole.status_code == 200


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"secret_key": "sk-of-somebody-else"}, "langfuse: 401 Invalid credentials."),
        ({"secret_key": ""}, "langfuse: secret_key (Secret key): is missing."),
        ({"host": "no address"}, "langfuse: host (Host): String should match pattern"),
        ({"host": "http://169.254.169.254"}, "langfuse: 169.254.169.254 leads to a link-local address"),
        ({"host": "http://127.0.0.1:1"}, "langfuse: http://127.0.0.1:1 does not answer"),
    ],
)
async def test_what_does_not_work_is_refused_in_one_sentence_and_not_saved(
    chat: ChatApp, langfuse: Langfuse, change: dict[str, Any], sentence: str
) -> None:
    app = await chat.add_app()
    body = LANGFUSE | {"tracing_config": langfuse.config() | change}

    answer = await chat.console.post(f"/apps/{app.id}/trace-config", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "trace_config_check_error")
    assert answer.json()["message"].startswith(sentence)
    assert "somebody-else" not in answer.text
    assert await stored(chat, app.id) == []


async def test_a_service_that_fails_while_it_is_set_up_is_the_callers_to_mend(
    chat: ChatApp, langfuse: Langfuse
) -> None:
    app = await chat.add_app()
    langfuse.instead = Reply(503, {"message": "Starting"})
    body = LANGFUSE | {"tracing_config": langfuse.config()}

    answer = await chat.console.post(f"/apps/{app.id}/trace-config", json=body)

    assert (answer.status_code, answer.json()["message"]) == (400, "langfuse: 503 Starting.")


async def test_an_unknown_service_is_refused_everywhere(chat: ChatApp) -> None:
    app = await chat.add_app()
    path, pigeon = f"/apps/{app.id}/trace-config", {"tracing_provider": "pigeon"}

    answers = [
        await chat.console.get(path, params=pigeon),
        await chat.console.post(path, json=pigeon | {"tracing_config": {}}),
        await chat.console.patch(path, json=pigeon | {"tracing_config": {}}),
        await chat.console.delete(path, params=pigeon),
        await chat.console.post(f"/apps/{app.id}/trace", json=pigeon | {"enabled": True}),
    ]

    assert {one.status_code for one in answers} == {400}
    assert {one.json()["message"] for one in answers} == {
        "tracing_provider is 'pigeon'; accepted are arize, langfuse, langsmith, opik, otlp, phoenix."
    }


async def test_only_a_service_that_is_set_up_can_be_switched_on(everywhere: ChatApp, langfuse: Langfuse) -> None:
    app = await everywhere.add_app()
    path = f"/apps/{app.id}/trace"

    refused = await everywhere.console.post(path, json=LANGFUSE | {"enabled": True})
    nobody = await everywhere.console.post(path, json={"enabled": True})
    assert {(one.status_code, one.json()["code"]) for one in (refused, nobody)} == {(400, "trace_config_not_exist")}

    await trace(everywhere, app, langfuse)
    assert (await everywhere.console.get(path)).json()["enabled"] is True
    off = await everywhere.console.post(path, json={"enabled": False})
    assert off.json() == {"result": "success"}
    assert (await everywhere.console.get(path)).json()["enabled"] is False


async def test_a_removed_configuration_switches_tracing_off(everywhere: ChatApp, langfuse: Langfuse) -> None:
    app = await everywhere.add_app()
    path = f"/apps/{app.id}/trace-config"
    await trace(everywhere, app, langfuse)

    assert (await everywhere.console.delete(path, params=LANGFUSE)).status_code == 204

    shown = (await everywhere.console.get(f"/apps/{app.id}/trace")).json()
    assert (shown["enabled"], shown["tracing_provider"]) == (False, None)
    assert await stored(everywhere, app.id) == []
    for gone in (
        await everywhere.console.delete(path, params=LANGFUSE),
        await everywhere.console.patch(path, json=LANGFUSE | {"tracing_config": {}}),
    ):
        assert (gone.status_code, gone.json()["code"]) == (400, "trace_config_not_exist")


async def test_a_deleted_app_takes_its_configurations_along(everywhere: ChatApp, langfuse: Langfuse) -> None:
    app = await everywhere.add_app()
    await trace(everywhere, app, langfuse)

    assert (await everywhere.console.delete(f"/apps/{app.id}")).status_code == 204

    assert await stored(everywhere, app.id) == []


async def test_another_workspaces_app_is_not_found(chat: ChatApp) -> None:
    for path in (f"/apps/{NOWHERE}/trace", f"/apps/{NOWHERE}/trace-config?tracing_provider=langfuse"):
        assert (await chat.console.get(path)).status_code == 404


async def test_who_may_only_read_sees_the_switch_and_changes_nothing(chat: ChatApp, langfuse: Langfuse) -> None:
    app = await chat.add_app(model("echo"))
    await trace(chat, app, langfuse)
    path = f"/apps/{app.id}/trace"
    body = LANGFUSE | {"tracing_config": langfuse.config()}
    async with chat.house.house.database.begin() as session:
        await session.execute(update(Membership).values(role=Role.NORMAL))
    try:
        changes = [
            await chat.console.post(path, json={"enabled": False}),
            await chat.console.post(f"{path}-config", json=body),
            await chat.console.patch(f"{path}-config", json=body),
            await chat.console.delete(f"{path}-config", params=LANGFUSE),
        ]
        assert {one.status_code for one in changes} == {403}
        assert (await chat.console.get(path)).json()["enabled"] is True
    finally:
        async with chat.house.house.database.begin() as session:
            await session.execute(update(Membership).values(role=Role.OWNER))
