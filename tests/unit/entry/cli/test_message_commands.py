"""An operator deletes the messages of a time: counted and asked before, the rest left alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from homeport.features.chat.tables import Conversation, Message
from homeport.runtime.db.columns import new_id
from tests.support.commands import Outcome, Place, do

TIME = ("--start-from", "2024-01-01", "--end-before", "2025-01-01")
IDS = [new_id() for _ in range(4)]
ASKED = [
    datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 6, 1, tzinfo=UTC),
    datetime(2025, 1, 1, tzinfo=UTC),
]


async def _fill(place: Place) -> None:
    """Four messages in conversations of their own, two of them of 2024."""
    whose = {"app_id": new_id(), "from_source": "api", "end_user_id": new_id()}
    async with place.database() as database, database.begin() as session:
        for message, asked in zip(IDS, ASKED, strict=True):
            session.add(Conversation(id=message, name="", created_at=asked, updated_at=asked, **whose))
        await session.flush()
        for message, asked in zip(IDS, ASKED, strict=True):
            session.add(
                Message(
                    id=message,
                    conversation_id=message,
                    config_id=new_id(),
                    query="",
                    status="normal",
                    created_at=asked,
                    **whose,
                )
            )


def left(place: Place) -> list[int]:
    return [do(place.scalars(f"SELECT count(*) FROM {table}"))[0] for table in ("messages", "conversations")]


@pytest.fixture
def filled(any_place: Place) -> Place:
    """On each engine."""
    assert any_place.homeport("upgrade-db").status == 0
    do(_fill(any_place))
    return any_place


def test_messages_of_the_time_go_with_their_conversations_and_no_others(filled: Place) -> None:
    dry = filled.homeport("clean-expired-messages", *TIME, "--dry-run")
    assert dry == Outcome(0, "2 messages would be deleted.\n", "")
    refused = filled.homeport("clean-expired-messages", *TIME, answers="n\n")
    assert (refused.status, "Delete 2 messages for good?" in refused.out) == (1, True)
    assert left(filled) == [4, 4]

    done = filled.homeport("clean-expired-messages", *TIME, "--batch-size", "1", "--graceful-period", "0", "--yes")

    assert done == Outcome(0, "2 messages deleted.\n", "")
    assert left(filled) == [2, 2]
    again = filled.homeport("clean-expired-messages", *TIME)
    assert again == Outcome(0, "No messages deleted.\n", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (TIME[:2], "Missing option '--end-before'"),
        (TIME[2:], "Missing option '--start-from'"),
        (("--start-from", "2025-01-01", "--end-before", "2024-01-01"), "must lie before"),
        (("--start-from", "yesterday", "--end-before", "2024-01-01"), "'yesterday' does not match the formats"),
        ((*TIME, "--batch-size", "0"), "0 is not in the range"),
    ],
)
def test_a_time_that_is_none_is_refused(place: Place, arguments: tuple[str, ...], sentence: str) -> None:
    done = place.homeport("clean-expired-messages", *arguments)
    assert (done.status, done.out) == (2, "")
    assert sentence in done.err
