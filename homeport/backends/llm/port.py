"""What a language model provider does: stream a chat answer, embed texts, list its models, check an account.

Three things, from the process to the request: a `Driver` is opened once per process and owns connections; told
an `Account` it gives a `Provider`, which is cheap, holds nothing and may be made per request; a provider answers
chats and gives an `Embedder` for a model. Every method may raise the errors of `homeport.backends.llm.errors`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from homeport.backends.llm.capabilities import Capabilities

Role = Literal["system", "user", "assistant"]
EmbedKind = Literal["document", "query"]
ModelType = Literal["llm", "text-embedding"]


@dataclass(frozen=True, slots=True)
class Account:
    """Where a provider is reached and with which key.

    `provider` is the name shown to people, `driver` the folder that speaks to it; an empty `base_url` means that
    the driver needs none.
    """

    provider: str
    driver: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: The checked address of `base_url`'s host; connections go there and the name is not asked for again.
    connect_to: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved piece of text; `position` is the number it is cited by, from 1."""

    text: str
    title: str = ""
    position: int = 1


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked.

    `parameters` are the established names (temperature, top_p, max_tokens, stop, presence_penalty, ...), sent as
    they are. `passages` are for drivers that quote instead of generate; to all others the messages carry the
    context already. `user` is an opaque id of the person for the provider's abuse detection.
    """

    model: str
    messages: Sequence[Message]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    user: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `estimated` when the provider did not count them itself."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer: everything that arrived in one network read, so perhaps several tokens.

    `reasoning` is what a model thought aloud, apart from its answer. `finish_reason` (`stop`, `length`, ...) and
    `usage` come at the end; `text` may be empty there.
    """

    text: str
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer."""

    text: str
    usage: Usage
    finish_reason: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model a provider offers; `context_size` in tokens, None when the provider does not tell."""

    name: str
    type: ModelType
    context_size: int | None = None


class ChatModel(Protocol):
    """Answers conversations."""

    def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """Yield the answer as it comes; `finish_reason` and `usage` have both been carried by its end.

        Closing the generator early (`aclose`, or the task's cancellation) closes the connection, so the provider
        stops generating. An answer cut off by the provider raises `Unavailable` after the pieces that came.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors with one model."""

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def dimension(self) -> int | None:
        """Numbers per vector; None until the first answer of a remote model."""
        ...

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> list[list[float]]:
        """One vector per text, in the order of `texts`; nothing for nothing. Any number of texts."""
        ...


class Provider(ChatModel, Protocol):
    """One account at one provider. Cheap to make; holds no connection of its own."""

    @property
    def capabilities(self) -> Capabilities:
        """What this provider can do; the rest raises `Unsupported`."""
        ...

    def embedder(self, model: str) -> Embedder:
        """The embedder of `model`; an unknown name shows at its first call."""
        ...

    async def list_models(self) -> list[ModelInfo]:
        """The models this account may use, sorted by name."""
        ...

    async def check(self) -> None:
        """Prove address and key with one call that costs nothing; raises what is wrong."""
        ...


class Driver(Protocol):
    """One way to speak to models, opened once per process; owns the connections that its providers share."""

    def connect(self, account: Account) -> Provider:
        """A provider for this account; no network traffic. `Misconfigured` for an unusable account."""
        ...

    async def close(self) -> None:
        """Close all connections; running streams end."""
        ...
