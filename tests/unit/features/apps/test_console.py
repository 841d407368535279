"""Apps in the console: made, listed, changed, deleted, and the keys that open them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, update

from homeport.features.apps.tables import AppConfig
from homeport.features.chat.tables import Conversation, Message
from homeport.features.identity.roles import Role
from homeport.features.identity.tables import Membership
from homeport.runtime.db.columns import new_id
from tests.support.chat_app import ChatApp, model
from tests.support.job_bench import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOWHERE = "01900000-0000-7000-8000-000000000000"
LISTED = [
    "id",
    "name",
    "description",
    "mode",
    "icon_type",
    "icon",
    "icon_background",
    "enable_site",
    "enable_api",
    "created_at",
    "updated_at",
]


async def new_app(chat: ChatApp, **body: Any) -> dict[str, Any]:
    answer = await chat.console.post("/apps", json={"name": "Helper", "mode": "chat", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_new_app_answers_with_all_there_is_to_it(everywhere: ChatApp) -> None:
    made = await new_app(everywhere, description="Helps.", icon="🐙", icon_background="#FFF")

    assert list(made) == [*LISTED, "model_config"]
    assert (made["name"], made["mode"], made["description"], made["icon"]) == ("Helper", "chat", "Helps.", "🐙")
    assert (made["enable_site"], made["enable_api"], made["icon_type"]) == (True, True, "emoji")
    assert made["model_config"]["model"] is None
    assert made["model_config"]["retriever_resource"] == {"enabled": True}
    assert (await everywhere.console.get(f"/apps/{made['id']}")).json() == made


async def test_apps_are_listed_last_changed_first_in_pages(everywhere: ChatApp) -> None:
    mark = new_id()[-12:]
    ids = [(await new_app(everywhere, name=f"{mark} {number} 100%"))["id"] for number in range(3)]
    await new_app(everywhere, name=f"{mark} 3 1000", mode="completion")
    await everywhere.console.patch(f"/apps/{ids[0]}", json={"description": "changed"})

    first = (await everywhere.console.get("/apps", params={"name": mark.upper(), "limit": 2})).json()
    second = (await everywhere.console.get("/apps", params={"name": mark, "limit": 2, "page": 2})).json()
    beyond = (await everywhere.console.get("/apps", params={"name": mark, "limit": 2, "page": 9})).json()

    assert [one["name"][13] for one in first["data"] + second["data"]] == ["0", "3", "2", "1"]
    assert list(first["data"][0]) == LISTED
    assert [(page["page"], page["total"], page["has_more"]) for page in (first, second, beyond)] == [
        (1, 4, True),
        (2, 4, False),
        (9, 4, False),
    ]
    chats = (await everywhere.console.get("/apps", params={"name": mark, "mode": "completion"})).json()
    assert [one["mode"] for one in chats["data"]] == ["completion"]
    nul = await everywhere.console.get("/apps", params={"name": f"{mark}\x00", "limit": 100})
    assert nul.json()["total"] == 4
    literal = (await everywhere.console.get("/apps", params={"name": "0%", "limit": 100})).json()
    assert {one["name"][-4:] for one in literal["data"]} == {"100%"}


async def test_a_change_keeps_what_it_does_not_name(chat: ChatApp) -> None:
    made = await new_app(chat, description="Helps.")
    path = f"/apps/{made['id']}"

    changed = (await chat.console.patch(path, json={"name": "Other", "enable_site": False})).json()
    assert (changed["name"], changed["description"], changed["enable_site"]) == ("Other", "Helps.", False)
    await chat.console.patch(path, json={"model_config": model("echo") | {"pre_prompt": "A", "agent_mode": {"x": 1}}})
    changed = (await chat.console.patch(path, json={"model_config": {"pre_prompt": "B"}})).json()

    assert changed["model_config"]["pre_prompt"] == "B"
    assert changed["model_config"]["model"]["name"] == "echo"
    assert changed["model_config"]["agent_mode"] == {"x": 1}
    async with chat.house.house.database.read() as session:
        versions = select(func.count()).where(AppConfig.app_id == made["id"])
        assert (await session.execute(versions)).scalar_one() == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "  "},
        {"name": "x" * 101},
        {"name": "A", "mode": "workflow"},
        {"name": "A", "icon": "x" * 256},
        {"name": "A", "description": "x" * 2001},
        {"name": "A", "dataset_ids": [NOWHERE]},
        {"name": "A", "dataset_ids": ["no-uuid"]},
        {"name": "A", "dataset_ids": "none"},
    ],
)
async def test_an_app_that_cannot_be_made_is_refused(everywhere: ChatApp, body: dict[str, Any]) -> None:
    answer = await everywhere.console.post("/apps", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"dataset_configs": {"top_k": 99}}, "app_unavailable"),
        ({"dataset_configs": {"datasets": {"datasets": [{"dataset": {"id": "no-uuid"}}]}}}, "invalid_param"),
        ({"dataset_configs": {"datasets": {"datasets": [{"dataset": {"id": NOWHERE}}]}}}, "invalid_param"),
    ],
)
async def test_a_configuration_that_cannot_run_is_not_saved(
    everywhere: ChatApp, document: dict[str, Any], code: str
) -> None:
    made = await new_app(everywhere)
    path = f"/apps/{made['id']}"

    answer = await everywhere.console.patch(path, json={"model_config": document, "name": "Changed"})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await everywhere.console.get(path)).json() == made


async def test_a_knowledge_base_counts_the_apps_that_use_it(everywhere: ChatApp) -> None:
    body = {"name": new_id(), "indexing_technique": "economy"}
    dataset = (await everywhere.console.post("/datasets", json=body)).json()["id"]
    made = await new_app(everywhere, dataset_ids=[dataset])

    assert made["model_config"]["dataset_configs"]["datasets"]["datasets"] == [
        {"dataset": {"id": dataset, "enabled": True}}
    ]
    assert (await everywhere.console.get(f"/datasets/{dataset}")).json()["app_count"] == 1
    refused = await everywhere.console.delete(f"/datasets/{dataset}")
    assert (refused.status_code, refused.json()["code"]) == (409, "dataset_in_use")

    assert (await everywhere.console.delete(f"/apps/{made['id']}")).status_code == 204
    assert (await everywhere.console.get(f"/datasets/{dataset}")).json()["app_count"] == 0


async def test_a_deleted_app_takes_everything_along(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    said = (await app.ask()).json()
    await app.client.post(f"/messages/{said['id']}/feedbacks", json={"user": "ann", "rating": "like"})

    assert (await everywhere.console.delete(f"/apps/{app.id}")).status_code == 204

    assert (await everywhere.console.get(f"/apps/{app.id}")).status_code == 404
    assert (await app.client.get("/parameters")).status_code == 401

    async def all_gone() -> bool:
        counts = [select(func.count()).where(table.app_id == app.id) for table in (AppConfig, Conversation, Message)]
        async with everywhere.house.house.database.read() as session:
            return sum([(await session.execute(left)).scalar_one() for left in counts]) == 0

    await until(all_gone)  # by a job


async def test_keys_are_shown_once_listed_masked_and_revoked_at_once(chat: ChatApp) -> None:
    app = await chat.add_app()
    path = f"/apps/{app.id}/api-keys"

    made = (await chat.console.post(path)).json()
    assert made["token"].startswith("app-")
    assert len(made["token"]) == 28
    listed = (await chat.console.get(path)).json()["data"]
    assert {one["type"] for one in listed} == {"app"}
    assert made["token"] not in str(listed)

    assert (await app.client.get("/info")).status_code == 200
    for one in listed:
        assert (await chat.console.delete(f"{path}/{one['id']}")).status_code == 204
    assert (await app.client.get("/info")).status_code == 401
    assert (await chat.console.delete(f"{path}/{made['id']}")).status_code == 404


async def test_an_app_has_at_most_ten_keys(chat: ChatApp) -> None:
    app = await chat.add_app()
    path = f"/apps/{app.id}/api-keys"

    statuses = [(await chat.console.post(path)).status_code for _ in range(10)]

    assert statuses == [201] * 9 + [400]
    assert (await chat.console.post(path)).json()["code"] == "max_keys_exceeded"


async def test_who_may_only_read_cannot_change(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    path = f"/apps/{app.id}"
    async with chat.house.house.database.begin() as session:
        await session.execute(update(Membership).values(role=Role.NORMAL))

    try:
        changes = [
            await chat.console.post("/apps", json={"name": "A"}),
            await chat.console.patch(path, json={"name": "A"}),
            await chat.console.delete(path),
            await chat.console.post(f"{path}/api-keys"),
            await chat.console.put("/default-models", json={}),
            await chat.console.put("/model-providers/openai", json={"api_key": "x"}),
            await chat.console.delete("/model-providers/openai"),
        ]
        assert {(one.status_code, one.json()["code"]) for one in changes} == {(403, "forbidden")}
        assert (await chat.console.get(path)).status_code == 200
        assert (await chat.console.post(f"{path}/chat-messages", json={"query": "Hi"})).status_code == 200
    finally:
        async with chat.house.house.database.begin() as session:
            await session.execute(update(Membership).values(role=Role.OWNER))
