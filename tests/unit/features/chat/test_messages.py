"""The messages of a conversation, what people think of them, and what may be asked next."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from homeport.features.chat.suggest import read_questions
from tests.support.chat_app import App, ChatApp, model
from tests.support.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOWHERE = "01900000-0000-7000-8000-000000000000"


async def read(app: App, conversation: str, **query: Any) -> dict[str, Any]:
    asked = {"user": "ann", "conversation_id": conversation, **query}
    answer = await app.client.get("/messages", params=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert list(body) == ["limit", "has_more", "data"]
    return body


async def rate(app: App, message: str, **body: Any) -> httpx.Response:
    return await app.client.post(f"/messages/{message}/feedbacks", json={"user": "ann", **body})


async def rating(app: App, said: dict[str, Any]) -> Any:
    return (await read(app, said["conversation_id"]))["data"][0]["feedback"]


async def test_a_message_has_the_keys_of_the_contract(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    said = (await app.ask("Hello?")).json()

    [one] = (await read(app, said["conversation_id"]))["data"]

    assert list(one) == [
        "id",
        "conversation_id",
        "parent_message_id",
        "inputs",
        "query",
        "answer",
        "feedback",
        "retriever_resources",
        "created_at",
        "agent_thoughts",
        "message_files",
        "status",
        "error",
    ]
    assert one["parent_message_id"] == "00000000-0000-0000-0000-000000000000"
    assert (one["query"], one["answer"], one["status"], one["error"]) == ("Hello?", "Hello?", "normal", None)
    assert (one["feedback"], one["agent_thoughts"], one["message_files"]) == (None, [], [])


async def test_messages_are_walked_backwards_and_each_page_goes_forwards(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    said = (await app.ask("0")).json()
    conversation = said["conversation_id"]
    answers = [await app.ask(str(number), conversation_id=conversation) for number in range(1, 5)]
    ids = [said["id"], *(answer.json()["id"] for answer in answers)]

    last = await read(app, conversation, limit=2)
    middle = await read(app, conversation, limit=2, first_id=last["data"][0]["id"])
    first = await read(app, conversation, limit=2, first_id=middle["data"][0]["id"])

    pages = [[one["query"] for one in page["data"]] for page in (last, middle, first)]
    assert pages == [["3", "4"], ["1", "2"], ["0"]]
    assert [page["has_more"] for page in (last, middle, first)] == [True, True, False]
    assert [one["parent_message_id"] for one in middle["data"]] == [ids[0], ids[1]]


async def test_the_cursor_and_the_conversation_must_be_ones_own(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    said, elsewhere = (await app.ask()).json(), (await app.ask()).json()
    conversation = said["conversation_id"]

    for cursor in (NOWHERE, elsewhere["id"]):
        query = {"user": "ann", "conversation_id": conversation, "first_id": cursor}
        answer = await app.client.get("/messages", params=query)
        assert (answer.status_code, answer.json()["message"]) == (404, "First Message Not Exists.")
    unknown = await app.client.get("/messages", params={"user": "ann", "conversation_id": NOWHERE})
    assert (unknown.status_code, unknown.json()["message"]) == (404, "Conversation Not Exists.")
    assert (await read(app, ""))["data"] == []
    for wrong in ({}, {"conversation_id": "x"}, {"conversation_id": conversation, "first_id": "x"}):
        answer = await app.client.get("/messages", params={"user": "ann", **wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_param"), wrong


async def test_a_failed_answer_is_listed_with_its_error(chat: ChatApp) -> None:
    app = await chat.add_app(model("fail-401"))
    events = await app.stream()

    [one] = (await read(app, events.last["conversation_id"]))["data"]

    assert (one["status"], one["answer"]) == ("error", "")
    assert "refused the API key" in one["error"]


async def test_a_rating_is_given_changed_and_taken_back(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    said = (await app.ask()).json()
    done = (200, {"result": "success"})

    for given in ("like", "dislike"):
        answer = await rate(app, said["id"], rating=given, content="because")
        assert (answer.status_code, answer.json()) == done
        assert await rating(app, said) == {"rating": given}
    [one] = (await app.client.get("/app/feedbacks")).json()["data"]
    assert list(one) == [
        "id",
        "app_id",
        "conversation_id",
        "message_id",
        "rating",
        "content",
        "from_source",
        "from_end_user_id",
        "from_account_id",
        "created_at",
        "updated_at",
    ]
    assert (one["rating"], one["content"], one["from_source"], one["from_account_id"]) == (
        "dislike",
        "because",
        "user",
        None,
    )
    assert "T" in one["created_at"]
    assert not one["created_at"].endswith("Z")

    answer = await rate(app, said["id"], rating=None)
    assert (answer.status_code, answer.json()) == done
    assert await rating(app, said) is None
    again = await rate(app, said["id"], rating=None)
    assert (again.status_code, again.json()["code"]) == (400, "invalid_param")


async def test_a_rating_must_be_one_and_name_a_message_and_a_user(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    said = (await app.ask()).json()

    assert (await rate(app, said["id"], rating="meh")).status_code == 400
    assert (await rate(app, said["id"], rating="like", user="")).json()["message"] == "Arg user must be provided."
    unknown = await rate(app, NOWHERE, rating="like")
    assert (unknown.status_code, unknown.json()["message"]) == (404, "Message Not Exists.")


async def test_ratings_of_an_app_are_paged_newest_first(everywhere: ChatApp) -> None:
    app = await everywhere.add_app(model("echo"))
    said = [(await app.ask()).json() for _ in range(3)]
    for one in said:
        await rate(app, one["id"], rating="like")

    first = (await app.client.get("/app/feedbacks", params={"limit": 2})).json()["data"]
    second = (await app.client.get("/app/feedbacks", params={"limit": 2, "page": 2})).json()["data"]

    assert [one["message_id"] for one in first + second] == [one["id"] for one in reversed(said)]
    assert (await app.client.get("/app/feedbacks", params={"limit": 102})).status_code == 400


async def test_completions_are_rated_too(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"), mode="completion")
    body = {"inputs": {}, "query": "Hi", "user": "ann"}
    said = (await app.client.post("/completion-messages", json=body)).json()

    assert (await rate(app, said["message_id"], rating="like")).status_code == 200


async def test_next_questions_are_suggested_by_the_model_when_switched_on(chat: ChatApp, models: ModelServer) -> None:
    switch = {"suggested_questions_after_answer": {"enabled": True}}
    app = await chat.add_app(model("echo") | switch)
    said = (await app.ask("What is it?")).json()
    models.calls.clear()

    answer = await app.client.get(f"/messages/{said['id']}/suggested", params={"user": "ann"})

    # the echoing model repeats the example of the instruction
    assert answer.json() == {"result": "success", "data": ["…", "…", "…"]}
    [call] = models.calls_to("/chat/completions")
    assert [one["content"] for one in call.body["messages"]][:2] == ["What is it?", "What is it?"]
    unknown = await app.client.get(f"/messages/{NOWHERE}/suggested", params={"user": "ann"})
    assert (unknown.status_code, unknown.json()["message"]) == (404, "Message Not Exists.")
    others = await app.client.get(f"/messages/{said['id']}/suggested", params={"user": "bob"})
    assert others.status_code == 404


async def test_suggestions_that_are_off_are_a_bad_request(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    said = (await app.ask()).json()

    answer = await app.client.get(f"/messages/{said['id']}/suggested", params={"user": "ann"})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_nothing_is_suggested_without_a_model(chat: ChatApp) -> None:
    switch = {"suggested_questions_after_answer": {"enabled": True}}
    app = await chat.add_app(model("extractive", "homeport/extractive") | switch)
    said = (await app.ask()).json()

    answer = await app.client.get(f"/messages/{said['id']}/suggested", params={"user": "ann"})

    assert answer.json() == {"result": "success", "data": []}


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('Here you are:\n```json\n["Why [1]?", " b ", "c", "d"]\n```', ["Why [1]?", "b", "c"]),
        ('As [1] says: ["a"]', ["a"]),
        ("[1, 2, 3]", []),
        ('["a", {"b": 1}, ""]', ["a"]),
        ("no list", []),
        ("[broken", []),
        ("[" * 100_000, []),
        ("", []),
    ],
)
async def test_questions_are_read_from_whatever_a_model_says(text: str, questions: list[str]) -> None:
    assert read_questions(text) == questions
