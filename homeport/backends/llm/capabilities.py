"""What a driver for models can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Abilities of one driver, known before it is opened."""

    #: Answers conversations.
    chat: bool
    #: Turns texts into vectors.
    embed: bool
    #: Writes answers of its own, so a prompt is worth making; otherwise it only quotes the passages of the request.
    generates: bool
    #: Sends what it is given to another program or machine.
    remote: bool
