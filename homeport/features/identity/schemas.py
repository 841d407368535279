"""What goes over the wire about people, workspaces and keys."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from homeport.features.identity.keys import IssuedKey
from homeport.features.identity.tables import ApiKey

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)*")


def _seconds(value: object) -> object:
    return int(value.timestamp()) if isinstance(value, datetime) else value


def _email(text: str) -> str:
    text = text.strip().lower()
    if not _EMAIL.fullmatch(text):
        raise ValueError(f"{text!r} is not an email address")
    return text


def _one_line(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("an empty name was given")
    if not text.isprintable():
        raise ValueError("a name has no line breaks and no control characters")
    return text


#: A moment, as whole seconds since 1970 (UTC).
UnixSeconds = Annotated[int, BeforeValidator(_seconds)]

#: Any writing of an address, turned to lower case.
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]

#: What a person or thing is called: one line.
PersonName = Annotated[str, Field(max_length=60), AfterValidator(_one_line)]

#: Checked by the verb; this only bounds what is read.
Password = Annotated[str, Field(max_length=4096)]


class SetupState(BaseModel):
    """Whether the first administrator exists."""

    step: Literal["not_started", "finished"]
    setup_at: UnixSeconds | None


class SetupRequest(BaseModel):
    """The first administrator."""

    email: Email
    name: PersonName
    password: Password
    language: str = Field("en-US", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")
    init_password: str = Field("", max_length=256, description="Needed when the server has an INIT_PASSWORD.")


class LoginRequest(BaseModel):
    """Email and password."""

    email: Email
    password: Password
    remember_me: bool = True


class Profile(BaseModel):
    """The account that is logged in."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    email: str
    interface_language: str
    timezone: str
    created_at: UnixSeconds


class ProfileChange(BaseModel):
    """What a person may change about themselves."""

    name: PersonName | None = None


class PasswordChange(BaseModel):
    """The current password and the one to come."""

    password: Password
    new_password: Password


class CurrentWorkspace(BaseModel):
    """The workspace a person works in, and their role there."""

    id: str
    name: str
    role: str
    created_at: UnixSeconds
    operates: bool = Field(description="Whether the person may steer the whole installation, such as its jobs.")


class ApiKeyItem(BaseModel):
    """A key; in full only in the answer that makes it."""

    id: str
    type: str
    token: str
    created_at: UnixSeconds
    last_used_at: UnixSeconds | None

    @classmethod
    def masked(cls, key: ApiKey) -> ApiKeyItem:
        """As it is listed."""
        return cls(
            id=key.id,
            type=key.kind,
            token=key.token_hint,
            created_at=_timestamp(key.created_at),
            last_used_at=None if key.last_used_at is None else _timestamp(key.last_used_at),
        )

    @classmethod
    def in_full(cls, key: IssuedKey, kind: Literal["app", "dataset"]) -> ApiKeyItem:
        """As it is shown once."""
        return cls(id=key.id, type=kind, token=key.token, created_at=_timestamp(key.created_at), last_used_at=None)


class ApiKeys(BaseModel):
    """All keys of one app, or of the datasets."""

    data: list[ApiKeyItem]


def _timestamp(moment: datetime) -> int:
    return int(moment.timestamp())
