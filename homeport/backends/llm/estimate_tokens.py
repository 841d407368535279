"""Guess how many tokens a text has, for providers that do not count."""

from __future__ import annotations

from homeport.backends.llm.port import ChatRequest, Usage

#: Tokens a message costs besides its text: role and separators.
_PER_MESSAGE = 4


def estimate_tokens(text: str) -> int:
    """About a quarter of the ASCII characters and one per other character, which is right within a third or so."""
    plain = len(text.encode("ascii", "ignore"))
    return (plain + 3) // 4 + len(text) - plain


def estimate_usage(request: ChatRequest, answer: str) -> Usage:
    """The usage of a call whose provider told none."""
    prompt = sum(estimate_tokens(message.content) + _PER_MESSAGE for message in request.messages)
    completion = estimate_tokens(answer)
    return Usage(prompt, completion, prompt + completion, estimated=True)
