"""A person's conversations: listed, named, deleted; invisible to everybody else."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.chat_app import App, ChatApp, model

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOWHERE = "01900000-0000-7000-8000-000000000000"
KEYS = ["id", "name", "inputs", "status", "introduction", "created_at", "updated_at"]


async def listed(app: App, user: str = "ann", **query: Any) -> dict[str, Any]:
    answer = await app.client.get("/conversations", params={"user": user, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert list(body) == ["limit", "has_more", "data"]
    return body


def names(page: dict[str, Any]) -> list[str]:
    return [one["name"] for one in page["data"]]


def told(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["code"], body["message"]


async def test_a_conversation_is_listed_with_the_keys_of_the_contract(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo") | {"opening_statement": "Welcome!"})
    asked = (await app.ask("What  is\nthe matter?")).json()

    page = await listed(app)

    assert (page["limit"], page["has_more"]) == (20, False)
    [one] = page["data"]
    assert list(one) == KEYS
    assert one["id"] == asked["conversation_id"]
    assert one["name"] == "What is the matter?"
    assert (one["inputs"], one["status"], one["introduction"]) == ({}, "normal", "Welcome!")
    assert asked["created_at"] == one["created_at"] == one["updated_at"]


async def test_conversations_are_walked_by_cursor_in_every_order(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    ids = [(await app.ask(f"Question {number}")).json()["conversation_id"] for number in range(5)]
    await app.ask("Again", conversation_id=ids[1])  # now used last

    expected = {
        "created_at": [0, 1, 2, 3, 4],
        "-created_at": [4, 3, 2, 1, 0],
        "updated_at": [0, 2, 3, 4, 1],
        "-updated_at": [1, 4, 3, 2, 0],
    }
    for sort_by, order in expected.items():
        walked: list[str] = []
        query: dict[str, Any] = {"limit": 2, "sort_by": sort_by}
        while True:
            page = await listed(app, **query)
            walked += [one["id"] for one in page["data"]]
            if not page["has_more"]:
                break
            query["last_id"] = walked[-1]
        assert walked == [ids[number] for number in order], sort_by
    assert names(await listed(app)) == [f"Question {number}" for number in expected["-updated_at"]]


async def test_a_conversation_keeps_the_inputs_it_began_with(chat: ChatApp) -> None:
    form = [{"text-input": {"variable": "town", "label": "Town", "required": True}}]
    app = await chat.add_app(model("echo") | {"user_input_form": form, "pre_prompt": "You live in {{town}}."})
    conversation = (await app.ask(inputs={"town": "Ulm", "other": 1})).json()["conversation_id"]

    again = await app.ask(inputs={"town": "Bonn"}, conversation_id=conversation)

    assert again.status_code == 200
    assert (await listed(app))["data"][0]["inputs"] == {"town": "Ulm"}


async def test_an_empty_conversation_id_begins_a_new_one(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))

    for nothing in ("", None):
        assert (await app.ask(conversation_id=nothing)).status_code == 200

    assert len((await listed(app))["data"]) == 2


async def test_a_conversation_is_named_after_its_first_question_unless_the_client_says_no(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    await app.ask("A question that goes on and on, longer than any name of a conversation may ever be")
    await app.ask("Unnamed", auto_generate_name=False)
    await app.ask("   ")

    assert names(await listed(app)) == [
        "New conversation",
        "New conversation",
        "A question that goes on and on, longer than any name of a…",
    ]


async def test_others_see_and_change_nothing(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    other = await everywhere.add_app(model("echo"))
    said = (await app.ask()).json()
    mine, message = said["conversation_id"], said["message_id"]
    gone = (404, "not_found", "Conversation Not Exists.")

    for client, user in ((app.client, "bob"), (other.client, "ann")):
        assert (await client.get("/conversations", params={"user": user})).json()["data"] == []
        asked = {"inputs": {}, "query": "Hi", "user": user, "conversation_id": mine}
        assert told(await client.post("/chat-messages", json=asked)) == gone
        asked["response_mode"] = "streaming"
        assert told(await client.post("/chat-messages", json=asked)) == gone
        assert told(await client.get("/messages", params={"user": user, "conversation_id": mine})) == gone
        renamed = await client.post(f"/conversations/{mine}/name", json={"user": user, "name": "Stolen"})
        assert told(renamed) == gone
        assert told(await client.delete(f"/conversations/{mine}", params={"user": user})) == gone
        rated = await client.post(f"/messages/{message}/feedbacks", json={"user": user, "rating": "like"})
        assert told(rated) == (404, "not_found", "Message Not Exists.")
    assert names(await listed(app)) == ["Hello?"]


async def test_without_a_user_the_apps_one_anonymous_user_is_meant(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    await app.ask()

    answer = await app.client.get("/conversations")

    assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.parametrize("place", ["body", "query"])
async def test_a_deleted_conversation_is_gone_with_its_messages(everywhere: ChatApp, place: str) -> None:
    app = await everywhere.add_app(model("echo"))
    said = (await app.ask()).json()
    path = f"/conversations/{said['conversation_id']}"
    await app.client.post(f"/messages/{said['message_id']}/feedbacks", json={"user": "ann", "rating": "like"})

    user: dict[str, Any] = {"json" if place == "body" else "params": {"user": "ann"}}
    deleted = await app.client.request("DELETE", path, **user)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await listed(app))["data"] == []
    assert (await app.client.get("/app/feedbacks")).json()["data"] == []
    assert told(await app.client.request("DELETE", path, **user)) == (404, "not_found", "Conversation Not Exists.")


async def test_a_conversation_is_renamed_by_hand_or_after_its_first_question(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    conversation = (await app.ask("First question")).json()["conversation_id"]
    await app.ask("Second question", conversation_id=conversation)
    path = f"/conversations/{conversation}/name"

    answer = await app.client.post(path, json={"user": "ann", "name": "  By hand "})
    assert answer.status_code == 200
    assert list(answer.json()) == KEYS
    assert answer.json()["name"] == "By hand"

    answer = await app.client.post(path, json={"user": "ann", "auto_generate": True})
    assert answer.json()["name"] == "First question"

    blank: list[dict[str, Any]] = [{}, {"name": ""}, {"name": "  "}, {"name": None, "auto_generate": False}]
    for body in blank:
        answer = await app.client.post(path, json={"user": "ann", **body})
        assert told(answer)[:2] == (400, "invalid_param")
    assert told(await app.client.post(path, json={"user": "ann", "name": "x" * 256}))[0] == 400


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"sort_by": "name"}, {"last_id": "no-uuid"}],
)
async def test_a_wrong_query_is_refused(chat: ChatApp, query: dict[str, Any]) -> None:
    app = await chat.add_app(model("echo"))

    answer = await app.client.get("/conversations", params={"user": "ann", **query})

    assert told(answer)[:2] == (400, "invalid_param")
    assert answer.json()["message"].startswith(next(iter(query)))


async def test_an_unknown_cursor_is_not_found_and_unknown_keys_are_ignored(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    await app.ask()

    answer = await app.client.get("/conversations", params={"user": "ann", "last_id": NOWHERE})
    assert told(answer) == (404, "not_found", "Last Conversation Not Exists.")
    assert len((await listed(app, first_id="x", pinned="true", last_id=""))["data"]) == 1
