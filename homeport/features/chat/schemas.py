"""What goes over the wire about conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, StringConstraints

from homeport.features.chat.tables import Conversation, Feedback, Message
from homeport.runtime.http.body import RequestBody, without_unstorable

NOBODY = "00000000-0000-0000-0000-000000000000"


def _blank(value: Any) -> Any:
    return None if value == "" else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) else value


OptionalId = Annotated[UUID | None, BeforeValidator(_blank)]
#: Whom the client asks for; a number counts as its text.
User = Annotated[str | None, BeforeValidator(_text)]
Rating = Literal["like", "dislike"]
#: What a person or a program wrote, without what cannot be stored.
Query = Annotated[str, BeforeValidator(without_unstorable)]
Asked = Annotated[str, StringConstraints(min_length=1), BeforeValidator(without_unstorable)]
Inputs = Annotated[dict[str, Any], BeforeValidator(without_unstorable)]
ResponseMode = Literal["blocking", "streaming"] | None


class ChatRequest(BaseModel):
    """The body of `POST /chat-messages`; unknown fields are ignored."""

    inputs: Inputs
    query: Asked
    response_mode: ResponseMode = None
    conversation_id: OptionalId = None
    user: User = None
    files: list[dict[str, Any]] | None = None
    auto_generate_name: bool = True
    retriever_from: str = "dev"
    trace_id: str | None = None


class CompletionRequest(BaseModel):
    """The body of `POST /completion-messages`."""

    inputs: Inputs
    query: Query = ""
    response_mode: ResponseMode = None
    user: User = None
    files: list[dict[str, Any]] | None = None
    retriever_from: str = "dev"
    trace_id: str | None = None


class ConsoleChat(BaseModel):
    """A question from the console."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=100_000), BeforeValidator(without_unstorable)]
    conversation_id: OptionalId = None
    inputs: Inputs = {}


class ConsoleCompletion(BaseModel):
    """Inputs for a completion app, from the console."""

    inputs: Inputs = {}


class UserBody(BaseModel):
    """A body that only tells who asks."""

    user: User = None


class FeedbackBody(RequestBody):
    """What somebody thinks of an answer; null takes it back."""

    rating: Rating | None = None
    content: str | None = None
    user: User = None


class NameBody(RequestBody):
    """A new name for a conversation, or the wish for one."""

    user: User = None
    name: Annotated[str, StringConstraints(max_length=255)] | None = None
    auto_generate: bool = False


class ConversationItem(BaseModel):
    """A conversation in a list."""

    id: str
    name: str
    inputs: dict[str, Any]
    status: str
    introduction: str
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, row: Conversation) -> ConversationItem:
        """From a row."""
        return cls(
            id=row.id,
            name=row.name,
            inputs=row.inputs,
            status=row.status,
            introduction=row.introduction,
            created_at=int(row.created_at.timestamp()),
            updated_at=int(row.updated_at.timestamp()),
        )


class Rated(BaseModel):
    """The asker's own rating."""

    rating: Rating


class MessageItem(BaseModel):
    """A question and its answer."""

    id: str
    conversation_id: str
    parent_message_id: str
    inputs: dict[str, Any]
    query: str
    answer: str
    feedback: Rated | None
    retriever_resources: list[dict[str, Any]]
    created_at: int
    agent_thoughts: list[Any] = []
    message_files: list[Any] = []
    status: Literal["normal", "error"]
    error: str | None

    @classmethod
    def of(cls, row: Message, rating: str | None) -> MessageItem:
        """From a row and the asker's rating."""
        return cls.model_validate(
            {
                "id": row.id,
                "conversation_id": row.conversation_id,
                "parent_message_id": row.parent_message_id or NOBODY,
                "inputs": row.inputs,
                "query": row.query,
                "answer": row.answer,
                "feedback": {"rating": rating} if rating else None,
                "retriever_resources": row.resources,
                "created_at": int(row.created_at.timestamp()),
                "status": "error" if row.status == "error" else "normal",
                "error": row.error,
            }
        )


class FeedbackItem(BaseModel):
    """A rating, as an app's owner sees it."""

    id: str
    app_id: str
    conversation_id: str
    message_id: str
    rating: str
    content: str | None
    from_source: str
    from_end_user_id: str | None
    from_account_id: str | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: Feedback) -> FeedbackItem:
        """From a row."""
        by_user = row.from_source == "api"
        return cls(
            id=row.id,
            app_id=row.app_id,
            conversation_id=row.conversation_id,
            message_id=row.message_id,
            rating=row.rating,
            content=row.content,
            from_source="user" if by_user else "admin",
            from_end_user_id=row.person if by_user else None,
            from_account_id=None if by_user else row.person,
            created_at=_iso(row.created_at),
            updated_at=_iso(row.updated_at),
        )


class Feedbacks(BaseModel):
    """Ratings of an app's answers."""

    data: list[FeedbackItem]


class Suggestions(BaseModel):
    """Questions a person may ask next."""

    result: str = "success"
    data: list[str]


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()
